/**
 * The main job, end to end: a platform runs in one Region, the Region is lost in the middle of running work, the
 * workflows go on in the other one. Used by `npm run demo` and by the end-to-end test; both believe only the claims.
 */
import type { AirflowVersion, Region, Sandbox } from '../sandbox/types.ts';
import { startSandbox } from '../sandbox/index.ts';
import { AirflowFacts } from './airflow-facts.ts';
import { AirflowRest } from './airflow-rest.ts';
import { type ActionOptions, type ActionRun, type Runner, runner } from './action.ts';
import { type Claim, claim } from './claims.ts';
import { eventually } from './deadline.ts';
import { heartbeat, readJson } from './dr-bucket.ts';
import { DEPLOYMENT, keys } from './names.ts';
import { type InFlight, movedClaims } from './moved-claims.ts';
import { type Fence, returnedClaims } from './returned-claims.ts';
import { deployPlatform } from './platform.ts';

export interface StoryOptions {
  readonly airflow: AirflowVersion;
  readonly log: (line: string) => void;
  /** Something to try while all is well, before the work that will be interrupted starts. */
  readonly rehearse?: (cast: Cast) => Promise<readonly Claim[]>;
  /** Another way to run the failover than once, undisturbed. */
  readonly failover?: (cast: Cast, run: (options: ActionOptions) => Promise<ActionRun>) => Promise<ActionRun>;
}

/** What happened when, in milliseconds since the story began. */
export interface Mark {
  readonly what: string;
  readonly at: number;
}

export interface Story {
  readonly sandbox: Sandbox;
  readonly facts: AirflowFacts;
  readonly claims: readonly Claim[];
  readonly marks: readonly Mark[];
  readonly runs: Readonly<Record<'snapshot' | 'verify' | 'check' | 'failover' | 'status', ActionRun>>;
  readonly before: readonly DagLine[];
  readonly after: readonly DagLine[];
}

/** One DAG at one site, for a person. */
export interface DagLine {
  readonly dagId: string;
  readonly paused: boolean;
  readonly succeeded: number;
  readonly unfinished: number;
  readonly last: string;
}

const OLD: Region = 'us-east-1';
const NEW: Region = 'us-west-2';
const RUNS = { deferred: 'delivery-1', retrying: 'rates-1', interrupted: 'report-1' } as const;

export async function dagLines(facts: AirflowFacts, region: Region): Promise<DagLine[]> {
  const [runs, paused] = [await facts.runs(region), await facts.paused(region)];
  return [...paused.keys()].sort().map((dagId) => {
    const mine = runs.filter((run) => run.dagId === dagId);
    const last = mine.reduce((latest, run) => Math.max(latest, run.startDate?.getTime() ?? 0), 0);
    return {
      dagId,
      paused: paused.get(dagId) ?? true,
      succeeded: mine.filter((run) => run.state === 'success').length,
      unfinished: mine.filter((run) => run.state === 'running' || run.state === 'queued').length,
      last: last === 0 ? '-' : new Date(last).toISOString().slice(11, 19),
    };
  });
}

/** Lets finished work pile up, then starts what will be in flight when the Region is lost. */
async function work({ options: { log }, facts }: Cast, rest: AirflowRest): Promise<InFlight> {
  await rest.trigger('catalog_refresh', 'catalog-1');
  await rest.trigger('invoices', 'invoices-1');
  await rest.trigger('secrets_check', 'secrets-east');
  await eventually(
    'some runs have finished in the active Region',
    150,
    async () => {
      const done = new Set((await facts.runs(OLD, `state = 'success'`)).map((run) => run.dagId));
      return (
        ['catalog_refresh', 'invoices', 'orders_ingest', 'secrets_check'].every((dag) => done.has(dag)) || undefined
      );
    },
    log,
  );
  await rest.trigger('partner_delivery', RUNS.deferred);
  await rest.trigger('nightly_report', RUNS.interrupted);
  await rest.trigger('fx_rates', RUNS.retrying);
  const [rates] = await eventually(
    'one task is deferred, one waits for its retry, one is running',
    90,
    async () => {
      const one = (run: string, task: string, state: string) =>
        facts.tasks(OLD, `run_id = '${run}' and task_id = '${task}' and state = '${state}'`);
      const deferred = await one(RUNS.deferred, 'await_partner', 'deferred');
      const running = await one(RUNS.interrupted, 'crunch', 'running');
      const retrying = await one(RUNS.retrying, 'fetch', 'up_for_retry');
      return deferred.length + running.length + retrying.length === 3 ? retrying : undefined;
    },
    log,
  );
  return {
    interruptedRun: RUNS.interrupted,
    deferredRun: RUNS.deferred,
    retryingRun: RUNS.retrying,
    waitDue: await facts.waitDue(OLD, 'partner_delivery', RUNS.deferred, 130),
    retryDue: new Date((rates?.endDate?.getTime() ?? 0) + 75_000),
  };
}

/** Waits until the new site's scheduler has had its say on everything that was in flight. */
async function letItRun({ options: { log }, facts }: Cast, rest: AirflowRest, activatedAt: Date): Promise<void> {
  await rest.trigger('prices_refresh', 'prices-west');
  await rest.trigger('secrets_check', 'secrets-west');
  const expected = [RUNS.deferred, RUNS.interrupted, RUNS.retrying, 'prices-west', 'secrets-west'];
  await eventually(
    'what was in flight has finished in the other Region',
    240,
    async () => {
      const done = (await facts.runs(NEW, `state = 'success'`)).map((run) => run.runId);
      const fresh = await facts.runs(
        NEW,
        `state = 'success' and dag_id = 'orders_ingest' and start_date > '${activatedAt.toISOString()}'`,
      );
      const consumer = await facts.runs(NEW, `state = 'success' and dag_id = 'recommendations'`);
      return (expected.every((run) => done.includes(run)) && fresh.length > 0 && consumer.length > 0) || undefined;
    },
    log,
  );
}

async function dataClaims(facts: AirflowFacts, queuedBefore: number): Promise<Claim[]> {
  const consumer = await facts.runs(NEW, `dag_id = 'recommendations'`);
  const [east, west] = [await facts.fingerprint(OLD, 'secrets-east'), await facts.fingerprint(NEW, 'secrets-west')];
  return [
    claim(
      'the consumer that had one of its two datasets fired on the second',
      queuedBefore === 1 && consumer.length === 1 && consumer[0]?.state === 'success',
      `${queuedBefore} dataset waiting at the loss, ${consumer.length} run of the consumer`,
    ),
    claim(
      'the secrets are readable at the other site, under its own Fernet key',
      east !== undefined && east === west,
      east === west ? `same fingerprint ${west?.slice(0, 12) ?? 'none'}…` : `${east ?? 'none'} and ${west ?? 'none'}`,
    ),
  ];
}

class Timeline {
  readonly marks: Mark[] = [];
  readonly #log: (line: string) => void;
  readonly #began = Date.now();

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  mark(what: string): void {
    const at = Date.now() - this.#began;
    this.marks.push({ what, at });
    this.#log(`[${String(Math.round(at / 1000)).padStart(4)} s] ${what}`);
  }
}

export interface Cast {
  readonly options: StoryOptions;
  readonly sandbox: Sandbox;
  readonly facts: AirflowFacts;
  readonly time: Timeline;
  readonly act: Runner;
}

/** Until the Region is lost: installed, deployed, working, with a verified snapshot taken in the middle of work. */
async function ordinaryTimes(cast: Cast) {
  const { options, sandbox, time, act } = cast;
  time.mark(`two Regions are up, Airflow ${options.airflow} in each`);
  await act('install', { wait: '120' });
  time.mark('the DR DAGs are installed at both sites; the standby is held');
  const rest = await deployPlatform(sandbox, OLD, options.airflow, options.log);
  time.mark('the bookshop is deployed and running in us-east-1');
  const rehearsed = (await options.rehearse?.(cast)) ?? [];
  const inFlight = await work(cast, rest);
  time.mark('one task is running, one deferred, one waits for its retry, one dataset waits for the other');
  const snapshot = await act('snapshot', { force: 'true' });
  time.mark(`snapshot ${snapshot.outputs['snapshot'] ?? '?'} taken while that work is in flight`);
  const verify = await act('verify', {});
  time.mark('and verified at the other site');
  return { inFlight, snapshot, verify, rehearsed };
}

/** From the loss to the workflows running on the other side. */
async function theMove(cast: Cast, inFlight: InFlight, snapshotId: string) {
  const { options, sandbox, facts, time, act } = cast;
  const queuedBefore = await facts.queuedDatasets(OLD, 'recommendations');
  const before = await dagLines(facts, OLD);
  await sandbox.lose(OLD);
  time.mark('us-east-1 is lost, in the middle of running work');
  const check = await act('check', { wait: '120', 'fail-on': 'never' });
  time.mark(`check: ${check.outputs['verdict'] ?? '?'} (${check.outputs['verdict-class'] ?? ''})`);
  const inputs = { target: NEW, reason: 'us-east-1 is lost', confirm: DEPLOYMENT };
  const run = (how: ActionOptions): Promise<ActionRun> => act('failover', inputs, how);
  const failover = await (options.failover?.(cast, run) ?? run({}));
  time.mark('failover done: the workflows are in us-west-2');
  const result = await readJson<{ committedAt: string }>(
    sandbox,
    NEW,
    keys.result(`${failover.outputs['move'] ?? ''}-activate`),
  );
  const activatedAt = new Date(result?.committedAt ?? 0);
  await letItRun(cast, new AirflowRest(sandbox.airflowUrl(NEW), options.airflow), activatedAt);
  time.mark('what was in flight has finished in us-west-2');
  const manifest = await readJson<{ takenAt: string }>(sandbox, NEW, keys.manifest(snapshotId));
  const takenAt = new Date(manifest?.takenAt ?? 0);
  const claims = [
    claim(
      'check found the lost Region by itself',
      check.outputs['verdict'] === 'UNHEALTHY' && check.outputs['verdict-class'] === 'region',
      `${check.outputs['verdict'] ?? '?'} ${check.outputs['verdict-class'] ?? ''}`,
    ),
    ...(await movedClaims({ facts, from: OLD, to: NEW, takenAt, activatedAt, inFlight })),
    ...(await dataClaims(facts, queuedBefore)),
  ];
  return { before, after: await dagLines(facts, NEW), check, failover, claims };
}

/** The fence of the old site, as its heartbeat tells it in the other Region. */
async function fenceOf(sandbox: Sandbox): Promise<Fence | undefined> {
  const beat = await heartbeat<{ role: string; fence: Fence | null }>(sandbox, NEW, OLD);
  return beat?.role === 'standby' ? (beat.fence ?? undefined) : undefined;
}

/** The old Region comes back with due runs waiting: it is fenced by its own canary, and the debt is paid. */
async function theReturn({ options: { log }, sandbox, facts, time, act }: Cast) {
  const returnedAt = new Date();
  await sandbox.return(OLD);
  time.mark('us-east-1 is back');
  const laid = await eventually('the old site is fenced', 120, () => fenceOf(sandbox), log);
  time.mark(`its own canary has fenced it; ${laid.startedBefore.length} tasks had slipped in`);
  const ended = async () => {
    const now = await fenceOf(sandbox);
    return now?.grade === 'stopped' ? now : undefined;
  };
  const fence = await eventually('every task that had slipped in has ended', 90, ended, log);
  time.mark('nothing runs there any more');
  const healthy = async () => {
    const look = await act('check', { 'fail-on': 'never' });
    return look.outputs['verdict'] === 'HEALTHY' ? look : undefined;
  };
  await eventually('the deployment is HEALTHY again', 90, healthy, log);
  time.mark('the deployment is HEALTHY again');
  const status = await act('status', {});
  const debts = (JSON.parse(status.outputs['json'] ?? '{}') as { debts?: unknown[] }).debts;
  return {
    status,
    claims: [
      ...(await returnedClaims(facts, OLD, returnedAt, fence)),
      claim('status shows the debt paid', debts?.length === 0, `${debts?.length ?? '?'} debts left`),
    ],
  };
}

/** Plays it all on a new sandbox, which is left running: the caller stops it. */
export async function tellStory(options: StoryOptions): Promise<Story> {
  const time = new Timeline(options.log);
  const sandbox = await startSandbox({ airflow: options.airflow, log: options.log });
  try {
    const facts = new AirflowFacts(sandbox, options.airflow);
    const cast: Cast = { options, sandbox, facts, time, act: runner(sandbox, options.log) };
    const { inFlight, snapshot, verify, rehearsed } = await ordinaryTimes(cast);
    const move = await theMove(cast, inFlight, snapshot.outputs['snapshot'] ?? '');
    const back = await theReturn(cast);
    return {
      sandbox,
      facts,
      marks: time.marks,
      claims: [...rehearsed, ...move.claims, ...back.claims],
      runs: { snapshot, verify, check: move.check, failover: move.failover, status: back.status },
      before: move.before,
      after: move.after,
    };
  } catch (error) {
    await sandbox.stop();
    throw error;
  }
}
