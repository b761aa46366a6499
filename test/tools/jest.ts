import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { command } from './command.ts';
import { ROOT } from './paths.ts';
import type { Outcome } from './stages.ts';

/** The part of jest's JSON report that we count. */
export interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    /** The file. */
    readonly name: string;
    readonly status: string;
    /** Says why a file could not be loaded. */
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** A skipped test proves nothing, so it counts as failed; so does a file that could not be loaded. */
export function count(report: JestReport): { passed: number; failed: number } {
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numPendingTests + report.numTodoTests + report.numRuntimeErrorTestSuites,
  };
}

/** Each test that is no pass, and each file that could not be loaded, with what it said. */
export function failures(report: Pick<JestReport, 'testResults'>): string[] {
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(ROOT, name);
    if (status === 'failed' && assertionResults.length === 0) return [`${file}\n${message}`];
    return assertionResults
      .filter((test) => test.status !== 'passed')
      .map((test) => [`${file}: ${test.fullName} (${test.status})`, ...test.failureMessages].join('\n'));
  });
}

const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  join(ROOT, 'node_modules/jest/bin/jest.js'),
];

/** Runs one of the projects of jest.config.mjs and counts its tests. */
export async function jest(
  project: string,
  args: readonly string[],
  onOutput?: (text: string) => void,
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'mwaadr-jest-'));
  const file = join(folder, 'report.json');
  try {
    const { code, output } = await command(
      process.execPath,
      [...JEST, '--selectProjects', project, '--json', '--outputFile', file, ...args],
      { env, ...(onOutput && { onOutput }) },
    );
    const report = readReport(file);
    if (report === undefined) return { ok: false, output };
    const tests = count(report);
    const skipped = report.numPendingTests + report.numTodoTests;
    const note = skipped === 0 ? '' : `\n${skipped} skipped: a skipped test counts as failed.`;
    return {
      ok: code === 0 && tests.failed === 0,
      output: output + note,
      tests,
      failures: failures(report),
      show: onOutput === undefined,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file: string): JestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JestReport;
  } catch (error) {
    // jest stopped before it wrote one: its output says why.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

if (import.meta.main) {
  const [project = 'unit', ...args] = process.argv.slice(2);
  const outcome = await jest(project, args, (text) => process.stdout.write(text));
  process.exitCode = outcome.ok ? 0 : 1;
}
