import type { Lease, Move } from './control-record.ts';
import { siteOfEpoch } from './deployment.ts';
import type { Deployment } from './deployment.ts';
import { isOfMove } from './lease.ts';
import type { Standing } from './standing.ts';

/**
 * How far the control record of a site can be had: `there`; `absent`: S3 answers, but it is missing or damaged; `hidden`
 * by rights or throttling; `dark`: its Region does not answer.
 */
export type Reach = 'there' | 'absent' | 'hidden' | 'dark';

export interface StandingCase {
  readonly deployment: Deployment;
  readonly standing: Standing;
  readonly reach: readonly [Reach, Reach];
  /** Whether each site could restore a whole snapshot of what was active last; `undefined`, or not given: not known. */
  readonly restorable?: readonly [boolean | undefined, boolean | undefined];
}

/**
 * What records and heartbeats say of who is active when that is not simply one site. `moving`: a move is under way and
 * its run lives. `stopped`: no DAG of the user may run anywhere, and nobody works on it. `unclear`: an epoch was claimed
 * for a site that cannot be seen. `unconfirmed`: a move has come to its end, but for its confirmation.
 */
export interface Trouble {
  readonly kind: 'moving' | 'stopped' | 'unclear' | 'unconfirmed';
  /** In words that go on after "because". */
  readonly why: string;
}

export function troubleOf({ deployment, standing, reach }: StandingCase): Trouble | undefined {
  const { record, move, nobodyActive } = standing;
  const claim = claimOf(standing);
  const run = runOf(standing);
  // A move that has claimed nothing yet is not why nobody is active: it may be the one that ends this.
  if (run !== undefined && (claim !== undefined || !nobodyActive))
    return { kind: 'moving', why: movingWords(move, run.expiresAt) };
  if (claim === undefined && !nobodyActive) return undefined;
  const winner = siteOfEpoch(record.epoch);
  if (record.phase === 'claimed' && ['dark', 'hidden'].includes(reach[winner])) {
    const { region } = deployment.sites[winner];
    const why = `epoch ${record.epoch} was claimed for ${region}, and whether it is active there cannot be seen`;
    return { kind: 'unclear', why };
  }
  if (claim === undefined || (record.phase === 'activated' && nobodyActive))
    return { kind: 'stopped', why: nobodyWords(deployment, standing) };
  return { kind: record.phase === 'claimed' ? 'stopped' : 'unconfirmed', why: standsWords(claim) };
}

/** The lease of a move, while somebody works on it. */
export const runOf = ({ lease }: Standing): Lease | undefined =>
  lease !== undefined && isOfMove(lease) ? lease : undefined;

/** The claimed move that lives. */
export const claimOf = ({ isClaimed, move }: Standing): Move | undefined => (isClaimed ? move : undefined);

const movingWords = (move: Move | undefined, until: string): string =>
  move === undefined
    ? `a move is being prepared; its run holds the lease until ${until}`
    : `${move.id} to ${move.to} is under way and has come to ${move.step}; its run holds the lease until ${until}`;

export const standsWords = ({ id, to, step }: Move): string =>
  `${id} to ${to} stands at ${step}, and no run works on it any more`;

export function nobodyWords({ sites }: Deployment, { record, roles, beats }: Standing): string {
  const epoch = beats[roles.active]?.epoch ?? record.epoch;
  return `nobody is active: ${sites[roles.active].region} itself says that it is a standby, in epoch ${epoch}`;
}
