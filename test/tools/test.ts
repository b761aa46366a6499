/** `npm test`: everything, on a machine that has only Node, Python and Go; ends with the count of the tests. */
import { CHECKS, SANDBOX, TOOLS } from './checks.ts';
import { jest } from './jest.ts';
import { StageRunner, type Stage } from './stages.ts';

const UNIT: Stage = { name: 'unit tests', run: () => jest('unit', ['--coverage']) };

/** One at a time: each of them starts two Airflows and is measured in seconds. */
const BED: readonly Stage[] = [
  {
    name: 'tests against the sandbox, Airflow 2.10.3',
    run: (print) => jest('bed', ['--runInBand', '--verbose'], print, { MWAADR_AIRFLOW: '2.10.3' }),
  },
  {
    name: 'the whole story on Airflow 3.3.1',
    run: (print) => jest('bed', ['--runInBand', '--verbose', 'test/e2e'], print, { MWAADR_AIRFLOW: '3.3.1' }),
  },
];

const runner = new StageRunner();
if (await runner.run([...TOOLS, ...SANDBOX], 2)) {
  await runner.run([UNIT, ...CHECKS], 2);
  await runner.run(BED, 1);
}

const { passed, failed } = runner.totals;
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
