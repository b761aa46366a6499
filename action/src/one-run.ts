import { readFile } from 'node:fs/promises';
import type { Deployment } from './domain/deployment.ts';
import { parseDeployment } from './domain/deployment-file.ts';
import { MdrError } from './domain/errors.ts';
import { parseInputs, requireOperation } from './domain/inputs.ts';
import type { OperationResult } from './domain/results.ts';
import { runOperation } from './operations/index.ts';
import { errorReport } from './report/error.ts';
import { exitOf, requireFailOn } from './report/fail-on.ts';
import { knownError } from './report/known-error.ts';
import { outputsOf } from './report/outputs.ts';
import { reportOf } from './report/report.ts';
import type { Surface } from './surface.ts';
import { createWorld } from './world.ts';

/** The runner kills us 7.5 s after it asked us to stop; the report has to be written before that. */
const GRACE = 5_000;

/** What a shell says of a process that Ctrl-C has ended. */
const STOPPED = 130;
const FAILED = 1;

/** One run, from inputs to the exit code. */
export async function oneRun(surface: Surface, stop: AbortSignal): Promise<number> {
  const { operation: name = '', deployment: file = '', 'fail-on': failOn = '', ...more } = surface.inputs;
  const { 'role-to-assume': _role, ...own } = more;
  try {
    requireNode(process.versions.node);
    const operation = requireOperation(name);
    const threshold = requireFailOn(operation, failOn);
    const inputs = parseInputs(operation, own);
    const deployment = await readDeployment(operation, file);
    const world = createWorld(surface, deployment, stop);
    const result = await untilStopped(runOperation(world, deployment, operation, inputs), stop);
    return await publish(surface, result, file, threshold);
  } catch (error) {
    await reportError(surface, error);
    return stop.aborted ? STOPPED : FAILED;
  }
}

/** GitHub's runner obeys action.yml, others may not: on older versions parts of us fail late and strangely. */
export function requireNode(version: string): void {
  if (Number.parseInt(version, 10) >= 24) return;
  throw new MdrError({
    code: 'MDR-NODE-VERSION',
    message: `This is Node.js ${version}`,
    fix: 'Start it with Node.js 24 or newer.',
    state: 'Nothing was touched.',
  });
}

async function readDeployment(operation: string, file: string): Promise<Deployment> {
  if (file === '')
    throw new MdrError({
      code: 'MDR-INPUT-MISSING',
      message: `the input \`deployment\` is missing, which says what to ${operation}`,
      fix: 'Give the path of a deployment file, as in environments/example.json.',
      state: 'Nothing was touched.',
    });
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new MdrError({
      code: 'MDR-FILE-MISSING',
      message: `${file} cannot be read: ${code}`,
      fix: `Give the path of a deployment file from ${process.cwd()}, and check out the repository before this step.`,
      state: 'Nothing was touched.',
    });
  }
  return parseDeployment(text, file);
}

/** The operation's own end, or ours when it does not come to a safe point in time. */
async function untilStopped<T>(operation: Promise<T>, stop: AbortSignal): Promise<T> {
  const late = new Promise<never>((_resolve, reject) => {
    const wait = () => {
      setTimeout(() => {
        reject(noSafePoint(String(stop.reason)));
      }, GRACE);
    };
    if (stop.aborted) wait();
    else stop.addEventListener('abort', wait, { once: true });
  });
  return Promise.race([operation, late]);
}

const noSafePoint = (signal: string): MdrError =>
  new MdrError({
    code: 'MDR-STOPPED',
    message: `${signal} came, and no safe point within ${GRACE / 1_000} s`,
    fix: 'Run the same operation again: it goes on where this one stopped.',
    state: 'Every step that was complete is kept; the step under way is repeated by the next run.',
  });

async function publish(surface: Surface, result: OperationResult, file: string, threshold: string): Promise<number> {
  for (const [name, value] of Object.entries(outputsOf(result))) surface.output(name, value);
  await surface.summary((maxRows) => reportOf(result, { file, onGitHub: surface.onGitHub, maxRows }));
  const { code, line } = exitOf(result, threshold);
  if (code !== 0) surface.error('Verdict', line, undefined);
  else if (line !== '') surface.warning(line);
  return code;
}

async function reportError(surface: Surface, thrown: unknown): Promise<void> {
  const error = knownError(thrown);
  if (error.code === 'MDR-INTERNAL' && thrown instanceof Error) surface.info(thrown.stack ?? '');
  surface.error(error.code, `${error.message}\nDo now: ${error.fix}`, error.place);
  await surface.summary(() => errorReport(error));
}
