/** The workflows of a change, as GitHub runs them: from a pull request to both sites, and back when reality differs. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Workflow } from '../../action/src/domain/names.ts';
import { ACCOUNT } from '../sandbox/topology.ts';
import { installAirflow } from '../sandbox/install.ts';
import { fileOf, Fleet, type Run } from './fleet.ts';
import { notGranted, type RoleCall } from './role-calls.ts';
import type { JobRun } from './run-workflow.ts';

const [EAST, WEST] = ['us-east-1', 'us-west-2'] as const;
const BROKEN = 'environments/broken.json';

let fleet: Fleet;
let python: string;
beforeAll(async () => {
  python = await installAirflow('2.10.3', () => undefined);
  fleet = await Fleet.start();
}, 300_000);
afterAll(() => fleet.stop(), 60_000);

/** What each workflow asked of AWS. */
const calls = new Map<Workflow, RoleCall[]>();

async function heard(workflow: Workflow, running: Promise<Run>): Promise<Run> {
  const run = await running;
  calls.set(workflow, [...(calls.get(workflow) ?? []), ...run.calls]);
  return run;
}

/** The only job of this name, whatever its leg is called. */
function jobOf(run: Run, name: string, leg = ''): JobRun {
  const found = Object.entries(run.jobs).filter(([id]) => id.split(' ')[0] === name && id.includes(leg));
  const [[, job] = []] = found;
  if (found.length === 1 && job !== undefined) return job;
  throw new Error(`not one job ${name} ${leg}:\n${Object.keys(run.jobs).join('\n')}\n${run.messages.join('\n')}`);
}

const resultsOf = (run: Run): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(run.jobs).map(([id, { result }]) => [id.replace(/ .*/, ''), result]));

const failures = (run: Run): string =>
  run.code === 0
    ? ''
    : Object.values(run.jobs)
        .filter(({ result }) => result === 'failure')
        .flatMap(({ annotations, log }) => [...annotations.map(({ message }) => message), ...log])
        .join('\n') || run.messages.join('\n');

/** Requests that change something. */
const changes = (run: Run): string[] =>
  run.calls
    .filter(({ operation }) => !/^(Get|List|Head|Assume|InvokeRestApi)/.test(operation))
    .map(({ operation, region }) => `${region} ${operation}`);

const workers = (name: 'billing' | 'orders') =>
  [WEST, EAST].map((region) => {
    const { MinWorkers, MaxWorkers } = fleet.settings(name, region);
    return [MinWorkers, MaxWorkers];
  });

let pull: number;
let commented: number | undefined;

describe('A pull request', () => {
  it('is planned deployment by deployment, whatever else is broken in it', async () => {
    const sha = await fleet.commit({
      ...fleet.file('billing', { maxWorkers: 8 }),
      ...fleet.file('orders', { maxWorkers: 12 }),
      [BROKEN]: '{',
    });
    pull = fleet.openPull('more-workers', [fileOf('billing'), fileOf('orders'), BROKEN]);
    const run = await heard('plan', fleet.plan(pull, sha, { python }));
    expect(resultsOf(run)).toMatchObject({ files: 'failure', dags: 'success', comment: 'success' });
    // act has one result for all legs of a matrix.
    expect(jobOf(run, 'plan', ACCOUNT).outputs['plan']).toMatchObject({ outcome: 'changes' });
    expect(jobOf(run, 'plan', 'unreadable').outputs['plan']).toMatchObject({ outcome: 'failed' });
    // Of `validate` and of `matrix`.
    expect(jobOf(run, 'files').annotations).toEqual(Array(2).fill(expect.objectContaining({ level: 'error' })));
    expect(jobOf(run, 'files').summary).toContain(BROKEN);
    expect(JSON.parse(jobOf(run, 'dags').outputs['dags']?.['json'] ?? '')).toMatchObject({ dags: 1 });
    const [comment, ...more] = fleet.github.repository.comments;
    expect(more).toEqual([]);
    expect(comment).toMatchObject({ issue: pull, author: 'github-actions[bot]' });
    for (const words of ['billing would be changed', 'orders would be changed', `${BROKEN}: MDR-FILE-SYNTAX`])
      expect(comment?.body).toContain(words);
    commented = comment?.id;
  }, 60_000);

  it('keeps its one comment when it is pushed again', async () => {
    const sha = await fleet.commit({ ...fleet.file('billing', { maxWorkers: 9 }), [BROKEN]: undefined });
    const run = await heard('plan', fleet.plan(pull, sha, { python }));
    expect(failures(run)).toBe('');
    const [comment, ...more] = fleet.github.repository.comments;
    expect(more).toEqual([]);
    expect(comment?.id).toBe(commented);
    expect(comment?.body).toMatch(/MaxWorkers<\/code> \| <code>9</);
    expect(changes(run)).toEqual([]);
  }, 60_000);

  it('that no longer concerns a deployment does not go on showing an old plan, and one that never did has no comment', async () => {
    const sha = await fleet.commit({});
    const other = fleet.openPull('docs', ['README.md']);
    expect(failures(await fleet.plan(other, sha))).toBe('');
    expect(fleet.github.repository.comments).toHaveLength(1);
    const files = fleet.github.repository.issue(pull).pull?.files ?? [];
    const before = files.splice(0);
    expect(failures(await fleet.plan(pull, sha))).toBe('');
    expect(fleet.github.repository.comment(commented ?? 0).body).toContain('No deployment is concerned');
    files.push(...before);
    expect(failures(await heard('plan', fleet.plan(pull, sha, { python })))).toBe('');
    expect(fleet.github.repository.comment(commented ?? 0).body).toContain('billing would be changed');
  }, 90_000);

  it('of a fork has its files checked, and gets no credentials and no comment', async () => {
    const sha = await fleet.commit({});
    const run = await fleet.plan(fleet.openPull('fork', [fileOf('billing')]), sha, { from: 'mallory/airflow' });
    expect(failures(run)).toBe('');
    expect(jobOf(run, 'files').summary).toContain('1 of 2 deployments');
    expect(Object.values(run.jobs).filter(({ result }) => result === 'success')).toHaveLength(1);
    expect([run.calls, run.idTokens]).toEqual([[], 0]);
    expect(fleet.github.repository.comments).toHaveLength(1);
  }, 60_000);
});

describe('A merge', () => {
  it('carries out the plan that was reviewed, the standby first', async () => {
    const run = await heard('reconcile', fleet.merge(pull, await fleet.commit({})));
    expect(failures(run)).toBe('');
    for (const name of ['billing', 'orders']) {
      const { outputs, summary } = jobOf(run, 'reconcile', name);
      expect(outputs['reconcile']).toMatchObject({ outcome: 'applied' });
      expect(summary).toContain(`reviewed in pull request &#35;${pull}`);
    }
    expect(workers('billing')).toEqual([[1, 9], [1, 9]]); // prettier-ignore
    expect(workers('orders')).toEqual([[1, 12], [1, 12]]); // prettier-ignore
    const updates = run.calls
      .filter(({ operation, path }) => operation === 'UpdateEnvironment' && path.includes('orders'))
      .toSorted((a, b) => a.time.getTime() - b.time.getTime());
    expect(updates.map(({ region }) => region)).toEqual([WEST, EAST]);
  }, 60_000);

  it('that is carried out again changes nothing', async () => {
    const run = await heard('reconcile', fleet.push());
    expect(failures(run)).toBe('');
    expect(jobOf(run, 'reconcile', 'orders').outputs['reconcile']).toMatchObject({ outcome: 'in sync' });
    expect(changes(run)).toEqual([]);
  }, 60_000);

  it('is refused when somebody changed an environment since the review, and says what', async () => {
    const sha = await fleet.commit(fleet.file('billing', { maxWorkers: 7 }));
    const number = fleet.openPull('fewer-workers', [fileOf('billing')]);
    expect(failures(await heard('plan', fleet.plan(number, sha)))).toBe('');
    await fleet.edit('billing', WEST, { MinWorkers: 3 });
    const run = await heard('reconcile', fleet.merge(number, sha));
    const { result, summary } = jobOf(run, 'reconcile', 'billing');
    expect(result).toBe('failure');
    expect(summary).toContain('MDR-PLAN-MOVED');
    expect(summary).toMatch(/MinWorkers.*us-west-2.*3/);
    expect(changes(run)).toEqual([]);
    expect(workers('billing')).toEqual([[3, 9], [1, 9]]); // prettier-ignore
  }, 60_000);
});

describe('A push of several pull requests', () => {
  it('carries out what each of them was shown, and what none brought concerns everything', async () => {
    const first = await fleet.commit(fleet.file('billing', { maxWorkers: 7 }));
    const billing = fleet.openPull('billing', [fileOf('billing')]);
    expect(failures(await heard('plan', fleet.plan(billing, first)))).toBe('');
    const second = await fleet.commit(fleet.file('orders', { maxWorkers: 13 }));
    const orders = fleet.openPull('orders', [fileOf('orders')]);
    expect(failures(await heard('plan', fleet.plan(orders, second, { python })))).toBe('');
    fleet.land(billing, first);
    fleet.land(orders, second);
    const run = await heard('reconcile', fleet.push(first, second));
    expect(failures(run)).toBe('');
    expect(jobOf(run, 'reconcile', 'billing').summary).toContain(`reviewed in pull request &#35;${billing}`);
    expect(jobOf(run, 'reconcile', 'orders').summary).toContain(`reviewed in pull request &#35;${orders}`);
    const stray = await fleet.commit({ 'README.md': 'By hand.' });
    const all = await heard('reconcile', fleet.push(second, stray));
    expect(jobOf(all, 'files').summary).toContain('2 of 2 deployments');
    expect(jobOf(all, 'files').summary).toContain('no pull request brought all of this');
  }, 120_000);
});

describe('Drift', () => {
  const look = async (): Promise<Run> => {
    const run = await heard('drift', fleet.run({ file: 'drift.yml', event: 'schedule' }));
    expect(failures(run)).toBe('');
    return run;
  };
  const issues = () => fleet.github.repository.issues.filter(({ pull: its }) => its === undefined);

  it('has one issue, of the deployment that differs', async () => {
    await fleet.edit('billing', WEST, { MinWorkers: 3 });
    const run = await look();
    expect(jobOf(run, 'drift').outputs['drift']).toMatchObject({ outcome: 'drift' });
    expect(issues()).toEqual([expect.objectContaining({ state: 'open', title: expect.stringContaining('billing') })]);
    expect(issues()[0]?.body).toContain('MinWorkers');
    expect(jobOf(run, 'status').summary).toContain('orders');
  }, 60_000);

  it('that goes on is told in the same issue', async () => {
    await fleet.edit('billing', EAST, { EnvironmentClass: 'mw1.medium' });
    await look();
    expect(issues()).toHaveLength(1);
    expect(issues()[0]?.body).toContain('EnvironmentClass');
  }, 60_000);

  it('that is set right closes it', async () => {
    const asGitSays = { MinWorkers: 1, MaxWorkers: 7, EnvironmentClass: 'mw1.small' };
    for (const region of [EAST, WEST]) await fleet.edit('billing', region, asGitSays);
    const run = await look();
    expect(jobOf(run, 'drift').outputs['drift']).toMatchObject({ outcome: 'clean' });
    expect(issues()).toEqual([expect.objectContaining({ state: 'closed', stateReason: 'completed' })]);
  }, 60_000);
});

describe('Drift that the file lets heal', () => {
  it('is set right at once, and the rest is left to people', async () => {
    await fleet.commit(fleet.file('orders', { maxWorkers: 12, selfHeal: ['MaxWorkers'] }));
    await fleet.edit('orders', WEST, { MinWorkers: 2, MaxWorkers: 3 });
    const run = await heard('drift', fleet.run({ file: 'drift.yml', event: 'schedule' }));
    expect(failures(run)).toBe('');
    expect(jobOf(run, 'heal', 'orders').outputs['heal']).toMatchObject({ outcome: 'applied' });
    expect(workers('orders')).toEqual([[2, 12], [1, 12]]); // prettier-ignore
  }, 60_000);
});

describe('A deployment file that cannot be read', () => {
  beforeAll(() => fleet.commit({ [BROKEN]: '{' }));
  afterAll(() => fleet.commit({ [BROKEN]: undefined }));

  it('fails its own job and hides no other', async () => {
    const run = await fleet.run({ file: 'health.yml', event: 'workflow_dispatch', inputs: { wait: '0' } });
    expect(jobOf(run, 'deployments').result).toBe('failure');
    expect(jobOf(run, 'health', 'broken').summary).toContain('MDR-FILE-SYNTAX');
    for (const name of ['billing', 'orders']) expect(jobOf(run, 'health', name).summary).toContain(`${name} runs in`);
  }, 60_000);

  it('is no drift: it is said, and the others are looked at and healed', async () => {
    const run = await heard('drift', fleet.run({ file: 'drift.yml', event: 'schedule' }));
    expect(jobOf(run, 'files').result).toBe('failure');
    expect(jobOf(run, 'drift', ACCOUNT).outputs['drift']?.['outcome']).not.toBe('failed');
    expect(jobOf(run, 'drift', 'unreadable').summary).toContain('MDR-FILE-SYNTAX');
    expect(jobOf(run, 'heal', 'orders').result).toBe('success');
    expect(jobOf(run, 'status').result).toBe('failure');
    expect(jobOf(run, 'status').summary).toContain('MDR-FILE-SYNTAX');
  }, 60_000);

  it('fails the run of a push, which carries out the others', async () => {
    const run = await heard('reconcile', fleet.run({ file: 'reconcile.yml', event: 'workflow_dispatch' }));
    expect(jobOf(run, 'files').result).toBe('failure');
    for (const name of ['billing', 'orders']) expect(jobOf(run, 'reconcile', name).result).toBeDefined();
  }, 60_000);
});

describe('After a move', () => {
  it.each([
    ['an issue has the patch, where no app may open a pull request', {}, 'issue'],
    ['the app opens a pull request whose checks run', { 'app-token': 'app-token' }, 'pull request'],
  ])(
    '%s',
    async (_, tokens, kind) => {
      const { repository } = fleet.github;
      repository.branch('main').files.set(fileOf('orders'), fleet.files[fileOf('orders')] ?? '');
      const inputs = { operation: 'agree', deployment: fileOf('orders'), 'active-site': WEST, epoch: '1' };
      const run = await fleet.step({ ...inputs, 'github-token': 'job-token', ...tokens });
      expect(run.log).not.toContain('MDR-');
      expect(run.code).toBe(0);
      const made = repository.issues.at(-1);
      expect(run.outputs['url']).toMatch(new RegExp(`/${made?.number ?? ''}$`));
      expect(made?.pull === undefined ? 'issue' : 'pull request').toBe(kind);
      if (made?.pull !== undefined) {
        expect(made.pull.startsChecks).toBe(true);
        const text = repository.branch(made.pull.head).files.get(fileOf('orders')) ?? '';
        expect(JSON.parse(text)).toMatchObject({ active: { site: WEST, since: 1 } });
      }
    },
    30_000,
  );
});

// What heals itself does so by the role of reconcile.
it.each([['plan'], ['reconcile'], ['drift', 'reconcile']] as const)(
  '%s asks nothing of AWS that the role of each of its sessions does not allow',
  (workflow, ...more) => {
    const asked = calls.get(workflow) ?? [];
    expect(asked.length).toBeGreaterThan(20);
    expect(notGranted([workflow, ...more], fleet.files, asked)).toEqual([]);
  },
);

it('doctor, which acts by the role of drift, asks nothing that it does not allow', async () => {
  const { outputs, calls: asked } = await fleet.step({ operation: 'doctor', 'role-to-assume': 'derived' });
  expect(JSON.parse(outputs['json'] ?? '{}')).toMatchObject({ deployments: [{}, {}], failures: [] });
  expect(new Set(asked.map(({ service }) => service))).toEqual(
    new Set(['s3', 'kms', 'airflow', 'iam', 'ec2', 'sts', 'monitoring']),
  );
  expect(notGranted(['drift'], fleet.files, asked)).toEqual([]);
}, 60_000);
