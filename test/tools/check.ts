/** `npm run check`: the checks of `npm test` without its tests. */
import { CHECKS, TOOLS } from './checks.ts';
import { StageRunner } from './stages.ts';

const runner = new StageRunner();
await runner.run(TOOLS, 2);
process.exitCode = (await runner.run(CHECKS, 2)) && runner.totals.failed === 0 ? 0 : 1;
