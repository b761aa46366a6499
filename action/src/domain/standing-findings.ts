import type { Move } from './control-record.ts';
import { otherSite } from './deployment.ts';
import type { Deployment, SiteIndex } from './deployment.ts';
import type { Permission } from './move-permission.ts';
import { staleAfter } from './reading.ts';
import type { Finding } from './results.ts';
import type { Standing } from './standing.ts';
import { claimOf, nobodyWords, runOf, standsWords, troubleOf } from './trouble.ts';
import type { StandingCase, Trouble } from './trouble.ts';

/**
 * What a verdict says of the active site: a `dead` one has to be left, so that a move to it is not worth its
 * confirmation.
 */
export type Life = 'alive' | 'dead' | 'unknown';

/**
 * What records and heartbeats make somebody act on. `permission`: what a move away from the active site needs now;
 * `life`: without a verdict only its beat can tell. `useless`: of both sites, whether {@link isUselessBy}; nobody was asked
 * when it is not given.
 */
export function standingFindings(
  facts: StandingCase,
  permission: Permission,
  life?: Life,
  useless: readonly [boolean, boolean] = [false, false],
): readonly Finding[] {
  const { deployment, standing } = facts;
  const trouble = troubleOf(facts);
  if (trouble === undefined || runOf(standing) !== undefined) return [];
  const claim = claimOf(standing);
  const isUnconfirmed = trouble.kind === 'unconfirmed';
  const isOpen = isUnconfirmed && (life === undefined || life === 'alive') && !beatsStill(facts, standing.roles.active);
  const isOver = isUnconfirmed && life === 'dead';
  const command = isOpen ? undefined : commandOf(facts, claim, permission, isOver, useless);
  const findings: Finding[] = [];
  if (standing.nobodyActive)
    findings.push({ name: 'nobody-active', message: nobodyMessage(deployment, standing), command });
  if (claim !== undefined) {
    const message = standsMessage(facts, claim, trouble);
    const how = life === undefined ? ASK_CHECK : AWAIT_BEAT;
    const site = deployment.sites[0].region === claim.to ? 0 : 1;
    const isStuck = standing.record.phase === 'claimed' && useless[site] && !canBeLeft(facts, site, useless);
    const more = isOpen ? `. ${how}` : isStuck ? `. ${BRING_BACK(deployment.sites[site].environment)}` : '';
    findings.push({ name: 'move-stands', message: `${message}${more}`, command });
  }
  return findings;
}

const BRING_BACK = (environment: string): string =>
  `Neither side can be used. Bring ${environment} back in the MWAA console: what the move has ordered there waits, and starts by itself; then \`check\` says what is left to do`;

const ASK_CHECK = 'It does not beat: `check` says whether the move can be closed, or its target has to be left';

/** A failover would wait for that beat in vain, again and again. */
const AWAIT_BEAT =
  'It lives, but does not beat: its canary waits for a worker, or is paused. Once it beats, `check` prints the command that closes the move; nothing else is missing';

const beatsStill = ({ deployment, standing }: StandingCase, site: SiteIndex): boolean =>
  (standing.beats[site]?.ageMilliseconds ?? Infinity) <= staleAfter(deployment);

/** What a move needs as far as records and heartbeats alone tell, as long as they tell of trouble. */
export const permissionBy = (facts: StandingCase): Permission =>
  troubleOf(facts)?.kind === 'unclear' ? 'force' : 'confirm';

/** Lines about a move that is under way, and about what the last one still waits for; not findings. */
export function standingNotes(facts: StandingCase): readonly string[] {
  const trouble = troubleOf(facts);
  return [...(trouble?.kind === 'moving' ? [trouble.why] : []), ...lateNotes(facts)];
}

function lateNotes({ deployment, standing: { beats, roles } }: StandingCase): readonly string[] {
  const beat = beats[roles.active];
  if (beat?.role !== 'active' || beat.late === undefined || beat.late.total === 0) return [];
  const { total, dags } = beat.late;
  const { region } = deployment.sites[roles.active];
  const waits = 'as it was before the move, with its runs, once its file can be parsed';
  return total === 1
    ? [`one DAG of before the move is not parsed in ${region} yet (${firstOf(dags, total)}): it comes up ${waits}`]
    : [
        `${total} DAGs of before the move are not parsed in ${region} yet (${firstOf(dags, total)}): each comes up ${waits}`,
      ];
}

const NAMED = 5;

/** The first few, and how many more. */
export const firstOf = (dagIds: readonly string[], total = dagIds.length): string =>
  total <= NAMED ? dagIds.join(', ') : `${dagIds.slice(0, NAMED).join(', ')} and ${total - NAMED} more`;

/**
 * A claimed move leads to its target as long as that can be seen. Otherwise the site that was active last goes first:
 * its own snapshots are the newest ones, unless it has lost them.
 */
function targetOf(facts: StandingCase, claim: Move | undefined, useless: readonly [boolean, boolean]): SiteIndex {
  const { deployment, standing, reach, restorable } = facts;
  const { roles } = standing;
  if (claim !== undefined) {
    const target = deployment.sites[0].region === claim.to ? 0 : 1;
    return isSeen(facts, target) ? target : otherSite(target);
  }
  const both = [roles.active, roles.standby];
  const able = both.filter((site) => restorable?.[site] !== false && !useless[site]);
  const sure = able.filter((site) => restorable?.[site] === true);
  const order = [sure, able].find((sites) => sites.length > 0) ?? both;
  const beating = order.find((site) => reach[site] === 'there' && beatsStill(facts, site));
  return beating ?? order.find((site) => reach[site] === 'there') ?? order[0] ?? roles.active;
}

/** By its record, or, as its bucket may only be hard to reach for a moment, by its beats in the other one. */
function isSeen(facts: StandingCase, site: SiteIndex): boolean {
  const reach = facts.reach[site];
  if (reach === 'there' || reach === 'absent') return true;
  return beatsStill(facts, site) && (reach === 'hidden' || facts.standing.beats[site]?.role === 'active');
}

/** A target that cannot be used is left only for a side that can be seen, and used. */
const canBeLeft = ({ reach }: StandingCase, target: SiteIndex, useless: readonly [boolean, boolean]): boolean =>
  ['there', 'absent'].includes(reach[otherSite(target)]) && !useless[otherSite(target)];

/** To go on with a claim needs no permission. */
function commandOf(
  facts: StandingCase,
  claim: Move | undefined,
  permission: Permission,
  isOver: boolean,
  useless: readonly [boolean, boolean],
): Finding['command'] {
  const { deployment, standing } = facts;
  const claimed = deployment.sites[0].region === claim?.to ? 0 : 1;
  if (claim !== undefined && useless[claimed] && standing.record.phase === 'claimed')
    return canBeLeft(facts, claimed, useless)
      ? newMoveTo(facts, otherSite(claimed), `${claim.to} cannot be used`, 'force')
      : undefined;
  const target = isOver ? standing.roles.standby : targetOf(facts, claim, useless);
  const reason = claim === undefined ? 'nobody is active' : `${claim.id} stands at ${claim.step}`;
  const isOurs = claim?.to === deployment.sites[target].region;
  return isOurs ? failoverTo(deployment, target, reason, 'confirm') : newMoveTo(facts, target, reason, permission);
}

/** A move that has to claim; past a record that nobody may read it is forced. */
export const newMoveTo = (
  { deployment, reach }: StandingCase,
  target: SiteIndex,
  reason: string,
  permission: Permission,
): NonNullable<Finding['command']> =>
  failoverTo(deployment, target, reason, reach[otherSite(target)] === 'hidden' ? 'force' : permission);

/** With every input that the move needs as things are; whoever pastes it has typed the deployment's name thereby. */
const failoverTo = (
  { deployment, sites }: Deployment,
  target: SiteIndex,
  reason: string,
  permission: Permission,
): NonNullable<Finding['command']> => ({
  operation: 'failover',
  inputs: {
    target: sites[target].region,
    reason,
    confirm: deployment,
    ...(permission === 'force' ? { override: 'force' } : {}),
  },
});

const nobodyMessage = (deployment: Deployment, standing: Standing): string =>
  `${nobodyWords(deployment, standing)}, so that no DAG of yours runs anywhere`;

function standsMessage({ deployment, standing }: StandingCase, move: Move, { kind, why }: Trouble): string {
  if (kind === 'unclear') return `${standsWords(move)}: ${why}`;
  if (kind === 'unconfirmed') return `${standsWords(move)}: ${move.to} is active, and the move is not closed yet`;
  const { role } = standing.beats[deployment.sites[0].region === move.from ? 0 : 1] ?? {};
  const left =
    role === 'standby' ? 'has stopped its DAGs for it' : 'may still run its DAGs until its canary stops them';
  return `${standsWords(move)}: ${move.from} ${left}, and ${move.to} has not started them yet`;
}
