/**
 * `npm run test:foreign [-- --airflow 3.3.1]`: Airflow's own example DAGs and a task in each state, through a lost Region
 * and a forced move back; on both generations of Airflow, or on one. Prints its result last.
 */
import { parseArgs } from 'node:util';
import { SANDBOX } from './checks.ts';
import { jest } from './jest.ts';
import { type Stage, StageRunner } from './stages.ts';

const VERSIONS = ['2.10.3', '3.3.1'] as const;

const { values } = parseArgs({ options: { airflow: { type: 'string' } } });
const wanted = VERSIONS.filter((version) => values.airflow === undefined || values.airflow === version);

const stage = (airflow: string): Stage => ({
  name: `foreign DAGs, Airflow ${airflow}`,
  run: (print) => jest('foreign', ['--runInBand', '--verbose'], print, { MWAADR_AIRFLOW: airflow }),
});

const runner = new StageRunner();
if (await runner.run(SANDBOX, 2)) await runner.run(wanted.map(stage), 1);
const { passed, failed } = runner.totals;
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
