import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { installMoto } from './install.ts';
import { provisionBuckets } from './moto.ts';
import { startServices, type Services } from './services.ts';

let services: Services;

beforeAll(async () => {
  services = await startServices();
}, 120_000);
afterAll(() => services.stop(), 30_000);

const ENVIRONMENT = 'orders';

async function makeEnvironment(): Promise<void> {
  await provisionBuckets(services.moto, [{ name: 'contract-dags', region: 'us-east-1' }]);
  const requirements = { Bucket: 'contract-dags', Key: 'requirements.txt', Body: 'requests' };
  await services.s3('us-east-1').send(new PutObjectCommand(requirements));
  const controlPlane = services.controlPlane('us-east-1');
  controlPlane.createEnvironment({
    Name: ENVIRONMENT,
    ExecutionRoleArn: 'arn:aws:iam::111122223333:role/orders',
    SourceBucketArn: 'arn:aws:s3:::orders-dags',
    DagS3Path: 'dags',
    NetworkConfiguration: { SubnetIds: ['subnet-1', 'subnet-2'], SecurityGroupIds: ['sg-1'] },
  });
  await controlPlane.settled();
  services.runtime('us-east-1').answer = ({ path, body }) =>
    ({
      '/missing': { status: 404, body: { title: 'missing' } },
      '/broken': { status: 500, body: { title: 'broken' } },
    })[path] ?? { status: 200, body: { echo: body } };
}

it("boto3 understands every answer of the control plane, and none says what MWAA's model does not", async () => {
  await makeEnvironment();
  const python = await installMoto(() => undefined);
  const script = join(import.meta.dirname, 'moto/contract.py');
  const url = services.gateway('us-east-1').url;
  const output = await new Promise<string>((resolve) => {
    execFile(python, [script, url, ENVIRONMENT], (_error, stdout, stderr) => {
      resolve(stdout + stderr);
    });
  });
  const lines = output.trim().split('\n');
  expect(lines.filter((line) => !line.startsWith('ok: '))).toEqual([]);
  expect(lines.length).toBeGreaterThanOrEqual(30);
}, 60_000);
