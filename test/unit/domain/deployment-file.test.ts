import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parseDeployment, parseForMove } from '../../../action/src/domain/deployment-file.ts';
import { looksSecret } from '../../../action/src/domain/deployment-secrets.ts';
import { MdrError } from '../../../action/src/domain/errors.ts';

const EXAMPLE = readFileSync(new URL('../../../environments/example.json', import.meta.url), 'utf8');

function refusalOf(text: string): MdrError {
  try {
    parseDeployment(text, 'environments/x.json');
  } catch (error) {
    if (error instanceof MdrError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

const edited = (edit: (file: Record<string, never>) => void): string => {
  const file = JSON.parse(EXAMPLE) as Record<string, never>;
  edit(file);
  return JSON.stringify(file, undefined, 2);
};

describe('a deployment file', () => {
  test('that is right becomes a deployment with every default filled in', () => {
    const text = edited((file) => {
      for (const key of ['objectives', 'snapshot', 'canary', 'health', 'lease']) Reflect.deleteProperty(file, key);
    });
    expect(parseDeployment(text, 'f')).toEqual({ ...parseDeployment(EXAMPLE, 'f'), partition: 'aws' });
  });

  test('that is no JSON is refused at the place of the first wrong character', () => {
    const error = refusalOf('{\n  "deployment": "x",\n}');
    expect(error).toMatchObject({
      code: 'MDR-FILE-SYNTAX',
      place: { file: 'environments/x.json', line: 3, column: 1 },
    });
  });

  test('that is empty is refused as no JSON', () => {
    expect(refusalOf('').code).toBe('MDR-FILE-SYNTAX');
  });

  test('with a mistyped key is told what was meant, and once only', () => {
    const error = refusalOf(EXAMPLE.replace('"environment"', '"enviroment"'));
    expect(error.code).toBe('MDR-FILE-SCHEMA');
    expect(error.message).toBe('environments/x.json:11:7: unknown key "enviroment": did you mean "environment"?');
  });

  test('with a mistyped key inside a defaulted object is told what was meant', () => {
    expect(refusalOf(EXAMPLE.replace('"badPeriods"', '"badPeriod"')).message).toContain('did you mean "badPeriods"?');
  });

  test('with a key that resembles none gets no guess', () => {
    const error = refusalOf(EXAMPLE.replace('"strategy"', '"colour"'));
    expect(error.message.split('\n')).toEqual([
      'environments/x.json:1:1: strategy is missing',
      'environments/x.json:4:3: unknown key "colour"',
    ]);
  });

  test('with several problems names them all, in the order of the file', () => {
    const error = refusalOf(
      EXAMPLE.replace('warm-standby', 'warm-standbi')
        .replace('"111122223333"', '"1"')
        .replace('"rpoSeconds": 900', '"rpoSeconds": "x"'),
    );
    const lineOf = (text: string) => String(EXAMPLE.slice(0, EXAMPLE.indexOf(text)).split('\n').length);
    expect(error.message.split('\n').map((line) => /:(\d+):/.exec(line)?.[1])).toEqual(
      ['"strategy"', '"account"', '"rpoSeconds"'].map(lineOf),
    );
    expect(error.message).toContain('did you mean "warm-standby"?');
    expect(error.place?.line).toBe(4);
  });

  test('with a key that stands twice is refused: JSON would silently take the last', () => {
    const error = refusalOf(EXAMPLE.replace('"strategy"', '"deployment": "other",\n  "strategy"'));
    expect(error.message).toBe('environments/x.json:4:3: the key "deployment" stands twice');
  });

  test.each([
    ['in a list', '"tags": ["cost:*"]', '"tag": ["cost:*"]', 'unknown key "tag": did you mean "tags"?'],
    ['of a site', '"subnetIds"', '"subnetIDs"', 'unknown key "subnetIDs": did you mean "subnetIds"?'],
    ['of a log', '"logLevel": "INFO"', '"loglevel": "INFO"', 'unknown key "loglevel": did you mean "logLevel"?'],
    ['of an exception', '"field"', '"feild"', 'unknown key "feild": did you mean "field"?'],
  ])('with a mistyped key %s is told what was meant, and once only', (_, from, to, message) => {
    const { message: found } = refusalOf(EXAMPLE.replace(from, to));
    expect(found.replace(/^environments\/x\.json:\d+:\d+: /, '')).toBe(message);
  });

  test.each([
    [
      '{ "reason": "r", "weekly": { "from": "FRI:18:00", "too": "MON:06:00" } }',
      'unknown key "too": did you mean "to"?',
    ],
    [
      '{ "reason": "r", "weekly": { "from": "FRI", "to": "MON:06:00" } }',
      'freeze.0.weekly.from: must be a day and a time',
    ],
    ['{ "reason": "r", "form": "2026-12-01T00:00:00Z", "to": "2026-12-02T00:00:00Z" }', 'did you mean "from"?'],
    ['{ "reason": "r", "from": "2026-12-01", "to": "2026-12-02T00:00:00Z" }', 'freeze.0.from: must be a time in UTC'],
  ])('with the freeze window %s is told about the form that was meant', (window, message) => {
    const error = refusalOf(EXAMPLE.replace('"ignore"', `"freeze": [${window}],\n  "ignore"`));
    expect(error.message.split('\n')).toHaveLength(1);
    expect(error.message).toContain(message);
  });

  test.each([
    ['"minWorkers": 2', '"minWorkers": 0', 'mwaa.minWorkers: Too small'],
    ['mw1.medium', 'mw1.meduim', 'did you mean "mw1.medium"?'],
    ['"core.parallelism"', '"Core Parallelism"', 'the key "Core Parallelism" must be an option of Airflow'],
    ['"team"', '"aws:team"', 'the key "aws:team" must not begin with aws:'],
    ['"2.10.3"', '"2.9.2"', 'MWAA has Airflow 2.9.2, but this release cannot restore it'],
    ['"2.10.3"', '"2.6.3"', 'MWAA ended its support of Airflow 2.6.3 on 2025-12-30'],
    ['"2.10.3"', '"3.1.0"', 'Airflow 3.1.0 is not a version of MWAA'],
  ])('with %s changed to %s is told why not, at its place', (from, to, message) => {
    const error = refusalOf(EXAMPLE.replace(from, to));
    expect(error.code).toBe('MDR-FILE-SCHEMA');
    expect(error.message).toContain(message);
    expect(error.message.split('\n')).toHaveLength(1);
    expect(error.place?.line).toBeGreaterThan(1);
  });

  test('that breaks one rule has its way out as the fix; of several, each line says its own', () => {
    const one = refusalOf(EXAMPLE.replace('"everySeconds": 600', '"everySeconds": 901'));
    expect(one.message).toMatch(/:\d+:\d+: a snapshot every 901 s cannot meet an RPO of 900 s$/);
    expect(one.fix).toMatch(/^Take snapshots at least as often/);
    const two = refusalOf(
      EXAMPLE.replace('"everySeconds": 600', '"everySeconds": 901').replace('"schedulers": 2', '"schedulers": 1'),
    );
    expect(two.message.split('\n')).toEqual([
      expect.stringMatching(/takes from 2 to 5\. Leave schedulers away/),
      expect.stringMatching(/an RPO of 900 s\. Take snapshots at least as often/),
    ]);
    expect(two.fix).toMatch(/^Correct environments\/x\.json/);
  });

  test('of a GovCloud partition takes GovCloud Regions', () => {
    const text = EXAMPLE.replaceAll('us-east-1', 'us-gov-east-1')
      .replaceAll('us-west-2', 'us-gov-west-1')
      .replaceAll('arn:aws:', 'arn:aws-us-gov:')
      .replace('"strategy"', '"partition": "aws-us-gov",\n  "strategy"');
    expect(parseDeployment(text, 'f').partition).toBe('aws-us-gov');
  });
});

describe('on the bad day', () => {
  const changed = (change: (file: Record<string, unknown>) => void): string => {
    const file = JSON.parse(EXAMPLE) as Record<string, unknown>;
    change(file);
    return JSON.stringify(file, null, 2);
  };
  const overlarge = changed((file) => (file['mwaa'] = { ...(file['mwaa'] as object), minWorkers: 9, maxWorkers: 3 }));

  test('a rule about what environments are to become is only a warning, with its place', () => {
    expect(() => parseDeployment(overlarge, 'e.json')).toThrow(MdrError);
    const { deployment, warnings } = parseForMove(overlarge, 'e.json');
    expect(deployment.deployment).toBe('example');
    expect(warnings).toHaveLength(2);
    for (const warning of warnings) expect(warning).toMatch(/^e\.json:\d+:\d+: minWorkers is 9/);
  });

  test('a rule that a move rests on is still one, and what is no deployment file at all is none', () => {
    const oneRegion = changed((file) => {
      const sites = file['sites'] as { region: string }[];
      for (const site of sites) site.region = 'us-east-1';
    });
    expect(() => parseForMove(oneRegion, 'e.json')).toThrow(/both sites are in us-east-1/);
    expect(() => parseForMove('{', 'e.json')).toThrow(MdrError);
    expect(() => parseForMove('{}', 'e.json')).toThrow(MdrError);
  });
});

describe('no credential is', () => {
  test.each([
    ['shop.endpoints', 'http://shop:8080,ops@x.io'],
    ['shop.endpoints', '["http://a:8080","mailto:ops@x.io"]'],
    ['shop.webhook', 'False'],
    ['shop.token', ''],
    ['git', 'ssh://firstname.lastname@git.corp/x'],
  ])('%s: %s', (name, value) => {
    expect(looksSecret(name, value)).toBe(false);
  });
});
