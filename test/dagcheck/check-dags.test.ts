import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runDagCheck } from '../../action/src/dag-check/run.ts';
import { dagsConfiguration } from '../../action/src/domain/dags-configuration.ts';
import { parseDeployment } from '../../action/src/domain/deployment-file.ts';
import { readDagCheck, type CheckDagsResult, type DagCheckRequest } from '../../action/src/domain/dag-check.ts';
import type { Log } from '../../action/src/domain/ports.ts';
import { checkDags } from '../../action/src/operations/check-dags.ts';
import { installAirflow } from '../sandbox/install.ts';
import type { AirflowVersion } from '../sandbox/types.ts';
import { ROOT } from '../tools/paths.ts';
import { DEFECTS, HANGING, KILLER, ROUGH, SOUND } from './defects.ts';

/** Long enough for every honest file on a busy machine: only files that never end meet it. */
const LIMIT = 3;
const PATIENCE = 120_000;
jest.setTimeout(PATIENCE);
const quiet = (): void => undefined;
const log: Log = { group: (_title, body) => body(), info: quiet, warning: quiet };
const never = new AbortController().signal;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mwaadr-check-dags-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function written(name: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), text);
  }
  return join(folder, name);
}

async function check(
  version: AirflowVersion,
  dags: string,
  more: Partial<DagCheckRequest> = {},
): Promise<CheckDagsResult> {
  const python = await installAirflow(version, quiet);
  const request = { folder: dags, airflowVersion: version, python, timeoutSeconds: LIMIT, ...more };
  return checkDags({ log, stop: never, runDagCheck }, request);
}

/** `code file:line` of each finding. */
const short = ({ findings, folder: dags }: CheckDagsResult): string[] =>
  findings.map(({ code, file, line }) => `${code} ${file?.slice(dags.length + 1) ?? ''}:${line ?? ''}`);

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** What both generations find. */
const ERRORS = [
  'ended-airflow closes_all.py:',
  'ended-airflow garbles.py:',
  'ended-airflow crashes.py:',
  'invalid-dag cycle.py:7',
  'ended-airflow ends.py:',
  'ended-airflow exits.py:4',
  'import-error lib/broken.py:1',
  'unpaused mwaadr/impostor.py:3',
  'reserved-id mwaadr/impostor.py:3',
  'import-error name.py:4',
  'reserved-id reserved.py:3',
  'too-slow slow.py:4',
  'too-slow stubborn.py:',
  'import-error syntax.py:3',
  'duplicate-id twin_b.py:4',
  'duplicate-id twins.py:4',
  'unpaused unpaused.py:5',
  'import-error zz_victim.py:',
];
const WARNINGS = [
  'credentials-in-reach :',
  'parse-time-read connection.py:4',
  'unproven network.py:4',
  'parse-time-read network.py:4',
  'unproven number.py:4',
  'parse-time-read number.py:4',
  'moving-start-date today.py:3',
  'parse-time-read variable.py:4',
  'parse-time-read variable.py:4',
  'parse-time-read variable.py:5',
];

/** Airflow 3 lets no DAG file into the metadata database, and serializes more strictly. */
const EXPECTED = {
  '2.10.3': [...ERRORS, ...WARNINGS, 'unproven database.py:5', 'parse-time-read database.py:5'],
  '3.3.1': [...ERRORS, ...WARNINGS, 'import-error database.py:5', 'import-error unserializable.py:8'],
};

describe.each(['2.10.3', '3.3.1'] as const)('Airflow %s', (version) => {
  test('has nothing against sound DAGs, our own among them', async () => {
    const dags = written(`sound-${version}`, SOUND);
    cpSync(join(ROOT, 'dags/mwaadr'), join(dags, 'mwaadr'), { recursive: true });
    const example = join(ROOT, 'environments/example.json');
    const deployment = parseDeployment(readFileSync(example, 'utf8'), example);
    const result = await check(version, dags, { drConfiguration: JSON.stringify(dagsConfiguration(deployment)) });
    expect(result).toMatchObject({ findings: [], files: 2, dags: 6, tasks: 7 });
    expect(result.slowest.map(({ file }) => file).sort()).toEqual(['mwaadr/mwaadr_dags.py', 'sound.py']);
  });

  describe('a folder of defects', () => {
    let result: CheckDagsResult;
    let pid = 0;
    beforeAll(async () => {
      process.env['AWS_SECRET_ACCESS_KEY'] = 'wJalrXUtnFEMI/K7MDENG';
      const dags = written(`defects-${version}`, { ...DEFECTS, ...ROUGH });
      result = await checkDags(
        {
          log,
          stop: never,
          runDagCheck: async (...given) => {
            const run = await runDagCheck(...given);
            const made = readDagCheck(run).imported.flatMap((file) => file.dags);
            pid = Number(made.find(({ dagId }) => dagId.startsWith('forks_'))?.dagId.slice('forks_'.length));
            return run;
          },
        },
        { folder: dags, airflowVersion: version, python: await installAirflow(version, quiet), timeoutSeconds: LIMIT },
      );
    }, PATIENCE);
    afterAll(() => {
      delete process.env['AWS_SECRET_ACCESS_KEY'];
    });

    test('is refused file by file, at the line that is to blame', () => {
      expect(short(result).sort()).toEqual(EXPECTED[version].toSorted());
    });

    test('is described in full', () => {
      expect(result.files).toBe(Object.keys({ ...DEFECTS, ...ROUGH }).length - 1);
      expect(result.slowest[0]?.file).toBe('stubborn.py');
    });

    test('leaves no process behind', () => {
      expect(pid).toBeGreaterThan(1);
      expect(isAlive(pid)).toBe(false);
    });
  });
});

test('a DAG file that kills the check is named, and what could not be checked is counted', async () => {
  const result = await check('2.10.3', written('killer', KILLER));
  expect(short(result)).toEqual(['ended-airflow a_killer.py:']);
  expect(result.findings[0]?.message).toContain('1 more file(s) could not be checked');
});

test('the check ends when the runner asks it to', async () => {
  const stop = new AbortController();
  const python = await installAirflow('2.10.3', quiet);
  const request = { folder: written('hanging', HANGING), airflowVersion: '2.10.3', python, timeoutSeconds: 900 };
  const stopping: Log = {
    ...log,
    info: (line) => {
      expect(line).toBe('importing hangs.py');
      stop.abort();
    },
  };
  await expect(checkDags({ log: stopping, stop: stop.signal, runDagCheck }, request)).rejects.toMatchObject({
    code: 'MDR-STOPPED',
  });
});

test.each([
  ['a Python that is not there', { python: '/nowhere/python3' }, 'MDR-DAG-CHECK-AIRFLOW', 'ENOENT'],
  ['a Python without Airflow', { python: '/usr/bin/env' }, 'MDR-DAG-CHECK-AIRFLOW', 'cannot import Airflow'],
  ['a folder that is not there', { folder: '/nowhere/dags' }, 'MDR-INPUT-INVALID', 'no folder'],
])('%s is said to be so', async (_what, more, code, words) => {
  const request = {
    folder: written('sound', SOUND),
    airflowVersion: '2.10.3',
    python: '',
    timeoutSeconds: LIMIT,
    ...more,
  };
  await expect(checkDags({ log, stop: never, runDagCheck }, request)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(words),
  });
});
