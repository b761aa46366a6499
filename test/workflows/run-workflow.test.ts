import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DEFAULT_PERIODS, deploymentOf } from '../sandbox/topology.ts';
import { type OidcDouble, startOidc } from './oidc.ts';
import { makeRepository, type Repository } from './repository.ts';
import { runWorkflow, type WorkflowRun } from './run-workflow.ts';

let repository: Repository;
let oidc: OidcDouble;
let run: WorkflowRun;

// Nothing of the sandbox runs here: only there may a health period be as short as a story.
const PERIODS = { ...DEFAULT_PERIODS, health: 60 };
const deployment = (name: string): string => JSON.stringify(deploymentOf(name, '2.10.3', PERIODS));

beforeAll(async () => {
  oidc = await startOidc('repo:o@1/r@2:environment:alpha-health', { repository_id: '2' });
  repository = await makeRepository({
    'environments/alpha.json': deployment('alpha'),
    'environments/beta.json': deployment('beta'),
    '.github/workflows/probe.yml': readFileSync(new URL('fixtures/probe.yml', import.meta.url), 'utf8'),
  });
  run = await runWorkflow({
    repository: repository.folder,
    file: 'probe.yml',
    event: 'workflow_dispatch',
    inputs: { word: 'hello' },
    vars: { MWAADR_ROLE: 'a-role' },
    env: oidc.environment,
  });
}, 60_000);

afterAll(async () => {
  repository.remove();
  await oidc.close();
});

describe('a workflow run on this machine', () => {
  it('lists the deployments by their files and runs a leg for each', () => {
    expect(Object.keys(run.jobs).sort()).toEqual([
      'after',
      'broken',
      'deployments',
      'leg {"deployment":"alpha"}',
      'leg {"deployment":"beta"}',
    ]);
  });

  it('tells the result of each job, of each step, and its own', () => {
    expect(run.code).not.toBe(0);
    expect(run.jobs['broken']).toMatchObject({ result: 'failure', steps: [{ name: 'Fail', result: 'failure' }] });
    expect(run.jobs['after']).toMatchObject({ result: 'success' });
  });

  it('gives inputs and variables to steps and takes back outputs, summary and annotations', () => {
    const leg = run.jobs['leg {"deployment":"alpha"}'];
    expect(leg?.outputs['speak']).toEqual({ said: 'hello by a-role' });
    expect(leg?.summary).toBe('# alpha\n');
    expect(leg?.annotations).toEqual([{ level: 'error', message: 'this is how an error looks' }]);
  });

  it('runs on Node 24', () => {
    expect(run.jobs['leg {"deployment":"alpha"}']?.log).toContainEqual(expect.stringMatching(/^v24\./));
  });

  it('hands out id tokens with the claims that were asked for', () => {
    expect(run.jobs['leg {"deployment":"beta"}']?.outputs['token']?.['answer']).toMatch(/"value":"\S+\.\S+\.\S+"/);
    expect(oidc.issued).toHaveLength(2);
    expect(oidc.issued[0]).toMatchObject({
      aud: 'sts.amazonaws.com',
      sub: 'repo:o@1/r@2:environment:alpha-health',
      repository_id: '2',
    });
  });
});
