import { readMany, readOne } from './deployment-files.ts';
import { MdrError } from './domain/errors.ts';
import { INPUTS, parseInputs, requireOperation, SCOPES } from './domain/inputs.ts';
import type { DeploymentFile } from './domain/fleet.ts';
import type { Inputs, Operation } from './domain/inputs.ts';
import type { OperationResult } from './domain/results.ts';
import { runWithTools } from './operations/index.ts';
import { annotationsOf } from './report/annotations.ts';
import { errorReport } from './report/error.ts';
import { exitOf, requireFailOn } from './report/fail-on.ts';
import { findingLines } from './report/findings.ts';
import { knownError } from './report/known-error.ts';
import { outputsOf } from './report/outputs.ts';
import { reportOf } from './report/report.ts';
import type { Context } from './report/words.ts';
import type { Surface } from './surface.ts';
import { createTools } from './tools.ts';

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
    const inputs = parseInputs(operation, ownInputs(operation, own, surface.onGitHub));
    const result = await untilStopped(runOn(surface, operation, inputs, file, stop), stop);
    return await publish(surface, result, file, threshold);
  } catch (error) {
    await reportError(surface, error);
    return stop.aborted ? STOPPED : FAILED;
  }
}

/** A terminal gives its token to every operation, wanted or not. */
function ownInputs(operation: Operation, given: Surface['inputs'], onGitHub: boolean): Surface['inputs'] {
  if (onGitHub) return given;
  return Object.fromEntries(
    Object.entries(given).filter(([name]) => !name.endsWith('-token') || name in INPUTS[operation].shape),
  );
}

async function runOn<O extends Operation>(
  surface: Surface,
  operation: O,
  inputs: Inputs<O>,
  path: string,
  stop: AbortSignal,
): Promise<OperationResult> {
  const files = await filesOf(surface, operation, path);
  return runWithTools(createTools(surface, operation, files, stop), operation, inputs, path);
}

async function filesOf(surface: Surface, operation: Operation, path: string): Promise<readonly DeploymentFile[]> {
  const warn = (line: string): void => {
    surface.warning(line);
  };
  switch (SCOPES[operation]) {
    case 'one':
      return [{ path, ...(await readOne(operation, path, warn)) }];
    case 'many':
      return readMany(operation, path, warn);
    case 'new':
    case 'none':
      return [];
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
  const annotations = annotationsOf(result);
  for (const { level, title, message, place } of annotations)
    if (level === 'error') surface.error(title, message, place);
    else surface.warning(`${title}: ${message}`, place);
  if (annotations.some(({ level }) => level === 'error')) return FAILED;
  const { code, line } = exitOf(result, threshold);
  const verdict = line === '' ? [] : [{ title: 'Verdict', message: line }];
  for (const { title, message } of [...verdict, ...foundIn(result, { file, onGitHub: surface.onGitHub, maxRows: 1 })])
    if (code !== 0) surface.error(title, message, undefined);
    else surface.warning(title === 'Verdict' ? message : `${title}: ${message}`);
  return code;
}

const foundIn = (result: OperationResult, context: Context) =>
  result.operation === 'check' ? findingLines(result.findings, result.deployment, context) : [];

async function reportError(surface: Surface, thrown: unknown): Promise<void> {
  const error = knownError(thrown);
  if (error.code === 'MDR-INTERNAL' && thrown instanceof Error) surface.info(thrown.stack ?? '');
  surface.error(error.code, `${error.message}\nDo now: ${error.fix}`, error.place);
  await surface.summary(() => errorReport(error));
}
