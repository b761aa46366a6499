import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pLimit from 'p-limit';
import { installAirflow } from '../sandbox/install.ts';
import { Moto } from '../sandbox/moto.ts';
import { Postgres } from '../sandbox/postgres.ts';
import { Processes } from '../sandbox/processes.ts';
import { airflowTemplate } from '../sandbox/template.ts';

const MINUTE = 60_000;
const MODULES = [
  'test_protocol',
  'test_canary',
  'test_fence',
  'test_roles',
  'test_refusals',
  'test_data_path',
  'test_late',
  'test_bounds',
  'test_uninstall',
  'test_access',
  'test_aws',
  'test_signin',
  'test_copytext',
  'test_rulings',
];
/** From the version that begins to the one that ends MWAA's upgrade path. */
const UPGRADE = { from: '2.10.3', to: '3.3.1', module: 'test_upgrade' } as const;
/** They share nothing but servers, and wait much: for locks, and for what does not answer. */
const AT_ONCE = 2;
const quiet = (): void => undefined;

const version = process.env['MWAADR_AIRFLOW'] === '3.3.1' ? '3.3.1' : '2.10.3';
const modules = version === UPGRADE.from ? [...MODULES, UPGRADE.module] : MODULES;

describe(`the data path on the schema of Airflow ${version}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'mwaadr-datapath-'));
  // PostgreSQL may run as somebody else, who must be able to get in.
  chmodSync(folder, 0o755);
  const processes = new Processes(join(folder, 'logs'), folder);
  const ran = new Map<string, Promise<{ code: number | null; output: string }>>();

  beforeAll(async () => {
    const python = await installAirflow(version, quiet);
    const template = airflowTemplate({ version, python, folder, log: quiet });
    const postgres = await Postgres.start({ processes, folder: join(folder, 'postgres'), log: quiet, template });
    const moto = await Moto.start(processes, quiet);
    const newer = modules === MODULES ? undefined : await installAirflow(UPGRADE.to, quiet);
    const bed = JSON.stringify({ pgPort: postgres.port, template: template.name, moto: moto.url, newer });
    const limit = pLimit(AT_ONCE);
    for (const name of modules) {
      ran.set(
        name,
        limit(() => run(python, ['-W', 'ignore', '-m', 'unittest', '-v', name], bed)),
      );
    }
  }, 5 * MINUTE);

  afterAll(async () => {
    await processes.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(modules)(
    '%s',
    async (name) => {
      const { code, output } = (await ran.get(name)) ?? { code: null, output: 'it was not started' };
      if (code !== 0) throw new Error(output);
      expect(output).toMatch(/Ran [1-9]\d* tests? /);
      expect(output).not.toMatch(/skipped/);
    },
    10 * MINUTE,
  );
});

/** Standard output and error as they came. */
function run(python: string, args: string[], bed: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', MWAADR_BED: bed, PYTHONDONTWRITEBYTECODE: '1' };
    const child = spawn(python, args, { cwd: import.meta.dirname, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => {
        output += data.toString();
      });
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, output });
    });
  });
}
