/** `npm run check`: the checks of `npm test` without its tests. */
import { CHECKS, SETUP } from './checks.ts';
import { StageRunner } from './stages.ts';

const runner = new StageRunner();
await runner.run(SETUP, 2);
process.exitCode = (await runner.run(CHECKS, 2)) && runner.totals.failed === 0 ? 0 : 1;
