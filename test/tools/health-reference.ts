import { permissionOf } from '../../action/src/domain/move-permission.ts';
import type { MoveMode, Permission } from '../../action/src/domain/move-permission.ts';
import { SIGNALS } from '../../action/src/domain/observation.ts';
import type { Reading, Signal, SignalName } from '../../action/src/domain/observation.ts';
import { judge, VERDICT_KEYS } from '../../action/src/domain/verdict.ts';
import type { VerdictKey } from '../../action/src/domain/verdict.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';

type Qualities = Partial<Record<SignalName, Signal['quality']>>;

/** Something that is really lost, and what is seen of it for as long as it takes. */
export interface Loss {
  readonly what: string;
  readonly seen: Qualities;
  readonly status?: string;
  /** Why nobody says UNHEALTHY, and what helps. */
  readonly why: string;
}

const REGION: Qualities = {
  activeEnvironment: 'dark',
  activeMetric: 'dark',
  activeAirflow: 'dark',
  activeStorage: 'dark',
  activeIdentity: 'dark',
  heartbeat: 'bad',
  work: 'dark',
  activePeer: 'none',
  standbyPeer: 'bad',
};
const SCHEDULER: Qualities = { activeMetric: 'bad', activeAirflow: 'bad', heartbeat: 'bad', activePeer: 'none' };
const WORKERS: Qualities = { heartbeat: 'bad', work: 'bad', activePeer: 'none' };
/** The same losses without what hides them. */
export const PLAIN_LOSSES: readonly (readonly [Qualities, VerdictKey])[] = [
  [REGION, 'UNHEALTHY(region)'],
  [SCHEDULER, 'UNHEALTHY(airflow)'],
  [WORKERS, 'UNHEALTHY(airflow)'],
];

const EVERYTHING: Qualities = Object.fromEntries(SIGNALS.map((name) => [name, 'denied' as const]));

export const LOSSES: readonly Loss[] = [
  {
    what: 'A Region, and its S3 answers 503 SlowDown',
    seen: { ...REGION, activeStorage: 'throttled' },
    why: 'A throttled answer may come from a Region that lives as well as from one that dies.',
  },
  {
    what: 'A Region, and its CloudWatch throttles',
    seen: { ...REGION, activeMetric: 'throttled' },
    why: 'The same.',
  },
  {
    what: 'A Region, and its services refuse (403) while they die',
    seen: {
      ...REGION,
      activeEnvironment: 'denied',
      activeMetric: 'denied',
      activeAirflow: 'denied',
      activeStorage: 'denied',
      activeIdentity: 'denied',
    },
    why: 'A refusal is what a role without rights sees of a Region that lives.',
  },
  {
    what: 'A Region, and the API of MWAA still answers',
    seen: { ...REGION, activeEnvironment: 'good' },
    why: 'An answer is a sign of life; what else is dark may be in the way to it.',
  },
  {
    what: 'A Region, and its S3 still answers',
    seen: { ...REGION, activeStorage: 'good' },
    why: 'The same. Whatever runs there can also read the control record and write.',
  },
  {
    what: "A Region, and the standby's canary still reads its S3",
    seen: { ...REGION, standbyPeer: 'good' },
    why: 'The same, on a way that is not ours.',
  },
  {
    what: 'A Region, and its CloudWatch still answers, without data',
    seen: { ...REGION, activeMetric: 'bad' },
    why: 'The same.',
  },
  {
    what: 'A Region, and its STS still answers',
    seen: { ...REGION, activeIdentity: 'good' },
    why: 'The same.',
  },
  {
    what: 'A Region, and Airflow itself still answers',
    seen: { ...REGION, activeAirflow: 'good' },
    why: 'A regional outage of S3 takes CloudWatch, the API of MWAA and the heartbeat along, while tasks run on.',
  },
  {
    what: 'A Region whose heartbeat never reached the other one',
    seen: { ...REGION, heartbeat: 'none' },
    why: 'Then its silence says nothing. Let the execution role write to both DR buckets, from a network that reaches both.',
  },
  {
    what: 'A Region, and S3 of the standby does not answer either',
    seen: { ...REGION, standbyStorage: 'dark', heartbeat: 'dark', hold: 'dark', snapshot: 'dark' },
    why: 'An observer that sees neither Region may be cut off itself. Look from another network.',
  },
  {
    what: "Anything, and the observer's credentials are lost",
    seen: EVERYTHING,
    why: 'Nothing was seen. Look at the role first.',
  },
  {
    what: 'A scheduler whose metric never had data',
    seen: { ...SCHEDULER, activeMetric: 'none' },
    why: 'Airflow and its canary agree, but no metric does: MWAA may be told not to publish it. An extra metric stands in.',
  },
  {
    what: 'A scheduler, and the observer may not read metrics',
    seen: { ...SCHEDULER, activeMetric: 'denied' },
    why: 'Grant `cloudwatch:GetMetricData`.',
  },
  {
    what: 'A scheduler, and the observer may not describe the environment',
    seen: { ...SCHEDULER, activeEnvironment: 'denied' },
    why: 'Grant `airflow:GetEnvironment`.',
  },
  {
    what: 'A scheduler, while the environment is UPDATING',
    seen: SCHEDULER,
    status: 'UPDATING',
    why: 'An update stops the scheduler for a while, and excuses it for two hours. Until then force needs something that stops it: its canary, or its REST API.',
  },
  {
    what: 'Workers, and neither REST nor CloudWatch counts tasks',
    seen: { ...WORKERS, work: 'denied' },
    why: 'The scheduler beats. Grant `airflow:InvokeRestApi`; with a private web server run the check within the VPC.',
  },
  {
    what: 'Workers, while nothing is due',
    seen: { ...WORKERS, work: 'none' },
    why: 'Nobody misses them yet. The canary is due every two minutes, unless it was paused.',
  },
  {
    what: 'S3 of a Region alone',
    seen: { activeStorage: 'dark', heartbeat: 'bad', work: 'good', activePeer: 'none' },
    why: 'Tasks start. Whether they can work without S3 is for you to say.',
  },
  {
    what: 'The target of a claimed move, which cannot be seen',
    seen: { role: 'dark' },
    why: 'Whether the move came to its end there is not known. It may be active, and only hidden from us.',
  },
];

const PERIOD = 300_000;
const NOW = Date.parse('2026-11-24T12:00:00Z');

/** The verdict on it, once it was so for five periods. */
export function verdictOf({ seen, status = 'AVAILABLE' }: Pick<Loss, 'seen' | 'status'>): VerdictKey {
  const usual = (name: SignalName) => (name === 'work' || name === 'extraMetrics' ? 'none' : 'good');
  const readings = [4, 3, 2, 1, 0].map((ago): Reading => {
    const signals = SIGNALS.map((name) => [name, { quality: seen[name] ?? usual(name), value: 'x' }]);
    const since = new Date(NOW - 4 * PERIOD).toISOString();
    return {
      at: new Date(NOW - ago * PERIOD).toISOString(),
      clock: 's3',
      signals: Object.fromEntries(signals) as Reading['signals'],
      status: seen.activeEnvironment === undefined ? { name: status, since } : null,
    };
  });
  const observer = { schemaVersion: 1 as const, observer: 'a', site: 'b', readings };
  return judge({ periods: { periodSeconds: 300, badPeriods: 2 }, now: NOW, observer, others: [] }).key;
}

const MEANS: Readonly<Record<VerdictKey, string>> = {
  HEALTHY: 'The scheduler works by two of three witnesses at least, the standby is ready, nothing is to be remarked.',
  DEGRADED: 'The workflows run as far as anybody sees, with remarks; or an update excuses the site.',
  'UNHEALTHY(region)': 'The Region is dark from outside and silent at the standby, and nothing in it answers.',
  'UNHEALTHY(stopped)': 'No DAG of yours may run anywhere: nobody is active, or a claimed move stands.',
  'UNHEALTHY(airflow)': 'The Region answers. The scheduler is dead, or tasks are due and none starts.',
  UNKNOWN: 'Too little is seen for any of these.',
};

const ASKS: Readonly<Record<Permission, string>> = {
  allowed: 'goes',
  confirm: 'goes, with the name typed',
  force: '`override: force`',
  refused: 'never',
};

const exitOn = (key: VerdictKey): string => {
  const base = {
    operation: 'check',
    findings: [],
    isStillUnknown: key === 'UNKNOWN',
    verdict: { key, reason: '', evidence: [] },
  };
  return exitOf(base as never, 'unhealthy').code === 1 ? 'fails' : '';
};

const ask = (key: VerdictKey, mode: MoveMode): string => ASKS[permissionOf(key, mode)];

const verdictRows = (): readonly (readonly string[])[] => [
  ['verdict', 'meaning', 'the run', 'a move by hand'],
  ...VERDICT_KEYS.map((key) => [`\`${key}\``, MEANS[key], exitOn(key), ask(key, 'manual')]),
];

const lossRows = (): readonly (readonly string[])[] => [
  ['what is lost', 'verdict', 'a move by hand', 'why, and what helps'],
  ...LOSSES.map((loss) => {
    const key = verdictOf(loss);
    return [loss.what, `\`${key}\``, ask(key, 'manual'), loss.why];
  }),
];

/** As the formatter pads it. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

const within = (page: string, name: string, text: string): string =>
  page.replace(new RegExp(`(?<=<!-- ${name} -->\\n).*?(?=<!-- /${name} -->)`, 's'), () => `\n${text}\n\n`);

/** docs/health.md with its tables of verdicts and of losses as the code has them. */
export const withHealthReference = (page: string): string =>
  within(within(page, 'verdicts', table(verdictRows())), 'losses', table(lossRows()));
