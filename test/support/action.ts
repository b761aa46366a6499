import { type BundleRun, runBundle } from '../e2e/runner.ts';
import type { Sandbox } from '../sandbox/types.ts';

export type ActionRun = BundleRun;

export interface ActionOptions {
  /** The run is expected to fail, or to be killed. */
  readonly mayFail?: boolean;
  /** SIGKILL when this resolves. */
  readonly kill?: Promise<unknown>;
  /** Another caller than the runner of the sandbox, so that faults can be aimed at it alone. */
  readonly accessKey?: string;
}

/** Runs one operation of the committed bundle against a sandbox, as GitHub's runner would. Throws when it fails unasked. */
export type Runner = (
  operation: string,
  inputs: Readonly<Record<string, string>>,
  options?: ActionOptions,
) => Promise<ActionRun>;

const SAY_EVERY_MS = 7000;

/** Workflow commands that are for the runner and not for a reader. */
const FOR_THE_RUNNER = /^::(add-mask|set-output|save-state|endgroup)/;

function* readable(text: string): Generator<string> {
  for (const line of text.split('\n')) {
    if (line.trim() !== '' && !FOR_THE_RUNNER.test(line)) yield `         | ${line.replace(/^::[a-z]+[^:]*::/, '')}`;
  }
}

export function runner(sandbox: Sandbox, log: (line: string) => void): Runner {
  return async (operation, inputs, { mayFail = false, kill, accessKey } = {}) => {
    log(
      `         > ${operation} ${Object.entries(inputs)
        .map(([name, value]) => `${name}="${value}"`)
        .join(' ')}`,
    );
    let heard = Date.now();
    const silence = setInterval(() => {
      if (Date.now() - heard < SAY_EVERY_MS) return;
      log(`         … ${operation} goes on`);
      heard = Date.now();
    }, 1000);
    const env = { ...sandbox.actionEnv, ...(accessKey === undefined ? {} : { AWS_ACCESS_KEY_ID: accessKey }) };
    const run = await runBundle({ operation, deployment: sandbox.deploymentFile, ...inputs }, env, {
      hear: (text) => {
        heard = Date.now();
        for (const line of readable(text)) log(line);
      },
      ...(kill === undefined ? {} : { killWhen: kill }),
    }).finally(() => {
      clearInterval(silence);
    });
    if (run.code !== 0 && !mayFail) throw new Error(`${operation} ended with ${run.code ?? 'a signal'}:\n${run.log}`);
    return run;
  };
}
