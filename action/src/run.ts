import * as core from '@actions/core';
import { INPUT_NAMES, inputsFromArguments, USAGE } from './arguments.ts';
import { actorOfRun, runOfWorkflow } from './github/run-context.ts';
import type { Place } from './domain/errors.ts';
import { oneRun } from './one-run.ts';
import { errorReport } from './report/error.ts';
import { knownError } from './report/known-error.ts';
import { summaryOf } from './report/report.ts';
import { logLine, onChange, terminal, type Surface } from './surface.ts';

/** A step of a workflow. */
function workflow(): Surface {
  const given = INPUT_NAMES.map((name) => [name, core.getInput(name)] as const);
  return {
    onGitHub: true,
    inputs: Object.fromEntries(given.filter(([, value]) => value !== '')),
    actor: actorOfRun(),
    run: runOfWorkflow(),
    group: (title, body) => core.group(logLine(title), body),
    info: onChange((line) => {
      core.info(logLine(line));
    }),
    warning(line, place) {
      core.warning(logLine(line), whereOf(place));
    },
    error(title, message, place) {
      core.error(message, { title, ...whereOf(place) });
    },
    output(name, value) {
      core.setOutput(name, value);
    },
    async summary(render) {
      await core.summary.addRaw(summaryOf(render)).write();
    },
    keepSecret(secret) {
      core.setSecret(secret);
    },
    idToken: () => core.getIDToken('sts.amazonaws.com'),
  };
}

const whereOf = (place: Place | undefined) =>
  place && { file: place.file, startLine: place.line, startColumn: place.column };

/** Runs where we are: as a step of a workflow, or on a terminal. Answers the exit code. */
export async function run(args: readonly string[], stop: AbortSignal): Promise<number> {
  if (process.env['GITHUB_ACTIONS'] === 'true') return oneRun(workflow(), stop);
  if (args.length === 0 || args.includes('--help')) {
    process.stdout.write(USAGE);
    return args.length === 0 ? 1 : 0;
  }
  try {
    return await oneRun(terminal(inputsFromArguments(args)), stop);
  } catch (error) {
    await terminal({}).summary(() => errorReport(knownError(error)));
    return 1;
  }
}
