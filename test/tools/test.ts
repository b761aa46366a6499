/** `npm test`: everything, on a machine that has only Node, Python and Go; ends with the count of the tests. */
import { CHECKS, SETUP } from './checks.ts';
import { jest } from './jest.ts';
import { StageRunner, type Stage } from './stages.ts';

const UNIT: Stage = { name: 'unit tests', run: () => jest('unit', ['--coverage']) };
const BED: Stage = {
  name: 'tests against the sandbox',
  run: (print) => jest('bed', ['--runInBand', '--verbose'], print),
};

const runner = new StageRunner();
await runner.run(SETUP, 2);
await runner.run([UNIT, ...CHECKS], 2);
await runner.run([BED], 1);

const { passed, failed } = runner.totals;
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
