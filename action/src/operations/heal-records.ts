import type { ControlRecord } from '../domain/control-record.ts';
import { otherSite, siteOfEpoch } from '../domain/deployment.ts';
import type { Deployment } from '../domain/deployment.ts';
import { effective } from '../domain/epoch.ts';
import { firstRecord, siteWords } from '../domain/first-record.ts';
import { keys, moveId } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import { staleAfter } from '../domain/reading.ts';
import type { Finding } from '../domain/results.ts';
import { leaps } from '../domain/standing.ts';
import type { Standing } from '../domain/standing.ts';
import { iso } from '../domain/stored-json.ts';
import { runOf } from '../domain/trouble.ts';
import { loadedOf, restoreControl } from './control.ts';
import type { BothControls } from './control.ts';
import { mirrored } from './debts.ts';
import { readHeartbeat } from './heartbeats.ts';
import { bothSides, probe, probeStored } from './sides.ts';
import type { Side } from './sides.ts';
import { provenAt } from './snapshots.ts';
import { isUntold } from './standing.ts';
import type { Known } from './standing.ts';

export interface Healed {
  /** A line for each record that was made anew. */
  readonly notes: readonly string[];
  /** Records that are to be made anew, and could not be. */
  readonly findings: readonly Finding[];
}

type Wrong = 'missing' | 'damaged' | 'behind';

/**
 * Writes what is known of who is active into a record that is missing, damaged or put back to an older version: canaries
 * go by records alone, and a move needs its target's. Nothing is written while a move is under way, into a record that
 * claims or has gone on meanwhile, over what a later release has written, or by one heartbeat alone, which would let one
 * object stop a site. What is wrong and stays so is red.
 */
export async function healRecords(world: World, deployment: Deployment, known: Known): Promise<Healed> {
  const { controls, standing } = known;
  const notes: string[] = [];
  const findings: Finding[] = [];
  if (standing !== undefined && runOf(standing) !== undefined) return { notes, findings };
  for (const side of bothSides(world, deployment)) {
    const wrong = whatIsWrong(controls, side, standing);
    if (wrong === undefined) continue;
    const why = await healOrWhyNot(world, deployment, side, known);
    if (why === undefined)
      notes.push(`the control record of ${side.region} was ${wrong}: made anew, as all else tells`);
    else findings.push(notHealed(side, wrong, why));
  }
  return { notes, findings };
}

function whatIsWrong(controls: BothControls, { index }: Side, standing: Standing | undefined): Wrong | undefined {
  const control = controls[index];
  if ('fault' in control) return control.code === 'MDR-CONTROL-INVALID' ? 'damaged' : undefined;
  if (standing === undefined) return control.answer === undefined && controls.some(isUntold) ? 'missing' : undefined;
  if (control.answer === undefined) return 'missing';
  const { record } = standing;
  const { epoch, phase } = effective(control.answer.record);
  // That of the side which lost may be a debt of the move: paid as such, and said as such.
  const winner = controls[siteOfEpoch(record.epoch)];
  const debts = 'answer' in winner ? (winner.answer?.record.debts ?? []) : [];
  const isOwed = index !== siteOfEpoch(record.epoch) && debts.some((debt) => debt.kind === 'claim');
  return record.phase === 'activated' && phase === 'activated' && epoch < record.epoch && !isOwed
    ? 'behind'
    : undefined;
}

/** `undefined` once it is healed; else why it is not, and what a person does. */
async function healOrWhyNot(
  world: World,
  deployment: Deployment,
  side: Side,
  { controls, standing }: Known,
): Promise<readonly [why: string, cure: string] | undefined> {
  const { bucket } = side;
  const bringBack = `bring its last good version back (${bucket} is versioned)`;
  if (standing === undefined) return ['no other record tells who is active', bringBack];
  if (await isOfALaterRelease(side, deployment)) return ['a later release has written it', 'use that release'];
  if (!(await isCertain(world, deployment, controls, standing)))
    return ['nothing proves yet what belongs there', bringBack];
  const written = await probeStored(() => heal(world, deployment, side, standing));
  return 'fault' in written ? [written.detail, `let this role write \`control/\` in ${bucket}`] : undefined;
}

/**
 * A record says it; or the site beats so itself, into both buckets, or into one and has taken a snapshot since; or a
 * snapshot that its key opens: one object that anybody may have put there is not enough.
 */
async function isCertain(
  world: World,
  deployment: Deployment,
  controls: BothControls,
  { record: { epoch, phase, activated } }: Standing,
): Promise<boolean> {
  const records = loadedOf(controls).map(({ record }) => effective(record));
  if (records.length === 0) return false;
  if (phase === 'claimed') return records.some((record) => record.phase === 'claimed' && record.epoch === epoch);
  if (records.some((record) => record.activated.epoch === activated.epoch)) return true;
  const sides = bothSides(world, deployment);
  const beats = await Promise.all(
    sides.map((side) => probeStored(() => readHeartbeat(side, deployment, activated.site))),
  );
  const stale = staleAfter(deployment);
  const saying = beats.filter(
    (beat) =>
      'answer' in beat &&
      beat.answer?.role === 'active' &&
      beat.answer.epoch === activated.epoch &&
      beat.answer.ageMilliseconds <= stale,
  );
  if (saying.length === sides.length) return true;
  const bounds = { above: activated.epoch - 1, upTo: activated.epoch };
  // Without a fresh beat only what its key has opened: its canary may wait for a worker for hours.
  const by = saying.length === 0 ? 'opened' : 'manifest';
  const proofs = await Promise.all(sides.map((side) => probe(() => provenAt(side, deployment, bounds, by))));
  return proofs.some((proof) => 'answer' in proof && proof.answer !== undefined);
}

/** What we cannot read may be right to somebody else. */
async function isOfALaterRelease({ ports, bucket }: Side, { deployment }: Deployment): Promise<boolean> {
  const read = await probe(() => ports.objects.get(bucket, keys.control(deployment)));
  if (!('answer' in read) || read.answer === undefined) return false;
  try {
    const { schemaVersion, move } = JSON.parse(Buffer.from(read.answer.body).toString('utf8')) as {
      schemaVersion?: unknown;
      move?: { kind?: unknown } | null;
    };
    const isNewer = typeof schemaVersion === 'number' && schemaVersion > 1;
    return isNewer || (typeof move?.kind === 'string' && move.kind !== 'failover');
  } catch {
    return false;
  }
}

const heal = (world: World, deployment: Deployment, side: Side, standing: Standing): Promise<ControlRecord> =>
  restoreControl(world, side, deployment, (before) => {
    const isSound =
      before !== undefined && !leaps(before, [standing.highest]) && siteWords(deployment, before) === undefined;
    // A claim that names no move must not keep the truth out.
    const theirs = isSound
      ? effective(before)
      : firstRecord(deployment, side.region, [standing.record], world.clock.now());
    const next = mirrored(theirs, standing.record);
    const isWinners = side.index === siteOfEpoch(standing.record.epoch) && next.phase === 'activated';
    return isWinners && (next !== theirs || !isSound)
      ? { ...next, debts: owedAnew(world, deployment, standing) }
      : next;
  });

/** What was owed is forgotten with the record: a side that does not say itself that it has stopped is to be fenced. */
function owedAnew(world: World, deployment: Deployment, { record, beats }: Standing): ControlRecord['debts'] {
  const index = otherSite(siteOfEpoch(record.epoch));
  const beat = beats[index];
  if (record.epoch === 0 || (beat?.role === 'standby' && (beat.epoch ?? -1) >= record.epoch)) return [];
  const { region: site } = deployment.sites[index];
  const move = moveId(record.epoch, '00000000');
  return [{ kind: 'fence', site, epoch: record.epoch, move, since: iso(world.clock.now()) }];
}

const notHealed = ({ region }: Side, wrong: Wrong, [why, cure]: readonly [string, string]): Finding => ({
  name: 'record-lost',
  message: `the control record of ${region} is ${wrong}, and was not made anew, since ${why}: a move to ${region} may be refused, and its canary may not hear of one. What to do: ${cure}`,
});
