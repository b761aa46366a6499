import type {
  CheckResult,
  FailoverResult,
  InstallResult,
  UninstallResult,
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
  isStillUnknown: false,
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
    owed: [
      { ...fenceDebt, grade: 'unproven' },
      { ...fenceDebt, grade: 'paused' },
      { ...fenceDebt, kind: 'claim', grade: null },
    ],
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
  compared: 30,
  read: 1,
  bytes: 5_300_000,
  downloaded: 171_000,
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
  notes: ['mv-1-ab12cd34 to us-west-2 is under way and has come to claimed; its run holds the lease until …'],
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

export const uninstall: UninstallResult = {
  operation: 'uninstall',
  deployment: 'example',
  erased: false,
  epoch: 1,
  sites: [
    {
      region: 'us-west-2',
      role: 'active',
      database: 'emptied',
      paused: 0,
      late: ['orders'],
      files: 38,
      dags: 5,
      objects: 7,
    },
    { region: 'us-east-1', role: 'standby', database: 'emptied', paused: 2, late: [], files: 38, dags: 5, objects: 9 },
  ],
};

const command = {
  operation: 'failover',
  inputs: { target: 'us-west-2', reason: 'mv-1-ab12cd34 stands at claimed', confirm: 'example' },
} as const;

/** A failover was killed after its claim, and the old side has obeyed it. */
export const stopped: CheckResult = {
  ...healthy,
  epoch: 1,
  verdict: {
    key: 'UNHEALTHY(stopped)',
    reason: 'mv-1-ab12cd34 to us-west-2 stands at claimed, and no run works on it any more',
    evidence: [
      'role: bad, mv-1-ab12cd34 to us-west-2 stands at claimed, and no run works on it any more',
      'activeMetric: good, SchedulerHeartbeat 60, 60',
      'activeAirflow: good, scheduler healthy',
      'heartbeat: good, last beat 41 s ago',
      'hold: good, held',
    ],
  },
  permission: { manual: 'confirm', automatic: 'refused' },
  findings: [
    {
      name: 'nobody-active',
      message:
        'nobody is active: us-east-1 itself says that it is a standby, in epoch 1, so that no DAG of yours runs anywhere',
      command,
    },
    {
      name: 'move-stands',
      message:
        'mv-1-ab12cd34 to us-west-2 stands at claimed, and no run works on it any more: us-east-1 stops its DAGs for it, and us-west-2 has not started them yet',
      command,
    },
  ],
};

/** The same, and its target is dark. */
export const unclear: CheckResult = {
  ...stopped,
  verdict: {
    key: 'UNKNOWN',
    reason: 'epoch 1 was claimed for us-west-2, and whether it is active there cannot be seen',
    evidence: ['role: dark, epoch 1 was claimed for us-west-2, and whether it is active there cannot be seen'],
  },
  findings: [
    {
      name: 'move-stands',
      message:
        'mv-1-ab12cd34 to us-west-2 stands at claimed, and no run works on it any more: epoch 1 was claimed for us-west-2, and whether it is active there cannot be seen',
      command: {
        ...command,
        inputs: { ...command.inputs, target: 'us-east-1', override: 'force' },
      },
    },
  ],
};

/** The move is done, and was never confirmed. */
export const unconfirmed: CheckResult = {
  ...healthy,
  active: 'us-west-2',
  standby: 'us-east-1',
  findings: [
    {
      name: 'move-stands',
      message:
        'mv-1-ab12cd34 to us-west-2 stands at activated, and no run works on it any more: us-west-2 is active, and the move is not closed yet',
      command: { ...command, inputs: { ...command.inputs, reason: 'mv-1-ab12cd34 stands at activated' } },
    },
  ],
};

export const allPaused: CheckResult = {
  ...healthy,
  findings: [
    {
      name: 'all-paused',
      message:
        'all DAGs of yours in us-east-1 are paused, though 2 were not at the newest snapshot (invoices, orders): unpause them in Airflow of example-us-east-1, unless they were paused on purpose',
    },
  ],
};

export const peerUnreadable: CheckResult = {
  ...degraded,
  debts: { paid: [], owed: [] },
  warnings: [],
  verdict: {
    key: 'DEGRADED',
    reason: 'the scheduler works by 3 of 3 witnesses, but activePeer: bad, us-west-2: dark',
    evidence: ['activePeer: bad, us-west-2: dark'],
  },
  findings: [
    {
      name: 'peer-unreadable',
      message:
        'us-east-1 cannot read its control records, although we can, so that a move away from it would not stop its DAGs: look at the way from its network to S3 in us-east-1 and us-west-2, and at its execution role',
    },
  ],
};

export const nothingRuns: CheckResult = {
  ...healthy,
  verdict: {
    key: 'UNHEALTHY(airflow)',
    reason: 'the Region answers, but tasks are due and nothing has started for 2 periods in a row',
    evidence: [
      'work: bad, 12 queued, 0 running, 0 started in the last 6 min, says Airflow',
      'heartbeat: bad, last beat 21 min ago',
      'activeMetric: good, SchedulerHeartbeat 60, 60',
      'activeAirflow: good, scheduler healthy',
      'activeEnvironment: good, AVAILABLE',
    ],
  },
  permission: { manual: 'confirm', automatic: 'refused' },
  findings: [
    {
      name: 'nothing-runs',
      message:
        'tasks are due in us-east-1, and none starts (12 queued, 0 running, 0 started in the last 6 min, says Airflow): look at the workers of example-us-east-1 first, and move if they cannot be brought back',
      command: { ...command, inputs: { ...command.inputs, reason: 'no task starts in us-east-1' } },
    },
  ],
};

export const withdrawn: CheckResult = {
  ...healthy,
  notes: ['all DAGs of yours in us-east-1 are paused, as they were at the newest snapshot'],
  withdrawn: moving.move === undefined ? [] : [{ ...moving.move, step: 'prepared' }],
};

export const nobodyActive: StatusResult = {
  ...moving,
  lease: undefined,
  notes: [],
  nobodyActive: true,
  findings: stopped.findings,
  sites: [
    {
      ...status.sites[0],
      role: 'standby',
      control: 'epoch 1, claimed',
      heartbeat: { at: '2026-11-24T10:20:22Z', ageSeconds: 41, role: 'standby', epoch: 1 },
    },
    { ...status.sites[1], status: 'AVAILABLE', control: 'epoch 1, claimed' },
  ],
};
