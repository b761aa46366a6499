import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parseDeployment } from '../../../action/src/domain/deployment-file.ts';
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
    expect(error.message).toBe('environments/x.json:9:7: unknown key "enviroment": did you mean "environment"?');
  });

  test('with a mistyped key inside a defaulted object is told what was meant', () => {
    expect(refusalOf(EXAMPLE.replace('"badPeriods"', '"badPeriod"')).message).toContain('did you mean "badPeriods"?');
  });

  test('with a key that resembles none gets no guess', () => {
    const error = refusalOf(EXAMPLE.replace('"strategy"', '"colour"'));
    expect(error.message.split('\n')).toEqual([
      'environments/x.json:1:1: strategy is missing',
      'environments/x.json:3:3: unknown key "colour"',
    ]);
  });

  test('with several problems names them all, in the order of the file', () => {
    const error = refusalOf(
      EXAMPLE.replace('warm-standby', 'warm-standbi')
        .replace('"111122223333"', '"1"')
        .replace('"rpoSeconds": 900', '"rpoSeconds": "x"'),
    );
    expect(error.message.split('\n').map((line) => /:(\d+):/.exec(line)?.[1])).toEqual(['3', '8', '21']);
    expect(error.message).toContain('did you mean "warm-standby"?');
    expect(error.place?.line).toBe(3);
  });

  test('with a key that stands twice is refused: JSON would silently take the last', () => {
    const error = refusalOf(EXAMPLE.replace('"strategy"', '"deployment": "other",\n  "strategy"'));
    expect(error.message).toBe('environments/x.json:3:3: the key "deployment" stands twice');
  });

  test.each([
    ['both sites in one Region', '"us-west-2"', '"us-east-1"', 'both sites are in us-east-1'],
    ['both sites on one bucket', 'example-dags-us-west-2', 'example-dags-us-east-1', 'both sites use the bucket'],
    ['a Region of another partition', '"us-west-2"', '"cn-north-1"', 'is not a Region of the partition aws'],
    ['snapshots rarer than the RPO', '"everySeconds": 600', '"everySeconds": 901', 'cannot meet an RPO of 900 s'],
    ['beats rarer than health periods', '"everySeconds": 120', '"everySeconds": 301', 'leaves health periods'],
  ])('with %s contradicts itself', (_, from, to, message) => {
    const error = refusalOf(EXAMPLE.replace(from, to));
    expect(error.code).toBe('MDR-FILE-RULE');
    expect(error.message).toContain(message);
    expect(error.place?.line).toBeGreaterThan(1);
  });

  test('of a GovCloud partition takes GovCloud Regions', () => {
    const text = EXAMPLE.replaceAll('"us-east-1"', '"us-gov-east-1"')
      .replaceAll('"us-west-2"', '"us-gov-west-1"')
      .replace('"strategy"', '"partition": "aws-us-gov",\n  "strategy"');
    expect(parseDeployment(text, 'f').partition).toBe('aws-us-gov');
  });
});
