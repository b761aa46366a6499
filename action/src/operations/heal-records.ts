import type { ControlRecord } from '../domain/control-record.ts';
import { siteOfEpoch } from '../domain/deployment.ts';
import type { Deployment } from '../domain/deployment.ts';
import { effective } from '../domain/epoch.ts';
import { firstRecord, siteWords } from '../domain/first-record.ts';
import type { World } from '../domain/ports.ts';
import type { Finding } from '../domain/results.ts';
import { staleAfter } from '../domain/reading.ts';
import { leaps } from '../domain/standing.ts';
import type { Standing } from '../domain/standing.ts';
import { runOf } from '../domain/trouble.ts';
import { loadedOf, restoreControl } from './control.ts';
import type { BothControls } from './control.ts';
import { mirrored } from './debts.ts';
import { readHeartbeat } from './heartbeats.ts';
import { bothSides, probe, probeStored } from './sides.ts';
import type { Side } from './sides.ts';
import { provenAt } from './snapshots.ts';
import type { Known } from './standing.ts';

export interface Healed {
  /** A line for each record that was made anew. */
  readonly notes: readonly string[];
  /** Records that are to be made anew, and could not be. */
  readonly findings: readonly Finding[];
}

/**
 * Writes what is known of who is active into a record that is missing, damaged or put back to an older version: canaries
 * go by records alone, and a move needs its target's. Nothing is written while a move is under way, into a record that
 * claims or has gone on meanwhile, or by a heartbeat alone, which would let one object stop a site.
 */
export async function healRecords(
  world: World,
  deployment: Deployment,
  { controls, standing }: Known,
): Promise<Healed> {
  const notes: string[] = [];
  const findings: Finding[] = [];
  if (standing === undefined || standing.record.phase !== 'activated' || runOf(standing) !== undefined)
    return { notes, findings };
  for (const side of bothSides(world, deployment)) {
    const wrong = whatIsWrong(controls, side, standing);
    if (wrong === undefined || !(await isCertain(world, deployment, controls, standing))) continue;
    const written = await probe(() => heal(world, deployment, side, standing));
    const { epoch } = standing.record;
    if ('answer' in written)
      notes.push(`the control record of ${side.region} was ${wrong}: made anew for epoch ${epoch}, as all else tells`);
    else findings.push(notHealed(side, wrong, written.detail));
  }
  return { notes, findings };
}

/**
 * A record says it; or the site beats so itself, into both buckets, or has taken a snapshot since: one object that somebody
 * has put there is not enough.
 */
async function isCertain(
  world: World,
  deployment: Deployment,
  controls: BothControls,
  { record: { activated } }: Standing,
): Promise<boolean> {
  const records = loadedOf(controls);
  if (records.length === 0) return false;
  if (records.some(({ record }) => record.activated.epoch === activated.epoch)) return true;
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
  if (saying.length !== 1) return saying.length === sides.length;
  const bounds = { above: activated.epoch - 1, upTo: activated.epoch };
  const proofs = await Promise.all(sides.map((side) => probe(() => provenAt(side, deployment, bounds))));
  return proofs.some((proof) => 'answer' in proof && proof.answer !== undefined);
}

function whatIsWrong(controls: BothControls, { index }: Side, { record }: Standing): string | undefined {
  const control = controls[index];
  if ('fault' in control) return control.code === 'MDR-CONTROL-INVALID' ? 'damaged' : undefined;
  if (control.answer === undefined) return 'missing';
  // That of the side which lost is a debt of the move, and paid as such; without the winner's there is no debt.
  const { epoch, phase } = effective(control.answer.record);
  const isBehind = phase === 'activated' && epoch < record.epoch;
  const winner = controls[siteOfEpoch(record.epoch)];
  const isOwed =
    index !== siteOfEpoch(record.epoch) && 'answer' in winner && winner.answer?.record.epoch === record.epoch;
  return isBehind && !isOwed ? 'behind' : undefined;
}

const heal = (world: World, deployment: Deployment, side: Side, standing: Standing): Promise<ControlRecord> =>
  restoreControl(world, side, deployment, (before) => {
    const isSound =
      before !== undefined && !leaps(before, [standing.highest]) && siteWords(deployment, before) === undefined;
    // A claim that names no move must not keep the truth out.
    const theirs = isSound
      ? effective(before)
      : firstRecord(deployment, side.region, [standing.record], world.clock.now());
    return mirrored(theirs, standing.record);
  });

const notHealed = ({ region, bucket }: Side, wrong: string, detail: string): Finding => ({
  name: 'record-lost',
  message: `the control record of ${region} is ${wrong}, and could not be made anew (${detail}): a move to ${region} would be refused. Let this role write \`control/\` in ${bucket}, or bring the object's last good version back`,
});
