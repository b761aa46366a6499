/** The roles allow what the code calls, no more and no less. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { WORKFLOW_GRANTS } from '../../infra/lib/permissions.ts';
import { ROOT } from '../tools/paths.ts';

/** IAM action of each API call; `undefined` where STS asks for none of its caller. */
const ACTION_OF: Readonly<Record<string, string | undefined>> = {
  AssumeRoleWithWebIdentity: undefined,
  Decrypt: 'kms:Decrypt',
  DeleteObject: 's3:DeleteObject',
  Encrypt: 'kms:Encrypt',
  GenerateDataKey: 'kms:GenerateDataKey',
  GetCallerIdentity: undefined,
  GetEnvironment: 'airflow:GetEnvironment',
  GetMetricData: 'cloudwatch:GetMetricData',
  GetObject: 's3:GetObject',
  InvokeRestApi: 'airflow:InvokeRestApi',
  ListObjectsV2: 's3:ListBucket',
  PutObject: 's3:PutObject',
};

const FOLDER = join(ROOT, 'action/src');
const called = new Set(
  readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [
      ...readFileSync(join(FOLDER, name), 'utf8').matchAll(/\bnew (\w+)Command\(|\bpaginate([A-Z]\w+)\(/g),
    ])
    .map(([, command, paginator]) => command ?? paginator ?? ''),
);

describe('the permissions of the workflows', () => {
  it('know every API call that the action makes', () => {
    expect([...called].filter((name) => !(name in ACTION_OF))).toEqual([]);
  });

  it('together are exactly what those calls need', () => {
    const needed = [...called].map((name) => ACTION_OF[name]).filter((action) => action !== undefined);
    const granted = Object.values(WORKFLOW_GRANTS).flatMap((grants) => grants.flatMap(({ actions }) => actions));
    expect([...new Set(granted)].sort()).toEqual([...new Set(needed)].sort());
  });
});
