import { describe, expect, it } from '@jest/globals';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { ROOT } from './paths.ts';

// The project's own configuration, without the rules that need a real file's types.
const eslint = new ESLint({ cwd: ROOT, overrideConfig: [tseslint.configs.disableTypeChecked] });

async function objections(file: string, imported: string): Promise<string[]> {
  const results = await eslint.lintText(`import * as x from '${imported}';\nx;\n`, { filePath: file });
  return results.flatMap(({ messages }) =>
    messages.filter(({ ruleId }) => ruleId?.endsWith('no-restricted-imports')).map(({ message }) => message),
  );
}

it('a client of S3 is made in one place: it names the owner of the bucket', async () => {
  const made = async (file: string) =>
    (await eslint.lintText('new S3Client({});\n', { filePath: file })).flatMap(({ messages }) =>
      messages.filter(({ ruleId }) => ruleId === 'no-restricted-syntax').map(({ message }) => message),
    );
  expect(await made('action/src/aws/x.ts')).toEqual([expect.stringContaining('createS3Client')]);
  expect(await made('action/src/aws/s3-client.ts')).toEqual([]);
});

describe('dependencies point inwards', () => {
  it.each([
    ['action/src/domain/x.ts', 'node:fs', 'domain/ decides'],
    ['action/src/domain/x.ts', '@aws-sdk/client-s3', 'domain/ decides'],
    ['action/src/domain/x.ts', '@actions/core', 'domain/ decides'],
    ['action/src/domain/x.ts', '../report/summary.ts', 'domain/ decides'],
    ['action/src/report/x.ts', 'node:fs', 'report/ is pure text'],
    ['action/src/report/x.ts', '../operations/check.ts', 'report/ is pure text'],
    ['action/src/operations/x.ts', '../aws/s3.ts', 'operations/ tells its story'],
    ['action/src/operations/x.ts', '../airflow/rest.ts', 'operations/ tells its story'],
    ['action/src/operations/x.ts', '../github/issues.ts', 'operations/ tells its story'],
    ['action/src/operations/x.ts', '@aws-sdk/client-s3', 'operations/ tells its story'],
    ['action/src/operations/x.ts', '@actions/core', 'operations/ tells its story'],
    ['action/src/aws/x.ts', '../operations/check.ts', 'An adapter implements a port'],
    ['action/src/airflow/x.ts', '../run.ts', 'An adapter implements a port'],
    ['action/src/github/x.ts', '@actions/core', 'An adapter implements a port'],
    ['action/src/inputs.ts', '@actions/core', 'Only run.ts talks to the workflow'],
    ['infra/lib/x.ts', '../../action/src/aws/s3.ts', 'infra/ shares only names'],
    ['infra/lib/x.ts', '../../action/src/domain/verdict.ts', 'infra/ shares only names'],
  ])('%s may not import %s', async (file, imported, word) => {
    expect(await objections(file, imported)).toEqual([expect.stringContaining(word)]);
  });

  it.each([
    ['action/src/domain/x.ts', 'zod'],
    ['action/src/domain/x.ts', './names.ts'],
    ['action/src/report/x.ts', '../domain/names.ts'],
    ['action/src/operations/x.ts', '../domain/ports.ts'],
    ['action/src/operations/x.ts', '../report/summary.ts'],
    ['action/src/aws/x.ts', '@aws-sdk/client-s3'],
    ['action/src/aws/x.ts', '../domain/ports.ts'],
    ['action/src/run.ts', '@actions/core'],
    ['infra/lib/x.ts', '../../action/src/domain/names.ts'],
  ])('%s may import %s', async (file, imported) => {
    expect(await objections(file, imported)).toEqual([]);
  });
});
