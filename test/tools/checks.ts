/** Everything that is checked without running the product. */
import { join } from 'node:path';
import { distProblem } from './build.ts';
import { command } from './command.ts';
import { installAirflow, installMoto } from '../sandbox/install.ts';
import { goTools, pythonTools } from './install.ts';
import { ROOT } from './paths.ts';
import type { Outcome, Stage } from './stages.ts';

type Step = readonly [file: string, args: readonly string[], env?: Readonly<Record<string, string>>];

/** Runs each step, also after one that failed: the reader sees all findings at once. */
async function steps(...all: readonly Step[]): Promise<Outcome> {
  let ok = true;
  let output = '';
  for (const [file, args, env] of all) {
    const result = await command(file, args, env === undefined ? {} : { env });
    ok &&= result.code === 0;
    output += result.output;
  }
  return { ok, output };
}

const npmTool = (name: string, ...args: string[]): Step => [join(ROOT, 'node_modules/.bin', name), args];

/** A stage that installs something into the cache; `install` is given a way to say how far it is. */
const setUp = (what: string, install: (log: (line: string) => void) => Promise<unknown>): Stage => ({
  name: `set-up: ${what}`,
  run: async (print) => {
    await install((line) => {
      print(`       ${line}\n`);
    });
    return { ok: true, output: '' };
  },
});

/** What the checks need. */
export const TOOLS: readonly Stage[] = [
  setUp('act, actionlint', goTools),
  setUp('zizmor, ruff, check-jsonschema', pythonTools),
];

/** What the sandbox needs. */
export const SANDBOX: readonly Stage[] = [
  setUp('Airflow 2.10.3', (log) => installAirflow('2.10.3', log)),
  setUp('Airflow 3.3.1', (log) => installAirflow('3.3.1', log)),
  setUp('moto', installMoto),
];

export const CHECKS: readonly Stage[] = [
  { name: 'lint', run: () => steps(npmTool('eslint', '--max-warnings=0', '.')) },
  { name: 'types', run: () => steps(npmTool('tsc')) },
  { name: 'action/dist is what the source builds', run: checkDist },
  { name: 'format', run: () => steps(npmTool('prettier', '--check', '--log-level=warn', '.')) },
  { name: 'unused code', run: () => steps(npmTool('knip')) },
  { name: 'Python', run: checkPython },
  { name: 'workflows', run: checkWorkflows },
];

async function checkDist(): Promise<Outcome> {
  const problem = await distProblem();
  return { ok: problem === '', output: problem };
}

async function checkPython(): Promise<Outcome> {
  const { ruff } = await pythonTools();
  return steps([ruff, ['check', '--quiet', '.']], [ruff, ['format', '--check', '.']]);
}

async function checkWorkflows(): Promise<Outcome> {
  const { actionlint } = await goTools();
  const { zizmor, environment } = await pythonTools();
  // actionlint first: zizmor leaves out a file that breaks the schema.
  return steps(
    [actionlint, []],
    [zizmor, ['--offline', '--persona', 'pedantic', '--quiet', '.']],
    [
      'python3',
      ['-m', 'check_jsonschema', '--quiet', '--builtin-schema', 'vendor.github-actions', 'action/action.yml'],
      environment,
    ],
  );
}
