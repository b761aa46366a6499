import type { FenceGrade, Lineage } from '../domain/control-record.ts';
import { siteOfEpoch } from '../domain/deployment.ts';
import type { Deployment } from '../domain/deployment.ts';
import { ruling } from '../domain/epoch.ts';
import { MdrError } from '../domain/errors.ts';
import { AwsFault } from '../domain/faults.ts';
import type { StoredBeat } from '../domain/heartbeat.ts';
import { DAG_IDS, isOurDag, keys } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import { staleAfter } from '../domain/reading.ts';
import { iso, millis, toStored } from '../domain/stored-json.ts';
import { readControl } from './control.ts';
import { readHeartbeat } from './heartbeats.ts';
import { probe, probeStored } from './sides.ts';
import type { Side } from './sides.ts';
import { waitFor } from './wait.ts';

/** A site that lost an epoch, and the move that took it. */
export interface Loser {
  readonly world: World;
  readonly deployment: Deployment;
  readonly side: Side;
  /** The site that the epoch belongs to; the journal is in its bucket. */
  readonly winner: Side;
  readonly move: string;
  readonly epoch: number;
  /** What was active before. */
  readonly lineage: Lineage;
  /** When the fence began, in milliseconds of this machine's clock: after the claim. */
  readonly since: number;
}

/** Seconds. What a canary that is started by REST takes to run, and a fence to prove that all tasks have ended. */
const CANARY_TAKES = 60;
const STOPPING_TAKES = 45;

/** `isHeld`: by its own canary, which goes on doing so. What was only paused can be unpaused, and needs to be looked at. */
export interface Stopped {
  readonly grade: FenceGrade;
  readonly isHeld: boolean;
}

/**
 * Stops a site that lost: its own canary does it, started at once instead of waited for; if that cannot be, every DAG is
 * paused by REST. What cannot be reached is `unproven`. Throws `MDR-MOVE-SUPERSEDED`, `MDR-STOPPED`.
 */
export async function stopLoser(of: Omit<Loser, 'since'>, runId: string): Promise<Stopped> {
  const { world, deployment, side } = of;
  const loser: Loser = { ...of, since: world.clock.now() };
  const first = await newestBeat(loser);
  if (isStopped(loser, first)) return { grade: await graded(loser), isHeld: true };
  const started = await probe(() => side.ports.airflow.trigger(side.site.environment, DAG_IDS.canary, runId, {}));
  const wasStarted = 'answer' in started && started.answer !== undefined;
  const beats = first !== undefined && first.ageMilliseconds <= staleAfter(deployment);
  const limit = beats ? 2 * deployment.canary.everySeconds + 30 : wasStarted ? CANARY_TAKES : 0;
  if (limit > 0 && (await obeys(loser, limit))) return { grade: await graded(loser), isHeld: true };
  const paused = await probe(() => pauseByRest(loser));
  if ('answer' in paused) return { grade: 'paused', isHeld: false };
  world.log.warning(`${side.region} was not stopped: ${paused.detail}`);
  return { grade: 'unproven', isHeld: false };
}

/** Whichever bucket holds it: the site may not be able to write into its own. */
async function newestBeat({ deployment, side, winner }: Loser): Promise<StoredBeat | undefined> {
  const read = await Promise.all(
    [side, winner].map((from) => probeStored(() => readHeartbeat(from, deployment, side.region))),
  );
  const found = read.flatMap((beat) => ('answer' in beat && beat.answer !== undefined ? [beat.answer] : []));
  return found.toSorted((a, b) => millis(b.at) - millis(a.at))[0];
}

/**
 * It obeyed this epoch; or it is one that had been a standby all the time and says so still: not before the claim, as an
 * activation of an earlier epoch may have come since, but after it, which every activation looks for.
 */
function isStopped({ world, side, epoch, lineage, since }: Loser, beat: StoredBeat | undefined): boolean {
  if (beat?.role !== 'standby' || beat.epoch === null) return false;
  const lastActive = lineage.site === side.region ? lineage.epoch : -1;
  const isSince = beat.ageMilliseconds + S3_ROUNDS < world.clock.now() - since;
  return beat.epoch >= epoch || (beat.epoch > lastActive && isSince);
}

/** Milliseconds by which the age of an object may be too short: S3 gives its times in seconds. */
const S3_ROUNDS = 1_000;

const gradeOf = ({ fence, hold }: StoredBeat): FenceGrade =>
  fence?.grade ?? (hold.liveUserRuns === 0 ? 'stopped' : 'paused');

const obeys = (loser: Loser, limit: number): Promise<boolean> =>
  within(loser, `the fence of ${loser.side.region}'s canary`, limit, async () =>
    isStopped(loser, await newestBeat(loser)),
  );

/** Tasks that were cut off take a moment to end. */
async function graded(loser: Loser): Promise<FenceGrade> {
  const isProven = async () => {
    const beat = await newestBeat(loser);
    return isStopped(loser, beat) && beat !== undefined && gradeOf(beat) === 'stopped';
  };
  const what = `the end of every task in ${loser.side.region}`;
  return (await within(loser, what, STOPPING_TAKES, isProven)) ? 'stopped' : 'paused';
}

async function within({ world }: Loser, what: string, limit: number, isSo: () => Promise<boolean>): Promise<boolean> {
  try {
    return await waitFor(world, what, limit, async () => (await isSo()) || undefined);
  } catch (error) {
    if (error instanceof MdrError && error.code === 'MDR-TIMEOUT') return false;
    throw error;
  }
}

/** Milliseconds for which a look at the records allows a pause: much less than a move takes to make a site active. */
const LOOK_LASTS = 5_000;

/**
 * The last resort: each DAG of the user by itself, never our own, and only as long as the site is known to have lost.
 * What is about to be paused is written into the journal first, so that it can be given back.
 */
async function pauseByRest(loser: Loser): Promise<void> {
  const { world, deployment, side, winner, move } = loser;
  const { environment } = side.site;
  await requireLost(loser);
  const all = await side.ports.airflow.dags(environment);
  const unpaused = all.filter(({ dagId, isPaused }) => !isPaused && !isOurDag(dagId)).map(({ dagId }) => dagId);
  if (unpaused.length === 0) return;
  const key = keys.pauses(deployment.deployment, move, world.random.hex(4));
  const note = { schemaVersion: 1, deployment: deployment.deployment, move, site: side.region, dags: unpaused };
  const body = toStored({ ...note, at: iso(world.clock.now()) });
  await winner.ports.objects.put(winner.bucket, key, body, { ifAbsent: true });
  // Who goes home to this site may not see the winner's bucket any more.
  await atOnce(
    world,
    probe(() => side.ports.objects.put(side.bucket, key, body, { ifAbsent: true })),
  );
  world.log.info(`pausing ${unpaused.length} DAG(s) of ${environment} by REST`);
  for (let lookedAt = -Infinity, next = 0; next < unpaused.length; next += 1) {
    if (world.clock.now() - lookedAt > LOOK_LASTS / 2) {
      lookedAt = world.clock.now();
      await requireLost(loser);
    }
    await side.ports.airflow.pause(environment, unpaused[next] ?? '', { notAfter: lookedAt + LOOK_LASTS });
  }
}

/** Milliseconds for which the loser's own bucket is waited for: it may be in the dark, and the look must not grow old. */
const LOSER_TAKES = 2_500;

/**
 * Nobody but a site that lost is ever paused. By the winner's own record, which has to answer; by the loser's, and by its
 * heartbeat at the winner, as far as these are to be had at once. Throws `MDR-MOVE-SUPERSEDED`, and AwsFault.
 */
async function requireLost({ world, deployment, side, winner, epoch, move }: Loser): Promise<void> {
  const [own, theirs, beat] = await Promise.all([
    readControl(winner, deployment),
    atOnce(
      world,
      probeStored(() => readControl(side, deployment)),
    ),
    probeStored(() => readHeartbeat(winner, deployment, side.region)),
  ]);
  const records = [own, theirs && 'answer' in theirs ? theirs.answer : undefined];
  const record =
    own &&
    ruling(
      deployment,
      records.flatMap((loaded) => (loaded ? [loaded.record] : [])),
    );
  const said = 'answer' in beat && beat.answer?.role === 'active' ? (beat.answer.epoch ?? -1) : -1;
  if (said > epoch) throw unruled(side, move);
  if (record?.epoch === epoch && siteOfEpoch(record.epoch) !== side.index) return;
  if (record === undefined || record.epoch < epoch) throw unseen(winner, epoch);
  throw unruled(side, move);
}

/** `undefined` when it takes too long; what then comes of it is nobody's concern. */
async function atOnce<T>({ clock }: World, answer: Promise<T>): Promise<T | undefined> {
  const over = new AbortController();
  try {
    return await Promise.race([answer, clock.sleep(LOSER_TAKES, over.signal).then(() => undefined)]);
  } finally {
    over.abort();
  }
}

const unruled = ({ region }: Side, move: string): MdrError =>
  new MdrError({
    code: 'MDR-MOVE-SUPERSEDED',
    message: `${move} no longer rules, so ${region} is not paused for it`,
    fix: 'Look with `status` who is active now.',
    state: `nothing of ${region} was paused since`,
  });

const unseen = ({ region }: Side, epoch: number): AwsFault =>
  new AwsFault({
    quality: 'dark',
    service: 's3',
    region,
    operation: 'GetObject',
    awsCode: '',
    message: `no control record with epoch ${epoch} could be read`,
  });
