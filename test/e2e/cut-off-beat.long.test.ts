/** A Region is lost while a beat of its canary is at work, on real Airflow. */
import { describe, expect, it } from '@jest/globals';
import { startSandbox } from '../sandbox/index.ts';
import type { AirflowVersion } from '../sandbox/types.ts';
import { runner } from '../support/action.ts';
import { eventually } from '../support/deadline.ts';
import { heartbeat } from '../support/dr-bucket.ts';
import { keys } from '../support/names.ts';

const EAST = 'us-east-1';
const MINUTES = 60_000;
const log = (line: string): void => void process.stderr.write(`${line}\n`);
const VERSIONS: readonly AirflowVersion[] = ['2.10.3', '3.3.1'];
const wanted = VERSIONS.filter((version) => (process.env['MWAADR_AIRFLOW'] ?? version) === version);

describe.each(wanted)('A beat that is cut off, Airflow %s', (version) => {
  it(
    'keeps the next ones from nothing: Airflow sees only after minutes that it is dead',
    async () => {
      const sandbox = await startSandbox({ airflow: version, log });
      try {
        await runner(sandbox, log)('install', { wait: '180' });
        const isOfCanary = {
          service: 's3',
          operation: 'GetObject',
          accessKey: sandbox.accessKeys.execution[EAST],
          path: new RegExp(keys.control),
        } as const;
        await sandbox.gateway(EAST).hold(isOfCanary).arrived;
        await sandbox.lose(EAST);
        sandbox.gateway(EAST).clearFaults();
        await sandbox.return(EAST);
        const stuck = "select 1 from task_instance where dag_id = 'mwaadr_canary' and state = 'running'";
        expect(await sandbox.sql(EAST, stuck)).toHaveLength(1);
        const at = async () => (await heartbeat<{ at: string }>(sandbox, EAST, EAST))?.at;
        const seen = new Set([await at()]);
        await eventually('two beats', 90, async () => (seen.add(await at()).size > 2 ? true : undefined), log);
      } finally {
        await sandbox.stop();
      }
    },
    10 * MINUTES,
  );
});
