import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { startScriptedServer, type ScriptedServer } from '../unit/aws/scripted-server.ts';
import { runBundle, runOnTerminal } from './runner.ts';

jest.setTimeout(30_000);

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLE = join(ROOT, 'environments/example.json');
const SECRETS = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'planted-secret-key',
  AWS_SESSION_TOKEN: 'planted-session-token',
};

let server: ScriptedServer;
let folder: string;
beforeAll(async () => {
  server = await startScriptedServer();
  folder = await mkdtemp(join(tmpdir(), 'mwaadr-bundle-'));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});
/** A world in which every call is refused: what is asked of it is seen, nothing is changed. */
beforeEach(() => {
  server.script({ status: 403, headers: { date: new Date().toUTCString() } });
});

const aws = () => ({ ...SECRETS, MWAADR_ENDPOINTS: `us-east-1=${server.url},us-west-2=${server.url}` });
const check = { operation: 'check', deployment: EXAMPLE };
const failover = { operation: 'failover', deployment: EXAMPLE, target: 'us-west-2', reason: 'r', confirm: 'example' };

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('a bad input is one clear error, and nothing is touched', () => {
  test.each<[string, Record<string, string>, string, RegExp]>([
    ['no operation', { deployment: EXAMPLE }, 'MDR-INPUT-OPERATION', /"" is no operation/],
    ['a mistyped operation', { ...check, operation: 'chek' }, 'MDR-INPUT-OPERATION', /did you mean "check"/],
    ['no deployment', { operation: 'check' }, 'MDR-INPUT-MISSING', /`deployment` is missing/],
    [
      'a deployment that is not there',
      { ...check, deployment: 'environments/x.json' },
      'MDR-FILE-MISSING',
      /environments\/x\.json cannot be read: ENOENT/,
    ],
    ['a missing reason', { ...failover, reason: '' }, 'MDR-INPUT-MISSING', /`reason` is missing/],
    ['a blank reason', { ...failover, reason: '  ' }, 'MDR-INPUT-MISSING', /`reason`/],
    [
      'an input of another operation',
      { ...check, target: 'us-west-2' },
      'MDR-INPUT-INVALID',
      /check takes no input `target`/,
    ],
    ['a wait that is no number', { ...check, wait: 'long' }, 'MDR-INPUT-INVALID', /`wait`: must be a whole number/],
    [
      'a target that is no Region',
      { ...failover, target: 'west' },
      'MDR-INPUT-INVALID',
      /`target`: must be the name of an AWS Region/,
    ],
    ['an unknown override', { ...failover, override: 'forced' }, 'MDR-INPUT-INVALID', /did you mean "force"/],
    ['an unknown fail-on', { ...check, 'fail-on': 'always' }, 'MDR-INPUT-INVALID', /"always" is none of/],
  ])('%s', async (_case, inputs, code, message) => {
    const run = await runBundle(inputs, aws());
    expect(run.code).toBe(1);
    expect(run.annotations).toEqual([
      expect.objectContaining({ level: 'error', message: expect.stringMatching(message), properties: { title: code } }),
    ]);
    expect(run.summary).toMatch(new RegExp(`^### 🛑 ${code}: `));
    expect(run.summary.toLowerCase()).toContain('nothing was touched');
    expect(run.outputs).toEqual({});
    expect(server.requests).toHaveLength(0);
  });

  test('malformed endpoints', async () => {
    const run = await runBundle(check, { ...aws(), MWAADR_ENDPOINTS: 'us-east-1:http://x' });
    expect(run.code).toBe(1);
    expect(run.annotations[0]?.properties['title']).toBe('MDR-INPUT-INVALID');
  });
});

describe('a bad deployment file is named with line and column', () => {
  const example = readFileSync(EXAMPLE, 'utf8');
  const lineOf = (text: string) => String(example.slice(0, example.indexOf(text)).split('\n').length);

  test.each([
    ['MDR-FILE-SYNTAX', '{\n  "deployment": "x",\n}', '3', '1'],
    ['MDR-FILE-SCHEMA', example.replace('"strategy"', '"strateggy"'), lineOf('"strategy"'), '3'],
    ['MDR-FILE-RULE', example.replaceAll('us-west-2', 'us-east-1'), undefined, undefined],
  ])('%s', async (code, text, line, col) => {
    const path = await file(`${code}.json`, text);
    const run = await runBundle({ ...check, deployment: path }, aws());
    expect(run.code).toBe(1);
    expect(run.annotations).toHaveLength(1);
    expect(run.annotations[0]?.properties).toMatchObject({ title: code, file: path, ...(line && { line, col }) });
    expect(Number(run.annotations[0]?.properties['line'])).toBeGreaterThan(0);
    expect(server.requests).toHaveLength(0);
  });
});

describe('the bundle', () => {
  test('runs a check over HTTP and answers UNKNOWN when everything is refused', async () => {
    const run = await runBundle(check, aws());
    expect(run.code).toBe(1);
    expect(run.outputs).toMatchObject({ verdict: 'UNKNOWN', 'active-site': 'us-east-1' });
    expect(run.summary).toMatch(/^### ❔ Nobody can tell whether example runs in us-east-1: UNKNOWN\n/);
    expect(run.annotations.map(({ level }) => level)).toEqual(['error']);
    expect(server.requests.length).toBeGreaterThan(5);
  });

  test('fails on UNKNOWN when it is asked to', async () => {
    const run = await runBundle({ ...check, 'fail-on': 'degraded' }, aws());
    expect(run.code).toBe(1);
    expect(run.outputs).toMatchObject({ verdict: 'UNKNOWN' });
    expect(run.annotations.at(-1)).toMatchObject({ level: 'error', properties: { title: 'Verdict' } });
  });

  test('prints no secret, and asks GitHub to blank them', async () => {
    for (const inputs of [check, failover, { ...check, operation: 'status' }]) {
      const run = await runBundle(inputs, aws());
      expect(run.masked).toEqual(expect.arrayContaining(['planted-secret-key', 'planted-session-token']));
      const unmasked = run.raw.split('\n').filter((line) => !line.startsWith('::add-mask::'));
      for (const text of [unmasked.join('\n'), run.summary, JSON.stringify(run.outputs)])
        expect(text).not.toMatch(/planted-/);
    }
  });

  test('without credentials gives UNKNOWN, not a crash', async () => {
    const { MWAADR_ENDPOINTS } = aws();
    const run = await runBundle(check, { MWAADR_ENDPOINTS });
    expect(run.code).toBe(1);
    expect(run.outputs).toMatchObject({ verdict: 'UNKNOWN' });
    expect(server.requests).toHaveLength(0);
  });

  test('assumes a role by the id token of the job', async () => {
    const sts = `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>planted-role-secret</SecretAccessKey><SessionToken>planted-role-session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
    server.script(({ path, body }) => {
      if (path.startsWith('/id-token')) return { body: JSON.stringify({ value: 'planted.id.token' }) };
      return body.includes('AssumeRoleWithWebIdentity') ? { body: sts } : { status: 403 };
    });
    const run = await runBundle(
      { ...check, 'role-to-assume': 'arn:aws:iam::111122223333:role/dr' },
      {
        MWAADR_ENDPOINTS: aws().MWAADR_ENDPOINTS,
        ACTIONS_ID_TOKEN_REQUEST_URL: `${server.url}/id-token?x=1`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'planted-request-token',
      },
    );
    expect(run.masked).toEqual(
      expect.arrayContaining(['planted.id.token', 'planted-role-secret', 'planted-role-session']),
    );
    expect(run.log).not.toMatch(/planted/);
    const signed = server.requests.filter(
      ({ headers }) => headers.authorization?.includes('Credential=ASIAROLE/') === true,
    );
    expect(signed.length).toBeGreaterThan(5);
    expect(server.requests.filter(({ body }) => body.includes('AssumeRoleWithWebIdentity'))).toHaveLength(1);
  });

  test('ends with 130 and a report before the runner kills what it asked to stop, also in the middle of a call', async () => {
    server.script('hang');
    const when = /Look at the active site/;
    const signals = ['SIGINT', 'SIGTERM'] as const;
    const runs = await Promise.all(signals.map((send) => runBundle(check, aws(), { signal: { when, send } })));
    for (const run of runs) {
      expect(run.code).toBe(130);
      expect(run.summary).toMatch(/^### ⚠️ MDR-STOPPED/);
      expect(run.annotations).toEqual([expect.objectContaining({ properties: { title: 'MDR-STOPPED' } })]);
    }
  });

  test('needs no source, no node_modules and no certain working folder', async () => {
    const copy = join(folder, 'copy');
    await cp(join(ROOT, 'action/dist'), join(copy, 'action/dist'), { recursive: true });
    const run = await runBundle(check, aws(), { bundle: join(copy, 'action/dist/index.js'), cwd: '/' });
    expect(run.outputs).toMatchObject({ verdict: 'UNKNOWN' });
    expect(await readdir(join(copy, 'action'))).toEqual(['dist']);
  });
});

describe('on a terminal', () => {
  test('tells how to use it', async () => {
    const { code, stdout } = await runOnTerminal(['--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}failover +--target --reason --confirm --override --snapshot --wait --observer$/m);
    expect((await runOnTerminal([])).code).toBe(1);
  });

  test('prints the report to stdout and the progress to stderr, without workflow commands', async () => {
    const { code, stdout, stderr } = await runOnTerminal(['check', '--deployment', EXAMPLE], aws());
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Nobody can tell whether example runs in us-east-1: UNKNOWN\n=+\n/);
    expect(stderr).toContain('== Look at the active site');
    expect(stdout + stderr).not.toMatch(/::|planted-/);
  });

  test.each([
    [['check', '--deploymnt', EXAMPLE], 'did you mean "deployment"'],
    [['check', 'status', '--deployment', EXAMPLE], 'Only one operation'],
    [['check', '--deployment'], 'MDR-INPUT-INVALID'],
  ])('%j is refused', async (args, message) => {
    const { code, stdout } = await runOnTerminal(args, aws());
    expect(code).toBe(1);
    expect(stdout).toContain(message);
    expect(server.requests).toHaveLength(0);
  });
});
