/** What only GitHub enforces, and neither a linter nor a local run can show. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { OPERATIONS, WORKFLOW_OF } from '../../action/src/domain/inputs.ts';
import { githubEnvironment, WORKFLOWS } from '../../action/src/domain/names.ts';
import { type Job, type Step, WORKFLOW_FILES } from './workflow-files.ts';

interface Pin {
  readonly action: string;
  readonly sha: string;
  readonly version: string;
  readonly runtime: string;
  readonly verified: string;
}
const pins = JSON.parse(readFileSync(new URL('pins.json', import.meta.url), 'utf8')) as Pin[];

const ids = WORKFLOW_FILES.map(({ id }) => id);
const jobs: [string, Job][] = WORKFLOW_FILES.flatMap(({ id, jobs: all }) =>
  Object.entries(all).map(([name, job]): [string, Job] => [`${id}/${name}`, job]),
);
const stepsOf = (job: Job): readonly Step[] => job.steps ?? [];
const operationsOf = (job: Job): string[] =>
  stepsOf(job)
    .filter(({ uses }) => uses === './action')
    .map((step) => String(step.with?.['operation']));
/** The workflow in whose name a job asks AWS; `undefined` when it asks nothing. */
const askerOf = (job: Job) => {
  const [operation] = operationsOf(job).filter((name) => name in WORKFLOW_OF);
  return operation === undefined ? undefined : WORKFLOW_OF[operation as keyof typeof WORKFLOW_OF];
};

/** What jobs may do on GitHub beyond reading the repository. Nobody who may write there has AWS credentials that write. */
const RIGHTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'plan/files': { 'pull-requests': 'read' },
  'plan/comment': { 'pull-requests': 'write' },
  'reconcile/files': { 'pull-requests': 'read' },
  'reconcile/reconcile': { 'pull-requests': 'read' },
  'drift/drift': { issues: 'write' },
  'failover/agree': { contents: 'write', issues: 'write', 'pull-requests': 'write' },
};

it('there is a workflow for each role, and the checks of this repository', () => {
  expect(ids).toEqual([...WORKFLOWS, 'ci'].sort());
});

describe.each(WORKFLOW_FILES.map((file) => [file.id, file] as const))('%s', (id, file) => {
  it('grants nothing at the top', () => {
    expect(file.permissions).toEqual({});
  });

  it('is started by no event that carries our rights into the code of a stranger', () => {
    expect(Object.keys(file.on)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(pull_request_target|workflow_run|issue_comment)$/)]),
    );
    if (id !== 'ci' && id !== 'plan') expect(Object.keys(file.on)).not.toContain('pull_request');
  });
});

describe.each(jobs)('the job %s', (id, job) => {
  it('names its permissions', () => {
    expect(job.permissions).toBeDefined();
  });

  it('has exactly the rights that it needs, and an id token only to ask AWS', () => {
    expect(job.permissions).toEqual({
      contents: 'read',
      ...(askerOf(job) && { 'id-token': 'write' }),
      ...RIGHTS[id],
    });
  });

  it('runs only operations that there are', () => {
    expect(operationsOf(job).filter((name) => !(OPERATIONS as readonly string[]).includes(name))).toEqual([]);
  });

  it('asks AWS by the role of its deployment', () => {
    for (const step of stepsOf(job).filter(({ uses }) => uses === './action')) {
      const asks = String(step.with?.['operation']) in WORKFLOW_OF;
      const role = step.with?.['role-to-assume'];
      // One variable cannot name the roles of all deployments that share an environment, nor that of a matrix's leg.
      const ofItsOwn = "${{ vars.MWAADR_ROLE || 'derived' }}";
      const isShared = ['plan', 'reconcile', 'drift'].includes(askerOf(job) ?? '');
      expect(role).toBe(asks ? (isShared ? 'derived' : ofItsOwn) : undefined);
    }
  });

  it('ends by itself, on a runner of a fixed version', () => {
    if (job.uses !== undefined) return;
    expect(job['timeout-minutes']).toBeGreaterThan(0);
    expect(job['runs-on']).toBe('ubuntu-24.04');
  });

  it('runs in the GitHub environment that the trust of its role names', () => {
    const workflow = askerOf(job);
    const environment = job.environment
      // The action's own list of legs names it; see the tests of the matrix.
      ?.replace('${{ matrix.leg.environment }}', 'x-reconcile')
      .replace(/\$\{\{ (?:matrix|inputs)\.deployment \}\}/, 'x');
    expect(environment).toBe(workflow && githubEnvironment({ deployment: 'x' }, workflow));
  });

  it('takes an id token in a pull request only where no fork comes', () => {
    const [workflow] = id.split('/');
    const comesFromPulls = 'pull_request' in (WORKFLOW_FILES.find((file) => file.id === workflow)?.on ?? {});
    if (!comesFromPulls || job.permissions?.['id-token'] === undefined) return;
    expect(job.if).toMatch(/&& github\.event\.pull_request\.head\.repo\.full_name == github\.repository \}\}$/);
  });

  it('has a leg for each deployment although the job that lists them failed for one, and none for an empty list', () => {
    const [, list] = /fromJSON\((needs\.\w+\.outputs\.\w+)\)/.exec(JSON.stringify(job.strategy ?? '')) ?? [];
    if (list === undefined) return;
    expect(job.if).toContain(`!cancelled() && ${list} != '' && ${list} != '[]'`);
  });

  it('leaves no token behind in the checkout', () => {
    for (const step of stepsOf(job).filter(({ uses }) => uses?.startsWith('actions/checkout@'))) {
      expect(step.with).toMatchObject({ 'persist-credentials': false });
    }
  });

  it('puts no expression into a script', () => {
    for (const { run = '' } of stepsOf(job)) expect(run).not.toContain('${{');
  });
});

describe('concurrency', () => {
  const concurrency = Object.fromEntries(WORKFLOW_FILES.map((file) => [file.id, file.concurrency]));

  it('lets the moves of a deployment wait for each other, none dropped and none cancelled', () => {
    expect(concurrency['failover']).toEqual({
      group: 'move-${{ inputs.deployment }}',
      queue: 'max',
      'cancel-in-progress': false,
    });
  });

  it('lets a move wait for nothing but moves', () => {
    const groups = WORKFLOW_FILES.filter(({ id }) => id !== 'failover').map((file) =>
      String(file.concurrency?.['group']),
    );
    expect(groups.filter((group) => group.startsWith('move'))).toEqual([]);
  });

  it('carries out merges in their order, none dropped and none cancelled', () => {
    expect(concurrency['reconcile']).toEqual({ group: 'reconcile', queue: 'max', 'cancel-in-progress': false });
  });

  it.each(['health', 'snapshot', 'install', 'drift'])('never cancels %s half-way', (id) => {
    expect(concurrency[id]).toEqual({ group: id, 'cancel-in-progress': false });
  });
});

describe('waiting for a verdict', () => {
  it.each(['health', 'failover'])('%s waits without being asked to, and well within the time of its job', (id) => {
    const job = WORKFLOW_FILES.find((file) => file.id === id)?.jobs[id];
    const wait = String(job && stepsOf(job).find(({ uses }) => uses === './action')?.with?.['wait']);
    const seconds = Number(/^\$\{\{ inputs\.wait \|\| '(?<seconds>\d+)' \}\}$/.exec(wait)?.groups?.['seconds']);
    // A heartbeat of the example is stale after 360 s; then two periods, and one for the metric to be of whole ones.
    expect(seconds).toBeGreaterThanOrEqual(4 * 300);
    expect((job?.['timeout-minutes'] ?? 0) * 60).toBeGreaterThanOrEqual(seconds + 600);
  });
});

describe('the actions of others', () => {
  const used = WORKFLOW_FILES.flatMap(({ text }) =>
    [...text.matchAll(/uses: (?<action>[^.\s][^@\s]*)@(?<sha>\S+)(?: # (?<version>\S+))?$/gm)].map(
      ({ groups }) => groups as Record<string, string>,
    ),
  );

  it('are pinned to reviewed commits, and their comment says the version', () => {
    expect(used.length).toBeGreaterThan(0);
    for (const use of used) expect(pins).toContainEqual(expect.objectContaining({ ...use }));
  });

  it('run on Node 24, and each review says how it was made', () => {
    for (const { sha, runtime, verified } of pins) {
      expect(sha).toMatch(/^[0-9a-f]{40}$/);
      expect(runtime).toBe('node24');
      expect(verified).toMatch(/^\d{4}-\d\d-\d\d: .{20,}/);
    }
  });

  it('are reviewed only while they are used', () => {
    expect(pins.map(({ sha }) => sha).filter((sha) => !used.some((use) => use['sha'] === sha))).toEqual([]);
  });
});
