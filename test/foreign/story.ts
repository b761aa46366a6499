/**
 * Two moves of a full site: us-east-1 is lost in the middle of all that it does, and comes back; later the work is moved
 * home from us-west-2 by force, while that lives. What was seen on the way is kept; the test judges it.
 */
import type { Region } from '../sandbox/types.ts';
import { eventually } from '../support/deadline.ts';
import { heartbeat, listKeys, readJson, readObject } from '../support/dr-bucket.ts';
import { DEPLOYMENT, keys } from '../support/names.ts';
import { type ForeignBed, PATIENCE } from './bed.ts';
import { compare, type Comparison } from './compare.ts';
import { watchActivations } from './copies.ts';
import { crawl, newErrors } from './crawl.ts';
import type { Values } from './documented.ts';
import type { Line, Move } from './ledger.ts';
import { Tables } from './tables.ts';
import { arrange, configure, letGo, type RunName, snapshotOfAll, unpauseAll } from './work.ts';

export const EAST = 'us-east-1';
export const WEST = 'us-west-2';

/** What an activation says that it did (docs/formats.md). */
export interface Report {
  readonly continued: readonly { readonly dagId: string; readonly taskId: string; readonly was: string }[];
  readonly missingDags: readonly string[];
}

/** One move, and what was seen of it. */
export interface Seen extends Omit<Move, 'until'> {
  readonly counts: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, string>>;
  /** All tables as the activation left them. */
  readonly target: Tables;
  readonly comparison: Comparison;
  readonly report: Report;
  readonly committedAt: number;
  /** Paths crawled at the side that was left and at the new one, and the errors that only the new one had. */
  readonly crawled: number;
  readonly errors: readonly string[];
  /** Seconds since 1970, by the database of the side that was left: when Airflow let the last task of a user DAG begin. */
  readonly lastBegun: number;
  /** Of runs that were in flight: those that did not end in time, with their tasks. */
  readonly unfinished: readonly string[];
  /** Tasks and runs of the new side when all had ended. */
  readonly tasks: readonly Values[];
  readonly runs: readonly Values[];
}

export interface Evidence {
  readonly seconds: Readonly<Record<string, number>>;
  readonly dags: number;
  /** How many DAGs stand before ours in the list of the active side, at each move. */
  readonly before: readonly number[];
  readonly there: Seen;
  readonly back: Seen;
  /** Which of ours were paused, and how many beats each side wrote, after the debt was paid. */
  readonly afterDebt: { readonly paused: readonly string[]; readonly beats: number };
  /** DAGs that were late at us-west-2 → whether they are paused there. */
  readonly late: unknown;
  /** What the human had answered in each run, by the database of the last side. */
  readonly asked: Values;
  /** Names in the fence of the living side that was left, as its heartbeat has them. */
  readonly fenceNames: number;
  readonly largest: { readonly beat: number; readonly result: number };
  readonly ledger: readonly Line[];
  readonly submitted: readonly {
    readonly site: Region;
    readonly dag: string;
    readonly run: string;
    readonly at: number;
  }[];
}

/** Plays it all. */
export async function play(bed: ForeignBed): Promise<Evidence> {
  const clock = new Clock(bed.log);
  await bed.act('install', { wait: '180' });
  await bed.bringPlugin();
  await bed.bringDags('z');
  await watchActivations(bed);
  await configure(bed, EAST);
  await unpauseAll(bed, EAST);
  clock.mark('started');
  const before = [await bed.count(EAST, `dag where dag_id < 'mwaadr_'`)];
  const there = await move(bed, EAST, WEST, 'one', clock, async (snapshot) => {
    await bed.sandbox.lose(EAST);
    await bed.act('check', { wait: '180', 'fail-on': 'never' });
    return bed.act('failover', { target: WEST, reason: 'us-east-1 is lost', confirm: DEPLOYMENT, snapshot });
  });
  const afterDebt = await comeBack(bed);
  clock.mark('returned');
  const dags = await bed.count(WEST, 'dag');
  const [late] = await bed.sandbox.sql(
    WEST,
    `select jsonb_object_agg(dag_id, is_paused) as late from dag where dag_id in ('late_paused', 'late_working')`,
  );
  await bed.bringFillers('a');
  before.push(await bed.count(WEST, `dag where dag_id < 'mwaadr_'`));
  clock.mark('other fillers');
  const back = await move(bed, WEST, EAST, 'two', clock, (snapshot) => bed.force(EAST, snapshot));
  const beat = await heartbeat<{ fence: { startedBefore: unknown[] } | null }>(bed.sandbox, WEST, WEST);
  return {
    seconds: clock.seconds,
    dags,
    before,
    there,
    back,
    afterDebt,
    late: late?.['late'],
    asked: await answers(bed),
    fenceNames: beat?.fence?.startedBefore.length ?? 0,
    largest: await largest(bed),
    ledger: await bed.lines<Line>('ledger'),
    submitted: await bed.lines('submitted'),
  };
}

/** From the arranged work at one site to its end at the other. */
async function move(
  bed: ForeignBed,
  from: Region,
  to: Region,
  run: RunName,
  clock: Clock,
  failover: (snapshot: string) => Promise<{ outputs: Readonly<Record<string, string>> }>,
): Promise<Seen> {
  await arrange(bed, from, run);
  const { id, schema, counts } = await snapshotOfAll(bed, from, run);
  clock.mark(`${run}: a snapshot with a task in each state`);
  const asked = await crawl(bed, from);
  clock.mark(`${run}: crawled ${from}`);
  await bed.sandbox.replicated();
  const { outputs } = await failover(id);
  clock.mark(`${run}: moved to ${to}`);
  const manifest = await readJson<{ takenAt: string }>(bed.sandbox, to, keys.manifest(id));
  const result = await readJson<{ snapshot: string; committedAt: string; report: Report }>(
    bed.sandbox,
    to,
    keys.result(`${outputs['move'] ?? ''}-activate`),
  );
  if (result?.snapshot !== id) throw new Error(`${result?.snapshot ?? 'nothing'} was restored, not ${id}`);
  const source = await Tables.read(bed, from, schema);
  const target = await Tables.read(bed, to, `activated_${outputs['epoch'] ?? ''}`);
  const comparison = compare(source, target);
  bed.log(
    `         compared ${comparison.rows} rows of ${comparison.tables} tables, ${comparison.differences.length} differences`,
  );
  for (const difference of comparison.differences.slice(0, SHOWN)) bed.log(`         ${difference}`);
  const lastBegun = await lastBegunAt(bed, from);
  await letGo(bed, to, run);
  if (to === WEST) await bed.bringWhatWasMissing(WEST);
  const unfinished = await settled(bed, to, source);
  clock.mark(`${run}: all has ended in ${to}`);
  const answers = await crawl(bed, to);
  clock.mark(`${run}: crawled ${to}`);
  return {
    from,
    to,
    source,
    target,
    takenAt: Date.parse(manifest?.takenAt ?? '') / 1000,
    committedAt: Date.parse(result.committedAt) / 1000,
    report: result.report,
    counts,
    outputs,
    comparison,
    crawled: asked.size + answers.size,
    errors: newErrors(asked, answers),
    lastBegun,
    unfinished,
    tasks: await bed.sandbox.sql(to, 'select dag_id, run_id, task_id, map_index, state, try_number from task_instance'),
    runs: await runsOf(bed, to),
  };
}

/** A task that had a process; a listener hears of it only when that is up, seconds later on Airflow 3. */
async function lastBegunAt(bed: ForeignBed, region: Region): Promise<number> {
  const [row] = await bed.sandbox.sql(
    region,
    `select extract(epoch from max(start_date))::float as at from task_instance
     where pid is not null and dag_id not like 'mwaadr\\_%'`,
  );
  return Number(row?.['at']);
}

/** Differences in the log. */
const SHOWN = 10;

/** Runs of a site, and whether each had come to the time limit of its DAG: Airflow then leaves tasks without a state. */
function runsOf(bed: ForeignBed, region: Region): Promise<Values[]> {
  return bed.sandbox.sql(
    region,
    `select r.dag_id, r.run_id, r.state, coalesce(extract(epoch from r.end_date - r.start_date) >=
       substring(s.data -> 'dag' ->> 'dagrun_timeout' from '[0-9.]+')::float, false) as timed_out
     from dag_run r left join lateral (select data::jsonb as data from serialized_dag s where s.dag_id = r.dag_id limit 1) s
       on true`,
  );
}

/** Seconds; most of them need one. */
const UNTIL_ALL_HAS_ENDED = 300;

/** Waits until all runs that were in flight have ended; answers those that have not in time. */
async function settled(bed: ForeignBed, region: Region, source: Tables): Promise<string[]> {
  const open = async (): Promise<string[]> => {
    const rows = await bed.sandbox.sql(
      region,
      `select r.dag_id, r.run_id, r.state, (select string_agg(distinct coalesce(t.state, 'none'), ' ') from task_instance t
         where t.dag_id = r.dag_id and t.run_id = r.run_id and coalesce(t.state, 'none') not in ('success', 'failed', 'skipped')) as tasks
       from dag_run r where r.state in ('running', 'queued')`,
    );
    return rows
      .filter((row) => source.isLive(row))
      .map(
        (row) => `${String(row['dag_id'])} ${String(row['run_id'])} ${String(row['state'])}: ${String(row['tasks'])}`,
      );
  };
  const ended = async () => ((await open()).length === 0 ? true : undefined);
  const inTime = await eventually('what was in flight has ended', UNTIL_ALL_HAS_ENDED, ended, bed.log).catch(
    () => false,
  );
  return inTime ? [] : open();
}

/** The lost side comes back, is fenced, and `check` pays the debt; then its own beats go on. */
async function comeBack(bed: ForeignBed): Promise<Evidence['afterDebt']> {
  await bed.sandbox.return(EAST);
  const paid = async () => {
    await bed.act('check', { 'fail-on': 'never' });
    const status = await bed.act('status', {});
    const { debts } = JSON.parse(status.outputs['json'] ?? '{}') as { debts?: unknown[] };
    return debts?.length === 0 ? true : undefined;
  };
  await eventually('the debt is paid', PATIENCE, paid, bed.log);
  const beatOf = async () => (await heartbeat<{ at: string }>(bed.sandbox, EAST, EAST))?.at;
  const seen = new Set([await beatOf()]);
  await eventually('two more beats', 120, async () => (seen.add(await beatOf()).size > 2 ? true : undefined), bed.log);
  const paused = await Promise.all(
    bed.sandbox.regions.map((region) =>
      bed.sandbox.sql(region, `select dag_id from dag where dag_id like 'mwaadr\\_%' and is_paused`),
    ),
  );
  return { paused: paused.flat().map((row) => String(row['dag_id'])), beats: seen.size };
}

/** Run → what its human chose, at the last side. */
async function answers(bed: ForeignBed): Promise<Values> {
  if (!bed.isThree) return {};
  const rows = await bed.sandbox.sql(
    EAST,
    `select t.run_id, h.chosen_options from hitl_detail h join task_instance t on t.id = h.ti_id
     where t.dag_id = 'state_told'`,
  );
  return Object.fromEntries(rows.map((row) => [String(row['run_id']), row['chosen_options']]));
}

/** Bytes of the largest heartbeat and the largest result that lie in the buckets. */
async function largest(bed: ForeignBed): Promise<Evidence['largest']> {
  const size = async (region: Region, key: string) => (await readObject(bed.sandbox, region, key))?.length ?? 0;
  const beats = bed.sandbox.regions.flatMap((region) =>
    bed.sandbox.regions.map((site) => size(region, keys.heartbeat(site))),
  );
  const results = bed.sandbox.regions.map(async (region) => {
    const found = await listKeys(bed.sandbox, region, `results/${DEPLOYMENT}/`);
    return Promise.all(found.map((key) => size(region, key)));
  });
  return { beat: Math.max(...(await Promise.all(beats))), result: Math.max(...(await Promise.all(results)).flat()) };
}

class Clock {
  readonly seconds: Record<string, number> = {};
  readonly #log: (line: string) => void;
  #last = Date.now();

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  mark(what: string): void {
    const now = Date.now();
    this.seconds[what] = Math.round((now - this.#last) / 1000);
    this.#log(`[${String(this.seconds[what]).padStart(4)} s] ${what}`);
    this.#last = now;
  }
}
