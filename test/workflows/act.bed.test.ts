/** The workflows as GitHub runs them, from the files to the bundle to two Airflows: only GitHub itself is missing. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Sandbox, startSandbox } from '../sandbox/index.ts';
import { eventually } from '../support/deadline.ts';
import { type OidcDouble, startOidc } from './oidc.ts';
import { makeRepository, type Repository } from './repository.ts';
import { listen, notGranted, type RoleCall } from './role-calls.ts';
import { type JobRun, runWorkflow } from './run-workflow.ts';

const NAME = 'sandbox';
const WORKFLOWS = ['install', 'snapshot', 'health', 'failover'] as const;
type Workflow = (typeof WORKFLOWS)[number];
const LEG = `{"deployment":"${NAME}"}`;

let sandbox: Sandbox;
let repository: Repository;
let oidc: OidcDouble;

beforeAll(async () => {
  oidc = await startOidc(`repo:o@1/r@2:environment:${NAME}-any`);
  sandbox = await startSandbox({
    airflow: '2.10.3',
    deploymentName: NAME,
    log: (line) => process.stderr.write(`${line}\n`),
  });
  repository = await makeRepository({ [`environments/${NAME}.json`]: readFileSync(sandbox.deploymentFile, 'utf8') });
}, 600_000);

afterAll(async () => {
  repository.remove();
  await oidc.close();
  await sandbox.stop();
}, 60_000);

async function job(workflow: Workflow, inputs?: Readonly<Record<string, string>>): Promise<JobRun> {
  const heard = listen(sandbox);
  const { AWS_ACCESS_KEY_ID: _key, AWS_SECRET_ACCESS_KEY: _secret, ...endpoints } = sandbox.actionEnv;
  const run = await runWorkflow({
    repository: repository.folder,
    file: `${workflow}.yml`,
    event: 'workflow_dispatch',
    vars: { MWAADR_ROLE: `arn:aws:iam::123456789012:role/mwaadr-${NAME}-${workflow}` },
    // No keys of any kind: what the action may do, it may by its id token.
    env: { ...endpoints, ...oidc.environment },
    timeoutMs: 300_000,
    ...(inputs && { inputs }),
  });
  calls.set(workflow, [...(calls.get(workflow) ?? []), ...heard()]);
  const found = run.jobs[inputs === undefined ? `${workflow} ${LEG}` : workflow];
  if (found === undefined) throw new Error(`act ran no job of ${workflow}:\n${run.messages.join('\n')}`);
  return found;
}

/** What each workflow asked of AWS. */
const calls = new Map<Workflow, RoleCall[]>();

const failures = ({ log, annotations, result }: JobRun): string =>
  result === 'success' ? '' : [...annotations.map(({ message }) => message), ...log].join('\n');

describe('the workflows', () => {
  it('install the DR DAGs, snapshot, and find the active site healthy', async () => {
    for (const workflow of ['install', 'snapshot', 'health'] as const) expect(failures(await job(workflow))).toBe('');
    // A site is DEGRADED until it has had as many whole periods of heartbeats as a verdict looks at.
    const health = await eventually('the site has had enough periods of heartbeats', 60, async () => {
      const run = await job('health');
      return run.outputs['health']?.['verdict'] === 'DEGRADED' ? undefined : run;
    });
    expect(health.outputs['health']).toMatchObject({ verdict: 'HEALTHY', 'active-site': 'us-east-1' });
    expect(health.summary).toContain('HEALTHY');
  }, 300_000);

  it('refuse a failover that is not confirmed by the name of the deployment', async () => {
    const move = await job('failover', {
      deployment: NAME,
      target: 'us-west-2',
      reason: 'a test',
      confirm: 'another',
      override: 'false',
    });
    expect(move.result).toBe('failure');
    expect(move.summary).toContain('MDR-INPUT-CONFIRM');
  }, 120_000);

  it('move to the other Region when one is lost', async () => {
    await sandbox.lose('us-east-1');
    const move = await job('failover', {
      deployment: NAME,
      target: 'us-west-2',
      reason: 'us-east-1 is lost',
      confirm: NAME,
      // The loss is a moment old: nobody has waited for the verdict.
      override: 'true',
    });
    expect(failures(move)).toBe('');
    expect(move.outputs['failover']).toMatchObject({ 'active-site': 'us-west-2' });
  }, 360_000);

  it.each(WORKFLOWS)('%s asks nothing of AWS that its role does not allow', (workflow) => {
    const file = sandbox.deploymentFile;
    const asked = calls.get(workflow) ?? [];
    expect(asked.length).toBeGreaterThan(5);
    expect(notGranted([workflow], { [file]: readFileSync(file, 'utf8') }, asked)).toEqual([]);
  });

  it('asked for a token for AWS each time', () => {
    expect(oidc.issued.length).toBeGreaterThanOrEqual(4);
    expect(oidc.issued.map(({ aud }) => aud)).toEqual(oidc.issued.map(() => 'sts.amazonaws.com'));
  });
});
