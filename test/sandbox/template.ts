import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OWNER_ROLE } from './database-roles.ts';
import { environmentVariables, newFernetKey } from './environment-variables.ts';
import { airflowLockHash } from './install.ts';
import type { PostgresOptions } from './postgres.ts';
import type { AirflowVersion } from './types.ts';
import { narrated, type Log } from './waiting.ts';

const run = promisify(execFile);

interface TemplateOptions {
  version: AirflowVersion;
  python: string;
  folder: string;
  log: Log;
}

/** A metadata database as `airflow db migrate` leaves it: every environment begins as a copy of it. */
export function airflowTemplate({ version, python, folder, log }: TemplateOptions): PostgresOptions['template'] {
  const name = `template-${version}`;
  return {
    name,
    key: airflowLockHash(version),
    fill: async ({ port }) => {
      const home = join(folder, name);
      await mkdir(join(home, 'dags'), { recursive: true });
      const ports = { databasePort: port, webPort: 0, workerLogPort: 0, triggerLogPort: 0, statsdPort: 0 };
      const place = { region: 'us-east-1', endpoints: '', endpoint: 'http://127.0.0.1:9' } as const;
      const fernetKey = newFernetKey();
      const env = environmentVariables({
        ...place,
        ...ports,
        name,
        version,
        python,
        home,
        fernetKey,
        databaseRole: OWNER_ROLE,
        configurationOptions: {},
      });
      const airflow = async (...args: string[]): Promise<void> => {
        await run(python, ['-m', 'airflow', ...args], { env, cwd: home, maxBuffer: 1 << 26 });
      };
      await narrated(log, `migrating a database for Airflow ${version}`, () => airflow('db', 'migrate'));
      if (version.startsWith('2.'))
        await narrated(log, 'making the roles of the web server', () => airflow('sync-perm'));
    },
  };
}
