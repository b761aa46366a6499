import type {
  CheckResult,
  FailoverResult,
  InstallResult,
  SnapshotResult,
  StatusResult,
  VerifyResult,
} from '../../../action/src/domain/results.ts';
import type { Context } from '../../../action/src/report/words.ts';

export const GITHUB: Context = { file: 'environments/example.json', onGitHub: true, maxRows: 1_000 };
export const TERMINAL: Context = { ...GITHUB, onGitHub: false };

const SNAPSHOT = { id: '20261124T101500Z-e0-ab12cd34', takenAt: '2026-11-24T10:15:00Z', ageSeconds: 363 };

export const healthy: CheckResult = {
  operation: 'check',
  deployment: 'example',
  at: '2026-11-24T10:21:03Z',
  active: 'us-east-1',
  standby: 'us-west-2',
  epoch: 0,
  verdict: {
    key: 'HEALTHY',
    reason: 'the scheduler works, and the standby is ready',
    evidence: [
      'activeMetric: good, 60 and 60 heartbeats in the last 2 periods of 300 s',
      'activeAirflow: good, scheduler healthy, metadata database healthy',
      'heartbeat: good, 41 s old',
    ],
  },
  permission: { manual: 'force', automatic: 'refused' },
  readings: 1,
  snapshot: SNAPSHOT,
  findings: [],
  notes: [],
  withdrawn: [],
  debts: { paid: [], owed: [] },
  savedEnvironments: ['us-east-1', 'us-west-2'],
  warnings: [],
};

const fenceDebt = {
  kind: 'fence',
  site: 'us-east-1',
  epoch: 1,
  move: 'mv-1-ab12cd34',
  since: '2026-11-24T10:24:00Z',
} as const;

export const degraded: CheckResult = {
  ...healthy,
  verdict: {
    key: 'DEGRADED',
    reason: 'the environment is UPDATING since 2026-11-24T10:00:00Z, which excuses it until 2026-11-24T12:00:00Z',
    evidence: [
      'activeEnvironment: bad, UPDATING',
      'activeAirflow: denied, InvokeRestApi in us-east-1: AccessDeniedException',
    ],
    deadline: '2026-11-24T12:00:00Z',
  },
  debts: {
    owed: [fenceDebt, { ...fenceDebt, kind: 'claim' }],
    paid: [
      { ...fenceDebt, grade: 'stopped' },
      { ...fenceDebt, kind: 'claim', grade: 'unproven' },
    ],
  },
  warnings: ['the environment of us-west-2 could not be saved: PutObject in us-west-2: SlowDown'],
};

export const lost: CheckResult = {
  ...healthy,
  verdict: {
    key: 'UNHEALTHY(region)',
    reason: 'the Region is dark from outside and silent at the standby for 2 periods in a row',
    evidence: [
      'activeEnvironment: dark, GetEnvironment in us-east-1: TimeoutError',
      'activeMetric: dark, GetMetricData in us-east-1: TimeoutError',
      'activeStorage: dark, GetObject in us-east-1: ECONNREFUSED',
      'heartbeat: bad, 11 min old',
      'standbyStorage: good, answers',
      'standbyIdentity: good, answers',
    ],
  },
};

export const schedulerDead: CheckResult = {
  ...healthy,
  verdict: {
    ...lost.verdict,
    key: 'UNHEALTHY(airflow)',
    reason: 'the Region answers, but the scheduler has been dead for 2 periods in a row',
  },
};

export const unknown: CheckResult = {
  ...healthy,
  epoch: undefined,
  snapshot: undefined,
  verdict: {
    key: 'UNKNOWN',
    reason: 'STS knows us in neither Region: the trouble is with our credentials',
    evidence: [
      'activeIdentity: denied, GetCallerIdentity in us-east-1: ExpiredToken',
      'standbyIdentity: denied, GetCallerIdentity in us-west-2: ExpiredToken',
    ],
  },
};

export const unprotected: CheckResult = { ...healthy, snapshot: undefined };

const task = (number: number, was: string) => ({
  dagId: 'etl_orders',
  runId: `scheduled__2026-11-24T10:${String(number % 60).padStart(2, '0')}:00+00:00`,
  taskId: 'load',
  mapIndex: number % 3 === 0 ? number : -1,
  was,
});

export const failover: FailoverResult = {
  operation: 'failover',
  schemaVersion: 1,
  deployment: 'example',
  move: 'mv-1-ab12cd34',
  epoch: 1,
  from: 'us-east-1',
  to: 'us-west-2',
  reason: 'us-east-1 is lost, see INC-4711',
  actor: 'octocat https://github.com/example/deployments/actions/runs/4711',
  resumed: false,
  startedAt: '2026-11-24T10:22:00Z',
  confirmedAt: '2026-11-24T10:25:41Z',
  verdict: lost.verdict,
  overridden: false,
  loss: {
    snapshot: SNAPSHOT,
    lastSignOfLife: '2026-11-24T10:19:40Z',
    lostSeconds: 280,
    inFlight: [
      { dagId: 'etl_orders', runId: 'scheduled__2026-11-24T10:00:00+00:00', state: 'running', tasks: { running: 1 } },
    ],
  },
  fence: 'unproven',
  debts: [fenceDebt],
  steps: (
    [
      ['planned', '10:22:00', 2_100],
      ['prepared', '10:22:02', 48_300],
      ['rechecked', '10:22:51', 6_100],
      ['claimed', '10:22:57', 6_400],
      ['fenced', '10:23:03', 10_000],
      ['activated', '10:23:13', 31_000],
      ['confirmed', '10:23:44', 117_000],
    ] as const
  ).map(([step, time, milliseconds]) => ({
    step,
    startedAt: `2026-11-24T${time}Z`,
    endedAt: `2026-11-24T${time}Z`,
    milliseconds,
  })),
  activation: {
    rerun: [task(0, 'running'), task(10, 'queued')],
    continued: Array.from({ length: 12 }, (_, number) => task(number, 'deferred')),
    runs: [],
    unpaused: 7,
    paused: 1,
    missingDags: ['reports_daily'],
    nextRuns: [
      { dagId: 'etl_orders', at: '2026-11-24T10:30:00+00:00' },
      { dagId: 'on_demand', at: null },
    ],
  },
  firstBeat: { at: '2026-11-24T10:25:41Z', liveUserRuns: 2, unpausedUserDags: 7 },
  rpo: { objectiveSeconds: 900, measuredSeconds: 280 },
  rto: { objectiveSeconds: 900, measuredSeconds: 361 },
};

export const verified: VerifyResult = {
  operation: 'verify',
  deployment: 'example',
  site: 'us-west-2',
  snapshot: SNAPSHOT,
  lineage: { site: 'us-east-1', epoch: 0 },
  parts: 31,
  bytes: 5_300_000,
  rows: 48_211,
  milliseconds: 2_840,
};

export const snapshot: SnapshotResult = {
  operation: 'snapshot',
  deployment: 'example',
  outcome: 'fresh',
  verified,
  rpo: { objectiveSeconds: 900, measuredSeconds: 363 },
};

export const status: StatusResult = {
  operation: 'status',
  deployment: 'example',
  at: '2026-11-24T10:21:03Z',
  active: 'us-east-1',
  standby: 'us-west-2',
  nobodyActive: false,
  findings: [],
  notes: [],
  epoch: 0,
  phase: 'activated',
  lease: undefined,
  move: undefined,
  debts: [],
  rpo: { objectiveSeconds: 900, measuredSeconds: 363 },
  sites: [
    {
      region: 'us-east-1',
      environment: 'example-us-east-1',
      role: 'active',
      status: 'AVAILABLE',
      heartbeat: { at: '2026-11-24T10:20:22Z', ageSeconds: 41, role: 'active', epoch: 0 },
      control: 'epoch 0, activated',
    },
    {
      region: 'us-west-2',
      environment: 'example-us-west-2',
      role: 'standby',
      status: 'unreadable: dark',
      heartbeat: undefined,
      control: 'missing',
    },
  ],
  snapshots: [
    { id: SNAPSHOT.id, takenAt: SNAPSHOT.takenAt, epoch: 0, deadBranch: false },
    { id: '20261123T101500Z-e1-ab12cd34', takenAt: '2026-11-23T10:15:00Z', epoch: 1, deadBranch: true },
  ],
};

export const moving: StatusResult = {
  ...status,
  epoch: 1,
  phase: 'claimed',
  debts: [fenceDebt],
  lease: { holder: 'octocat', nonce: 'n', purpose: 'failover', expiresAt: '2026-11-24T10:25:00Z' },
  move: {
    id: 'mv-1-ab12cd34',
    kind: 'failover',
    from: 'us-east-1',
    to: 'us-west-2',
    epoch: 1,
    snapshot: SNAPSHOT.id,
    step: 'claimed',
    startedAt: '2026-11-24T10:22:00Z',
    reason: "it's lost",
    actor: 'octocat',
    fence: null,
  },
};

export const install: InstallResult = {
  operation: 'install',
  deployment: 'example',
  changed: true,
  sites: [
    {
      region: 'us-east-1',
      uploaded: ['canary.py', 'deployment.json'],
      unchanged: 0,
      control: 'created',
      holdInstalled: true,
    },
    { region: 'us-west-2', uploaded: ['canary.py'], unchanged: 1, control: 'created', holdInstalled: false },
  ],
};
