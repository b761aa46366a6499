/** What only GitHub enforces, and neither a linter nor a local run can show. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { githubEnvironment, WORKFLOWS } from '../../infra/lib/permissions.ts';
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
const runsAction = (job: Job): boolean => stepsOf(job).some(({ uses }) => uses === './action');

it('there is a workflow for each role, the checks of this repository, and what they share', () => {
  expect(ids).toEqual([...WORKFLOWS, 'ci', '_deployments'].sort());
});

describe.each(WORKFLOW_FILES.map((file) => [file.id, file] as const))('%s', (id, file) => {
  it('grants nothing at the top', () => {
    expect(file.permissions).toEqual({});
  });

  it('is started by no event that carries our rights into the code of a stranger', () => {
    expect(Object.keys(file.on)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(pull_request_target|workflow_run|issue_comment)$/)]),
    );
    if (id !== 'ci') expect(Object.keys(file.on)).not.toContain('pull_request');
  });
});

describe.each(jobs)('the job %s', (id, job) => {
  it('names its permissions', () => {
    expect(job.permissions).toBeDefined();
  });

  it('has the right to an id token if it runs the action, and only then', () => {
    expect(job.permissions?.['id-token']).toBe(runsAction(job) ? 'write' : undefined);
  });

  it('writes to nothing else on GitHub', () => {
    const writes = Object.entries(job.permissions ?? {}).filter(([, level]) => level === 'write');
    expect(writes.map(([name]) => name).filter((name) => name !== 'id-token')).toEqual([]);
  });

  it('ends by itself, on a runner of a fixed version', () => {
    if (job.uses !== undefined) return;
    expect(job['timeout-minutes']).toBeGreaterThan(0);
    expect(job['runs-on']).toBe('ubuntu-24.04');
  });

  it('runs in the GitHub environment that the trust of its role names', () => {
    if (!runsAction(job)) {
      expect(job.environment).toBeUndefined();
      return;
    }
    const workflow = WORKFLOWS.find((name) => id.startsWith(`${name}/`));
    expect(workflow).toBeDefined();
    expect(job.environment?.replace(/\$\{\{ (?:matrix|inputs)\.deployment \}\}/, 'x')).toBe(
      workflow && githubEnvironment({ deployment: 'x' }, workflow),
    );
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

  it.each(['health', 'snapshot', 'install'])('never cancels %s half-way', (id) => {
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
