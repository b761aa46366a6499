/**
 * `npm test`: everything that is run on every push, on a machine that has only Node, Python and Go.
 * `npm run test:all` (`--all`): also what takes long, and the bed on both generations of Airflow.
 * Ends with the count of the tests.
 */
import { CHECKS, SANDBOX, TOOLS } from './checks.ts';
import { jest } from './jest.ts';
import { StageRunner, type Stage } from './stages.ts';

const all = process.argv.includes('--all');

const TESTS: readonly Stage[] = [
  { name: 'unit tests', run: () => jest('unit', ['--coverage']) },
  { name: 'tests of the bundle, the infrastructure and the tools', run: () => jest('services', []) },
];

/** One at a time: each of them starts two Airflows and is measured in seconds. */
const IN_BAND = ['--runInBand', '--verbose'];
const bed = (airflow: '2.10.3' | '3.3.1'): Stage => ({
  name: `tests against the sandbox, Airflow ${airflow}`,
  run: (print) => jest('bed', IN_BAND, print, { MWAADR_AIRFLOW: airflow }),
});

const BED = [
  bed('2.10.3'),
  ...(all ? [bed('3.3.1'), { name: 'long tests', run: (print) => jest('long', IN_BAND, print) } satisfies Stage] : []),
];

const runner = new StageRunner();
if (await runner.run([...TOOLS, ...SANDBOX], 2)) {
  await runner.run([...TESTS, ...CHECKS], 2);
  await runner.run(BED, 1);
}

const { passed, failed } = runner.totals;
for (const failure of runner.failures) process.stdout.write(`\nFAILED ${failure}\n`);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
