import pLimit from 'p-limit';
import type { Region } from '../sandbox/types.ts';
import type { ForeignBed } from './bed.ts';

/** What a person or a program may look at: of the site, of each DAG, of each run, of each task of a run. */
const PATHS = {
  2: {
    site: [
      ...[
        'connections',
        'dags',
        'eventLogs',
        'importErrors',
        'pools',
        'variables',
        'dagWarnings',
        'datasets',
        'health',
      ],
      ...['datasets/events', 'dags/~/dagRuns', 'dags/~/dagRuns/~/taskInstances'],
    ].map((path) => `/api/v1/${path}`),
    pages: [
      ...['/home', '/datasets', '/cluster_activity', '/dag-dependencies', '/object/datasets_summary'],
      ...['/dagrun/list/', '/taskinstance/list/', '/variable/list/', '/connection/list/', '/pool/list/', '/xcom/list/'],
      ...['/object/dataset_dependencies', '/log/list/', '/job/list/', '/triggerview/list/', '/slamiss/list/'],
    ],
    dag: [
      ...['', '/details', '/tasks', '/dagRuns', '/datasets/queuedEvent'].map((path) => `/api/v1/dags/DAG${path}`),
      ...['/grid', '/details', '/code'].map((path) => `/dags/DAG${path}`),
      ...['grid_data?dag_id=DAG', 'graph_data?dag_id=DAG', 'calendar_data?dag_id=DAG'].map((path) => `/object/${path}`),
    ],
    run: ['', '/taskInstances', '/upstreamDatasetEvents'].map((path) => `/api/v1/dags/DAG/dagRuns/RUN${path}`),
    task: ['', '/tries', '/xcomEntries', '/links', '/dependencies'].map(
      (path) => `/api/v1/dags/DAG/dagRuns/RUN/taskInstances/TASK${path}`,
    ),
  },
  3: {
    site: [
      ...['assets', 'assets/aliases', 'assets/events', 'backfills?dag_id=state_backfill', 'connections', 'dagStats'],
      ...['dagWarnings', 'dags', 'eventLogs', 'importErrors', 'jobs', 'pools', 'variables', 'dagTags', 'plugins'],
      ...['dags/~/dagRuns', 'dags/~/dagRuns/~/taskInstances', 'dags/~/dagRuns/~/hitlDetails', 'monitor/health'],
    ].map((path) => `/api/v2/${path}`),
    pages: [
      ...['/', '/ui/dags', '/ui/dependencies', '/ui/dashboard/dag_stats', '/ui/backfills?dag_id=state_backfill'],
      ...['/ui/dashboard/historical_metrics_data?start_date=2026-01-01T00:00:00Z', '/ui/partitioned_dag_runs'],
      ...['/ui/config', '/ui/auth/menus', '/ui/teams'],
    ],
    dag: [
      ...['', '/details', '/tasks', '/dagRuns', '/dagVersions', '/assets/queuedEvents'].map(
        (path) => `/api/v2/dags/DAG${path}`,
      ),
      ...['/api/v2/dagSources/DAG', '/ui/next_run_assets/DAG', '/ui/dags/DAG/latest_run', '/ui/calendar/DAG'],
      ...['/ui/structure/structure_data?dag_id=DAG', '/ui/grid/structure/DAG', '/ui/grid/runs/DAG'],
    ],
    run: [
      ...['', '/taskInstances', '/upstreamAssetEvents', '/hitlDetails'].map(
        (path) => `/api/v2/dags/DAG/dagRuns/RUN${path}`,
      ),
      ...['/ui/grid/ti_summaries/DAG?run_ids=RUN', '/ui/gantt/DAG/RUN', '/ui/dags/DAG/dagRuns/RUN/deadlines'],
    ],
    task: ['', '/tries', '/xcomEntries', '/links', '/dependencies', '/state-store'].map(
      (path) => `/api/v2/dags/DAG/dagRuns/RUN/taskInstances/TASK${path}`,
    ),
  },
} as const;

/** Status of each path that was asked for. */
export type Crawl = ReadonlyMap<string, number>;

const ONE_OF_A_KIND = `dag_id not like '_filler\\_%' or dag_id like '_filler\\_000'`;
const AT_ONCE = 4;
/** Characters of an error. */
const SHOWN = 300;

export async function crawl(bed: ForeignBed, region: Region): Promise<Crawl> {
  const { site, pages, dag, run, task } = PATHS[bed.isThree ? 3 : 2];
  const rows = (select: string) => bed.sandbox.sql(region, select);
  const dags = await rows(`select dag_id from dag where ${ONE_OF_A_KIND}`);
  // The last ones of each DAG: some have one every minute, ours every eight seconds.
  const runs = await rows(
    `select dag_id, run_id from (select dag_id, run_id, row_number() over (partition by dag_id order by id desc) as n
       from dag_run) r where n <= 6`,
  );
  const tasks = await rows(
    `select dag_id, run_id, task_id from task_instance where dag_id like 'state\\_%' and map_index < 0`,
  );
  const filled = (templates: readonly string[], of: readonly Record<string, unknown>[]) =>
    of.flatMap(({ dag_id, run_id, task_id }) =>
      templates.map((template) =>
        template
          .replace('DAG', encodeURIComponent(String(dag_id)))
          .replace('RUN', encodeURIComponent(String(run_id)))
          .replace('TASK', encodeURIComponent(String(task_id))),
      ),
    );
  const paths = [...site, ...pages, ...filled(dag, dags), ...filled(run, runs), ...filled(task, tasks)];
  const rest = bed.rest(region);
  const limit = pLimit(AT_ONCE);
  const look = async (path: string): Promise<readonly [string, number]> => {
    const { status, text } = await rest.look(path).catch((error: unknown) => ({ status: 599, text: String(error) }));
    if (status >= 500) bed.log(`         ${path}: ${status} ${text.slice(0, SHOWN)}`);
    return [path, status];
  };
  const found = new Map(await Promise.all(paths.map((path) => limit(() => look(path)))));
  // Airflow 2's details of a DAG fail now and then beside another request that fills the same cached DAG
  // (`dag.__dict__` changes while it is read): alone they do not.
  for (const [path, status] of found) if (status >= 500) found.set(...(await look(path)));
  return found;
}

/**
 * Errors 5xx of a crawl that the other one did not have at the same path. Airflow 3 cannot show the calendar of a DAG with
 * a run without a logical date: ours get the first such run by a move, those of users had it before.
 */
export function newErrors(before: Crawl, after: Crawl): string[] {
  const calendar = '/ui/calendar/';
  const isAirflows = [...before].some(([path, status]) => path.startsWith(`${calendar}state_`) && status >= 500);
  return [...after].flatMap(([path, status]) => {
    const was = before.get(path);
    if (status < 500 || (was ?? 0) >= 500) return [];
    if (isAirflows && path.startsWith(`${calendar}mwaadr_`)) return [];
    return [`${path}: ${status}, was ${was ?? 'not asked for'}`];
  });
}
