import type { ControlRecord, Move } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import type { StoredBeat } from '../domain/heartbeat.ts';
import type { EpochBounds } from '../domain/manifest.ts';
import type { World } from '../domain/ports.ts';
import { requireConsistent, siteWords } from '../domain/first-record.ts';
import { ANY_EPOCH, epochsInQuestion, leaps, standingOf, standingWithoutRecords } from '../domain/standing.ts';
import type { ProvenLineage, Standing, StandingFacts } from '../domain/standing.ts';
import type { Reach } from '../domain/trouble.ts';
import { loadedOf, noRecord, readControl, readControls } from './control.ts';
import type { BothControls, LoadedControl } from './control.ts';
import { readHeartbeat } from './heartbeats.ts';
import { bothSides, probe, probeStored } from './sides.ts';
import type { Side } from './sides.ts';
import { provenAt } from './snapshots.ts';

/** Both control records as they could be read, and what they add up to. */
export interface Known {
  readonly controls: BothControls;
  /** `undefined` when no record could be read. */
  readonly standing: Standing | undefined;
}

/**
 * Who is active, from the control records, the heartbeats and, where these leave it open, the snapshots of both buckets,
 * as far as they answer. `claimed`: the move whose run asks after its claim. Never throws for what cannot be read.
 */
export async function readStanding(world: World, deployment: Deployment, claimed?: Move): Promise<Known> {
  return standingBy(world, deployment, await readControls(world, deployment), claimed);
}

/**
 * The same by control records that the caller has read, who may insist on them. Throws `MDR-CONTROL-INVALID` for a
 * deployment file with its sites in another order than all records have.
 */
export async function standingBy(
  world: World,
  deployment: Deployment,
  read: BothControls,
  claimed?: Move,
): Promise<Known> {
  if (read.every((control) => 'answer' in control && control.answer === undefined))
    return { controls: read, standing: undefined };
  const answering = bothSides(world, deployment).filter(({ index }) => isThere(read[index]));
  const beats = (await Promise.all(answering.map((side) => beatsIn(side, deployment)))).flat();
  const controls = withoutLies(deployment, withoutLeaps(read, beats));
  if (isLost(controls)) {
    const snapshots = await provenBy(answering, deployment, ANY_EPOCH);
    return { controls, standing: standingWithoutRecords(deployment, { beats, snapshots }, world.clock.now()) };
  }
  const facts: StandingFacts = { deployment, records: loadedOf(controls), beats, snapshots: [] };
  const standing = standingOf(facts);
  if (standing === undefined || isConfirmed(standing)) return { controls, standing };
  const { told, beyond } = epochsInQuestion(facts, standing);
  const snapshots = await provenBy(answering, deployment, told);
  // The run of a move must not see more, once it cannot go back, than its plan saw.
  if (beyond !== undefined && claimed === undefined)
    snapshots.push(...(await provenBy(answering, deployment, beyond, 'key')));
  return { controls, standing: standingOf({ ...facts, snapshots }) };
}

/**
 * The same for whoever changes nothing unless both Regions tell: `undefined` before there is a record. Throws
 * {@link AwsFault} for a Region that does not answer, refuses or throttles, and `MDR-CONTROL-INVALID`.
 */
export async function insistOnStanding(world: World, deployment: Deployment): Promise<Standing | undefined> {
  const [first, second] = bothSides(world, deployment);
  const records = await Promise.all([readControl(first, deployment), readControl(second, deployment)]);
  const { standing } = await standingBy(world, deployment, [{ answer: records[0] }, { answer: records[1] }]);
  return standing;
}

/** What of both records could be had. */
export const reachOf = ([first, second]: BothControls): readonly [Reach, Reach] => [reach(first), reach(second)];

function reach(control: BothControls[number]): Reach {
  if ('answer' in control) return control.answer === undefined ? 'absent' : 'there';
  if (control.fault === 'dark') return 'dark';
  return control.fault === 'error' ? 'absent' : 'hidden';
}

/** As {@link readStanding}. Throws `MDR-NOT-INSTALLED`, `MDR-CONTROL-INVALID`, `MDR-AWS-…`. */
export async function requireStanding(world: World, deployment: Deployment, claimed?: Move): Promise<Standing> {
  const { controls, standing } = await readStanding(world, deployment, claimed);
  if (standing !== undefined) return standing;
  throw noRecord(deployment, controls);
}

/** What heartbeats and snapshots of both buckets prove beyond these records. Throws AwsFault: unknown is not nothing. */
export async function knownBeyond(
  world: World,
  deployment: Deployment,
  records: readonly ControlRecord[],
): Promise<ControlRecord | undefined> {
  const sides = bothSides(world, deployment);
  const beats = await Promise.all(
    sides.flatMap((side) => deployment.sites.map(({ region }) => readHeartbeat(side, deployment, region))),
  );
  const facts: StandingFacts = {
    deployment,
    records: records.map((record) => ({ record, date: world.clock.now() })),
    beats: beats.flatMap((beat) => (beat === undefined ? [] : [beat])),
    snapshots: [],
  };
  const standing = standingOf(facts);
  if (standing === undefined) return undefined;
  const { told } = epochsInQuestion(facts, standing);
  const proven = await Promise.all(sides.map((side) => provenAt(side, deployment, told)));
  return standingOf({ ...facts, snapshots: proven.flatMap((proof) => proof ?? []) })?.record;
}

/** A Region in the dark is not asked four times more; one that only lacks the record, or hides it, may have the rest. */
const isThere = (control: BothControls[number]): boolean => 'answer' in control || control.fault !== 'dark';

async function beatsIn(side: Side, deployment: Deployment): Promise<readonly StoredBeat[]> {
  const read = await Promise.all(
    deployment.sites.map(({ region }) => probeStored(() => readHeartbeat(side, deployment, region))),
  );
  return read.flatMap((beat) => ('answer' in beat && beat.answer !== undefined ? [beat.answer] : []));
}

async function provenBy(
  sides: readonly Side[],
  deployment: Deployment,
  bounds: EpochBounds,
  by?: 'key',
): Promise<ProvenLineage[]> {
  const read = await Promise.all(sides.map((side) => probe(() => provenAt(side, deployment, bounds, by))));
  return read.flatMap((proof) => ('answer' in proof ? (proof.answer ?? []) : []));
}

/** One record is missing or damaged, and the Region of the other one does not tell: `install` cannot bring it back. */
function isLost(controls: BothControls): boolean {
  const isGone = (control: BothControls[number]) => !isUntold(control) && loadedOf([control, control]).length === 0;
  return controls.some(isGone) && controls.some(isUntold);
}

/** Whether the Region did not say whether it has a record. */
export const isUntold = (control: BothControls[number]): boolean => 'fault' in control && control.fault !== 'error';

/** The site that should be active says that it is, in this very epoch. */
const isConfirmed = ({ record, roles, beats }: Standing): boolean =>
  record.phase === 'activated' &&
  beats[roles.active]?.role === 'active' &&
  beats[roles.active]?.epoch === record.activated.epoch;

/** A record that names another site as active than the one of its epoch is damage; when all do, it is the file that lies. */
function withoutLies(deployment: Deployment, controls: BothControls): BothControls {
  const records = loadedOf(controls).map(({ record }) => record);
  const isLie = (record: ControlRecord) => siteWords(deployment, record) !== undefined;
  if (records.length > 0 && records.every(isLie)) requireConsistent(deployment, records);
  const judged = (control: BothControls[number]): BothControls[number] => {
    const detail = 'answer' in control && control.answer && siteWords(deployment, control.answer.record);
    return detail ? { fault: 'error', code: 'MDR-CONTROL-INVALID', detail } : control;
  };
  return [judged(controls[0]), judged(controls[1])];
}

/** A record whose epoch leaps is damage, or an attempt to stop both sites; it counts as one that cannot be read. */
function withoutLeaps(controls: BothControls, beats: readonly StoredBeat[]): BothControls {
  const known = beats.flatMap(({ epoch }) => (epoch === null ? [] : [epoch]));
  const judged = (control: BothControls[number]): BothControls[number] => {
    if (!('answer' in control) || control.answer === undefined || !leaps(control.answer.record, known)) return control;
    return { fault: 'error', code: 'MDR-CONTROL-INVALID', detail: leapOf(control.answer) };
  };
  return [judged(controls[0]), judged(controls[1])];
}

const leapOf = ({ record }: LoadedControl): string =>
  `the control record of ${record.site} has epoch ${record.epoch}, far above everything else that is known`;
