/** `npm run setup`: fetches and builds all that the tests need, so that they can run without a network. */
import { SANDBOX, TOOLS } from './checks.ts';
import { StageRunner } from './stages.ts';

process.exitCode = (await new StageRunner().run([...TOOLS, ...SANDBOX], 2)) ? 0 : 1;
