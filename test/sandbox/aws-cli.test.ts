import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { installMoto } from './install.ts';
import { provisionBuckets } from './moto.ts';
import { startServices, type Services } from './services.ts';
import { ACCESS_KEYS, ACCOUNT, SECRET_KEY } from './topology.ts';

const run = promisify(execFile);
const REGION = 'us-west-2';
let services: Services;
let command: string;

beforeAll(async () => {
  services = await startServices();
  command = join(dirname(await installMoto(() => undefined)), 'aws');
  await provisionBuckets(services.moto, [{ name: 'cli-dags', region: REGION }]);
  const requirements = { Bucket: 'cli-dags', Key: 'requirements.txt', Body: 'requests' };
  await services.s3(REGION).send(new PutObjectCommand(requirements));
}, 120_000);
afterAll(() => services.stop(), 30_000);

/** The ordinary AWS CLI, with the variables that the sandbox prints. */
async function aws(...words: string[]): Promise<unknown> {
  const env = {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    AWS_ACCESS_KEY_ID: ACCESS_KEYS.runner,
    AWS_SECRET_ACCESS_KEY: SECRET_KEY,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_DISABLE_HOST_PREFIX_INJECTION: 'true',
  };
  const { url } = services.gateway(REGION);
  const { stdout } = await run(command, ['--region', REGION, '--endpoint-url', url, 'mwaa', ...words], { env });
  return stdout === '' ? undefined : JSON.parse(stdout);
}

it('an environment is made, updated, tagged, shown and deleted by the AWS CLI', async () => {
  const controlPlane = services.controlPlane(REGION);
  const named = ['--name', 'cli'];
  const role = ['--execution-role-arn', `arn:aws:iam::${ACCOUNT}:role/cli`];
  const bucket = ['--source-bucket-arn', 'arn:aws:s3:::cli-dags', '--dag-s3-path', 'dags'];
  const files = ['--requirements-s3-path', 'requirements.txt'];
  const network = ['--network-configuration', 'SubnetIds=subnet-1,subnet-2,SecurityGroupIds=sg-1'];
  const Arn = `arn:aws:airflow:${REGION}:${ACCOUNT}:environment/cli`;

  expect(await aws('create-environment', ...named, ...role, ...bucket, ...files, ...network)).toEqual({ Arn });
  await controlPlane.settled();
  await expect(aws('update-environment', ...named, '--schedulers', '1')).rejects.toThrow('ValidationException');
  expect(await aws('update-environment', ...named, '--max-workers', '5')).toEqual({ Arn });
  await controlPlane.settled();
  await aws('tag-resource', '--resource-arn', Arn, '--tags', 'team=data,stage=test');
  expect(await aws('get-environment', ...named)).toMatchObject({
    Environment: {
      Status: 'AVAILABLE',
      MaxWorkers: 5,
      RequirementsS3ObjectVersion: expect.stringMatching(/.{8}/),
      Tags: { team: 'data', stage: 'test' },
    },
  });
  await aws('delete-environment', ...named);
  await controlPlane.settled();
  expect(controlPlane.listEnvironments().Environments).toEqual([]);
}, 60_000);
