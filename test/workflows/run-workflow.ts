/** Runs one workflow with act: on this machine, without containers, without GitHub. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { goTools } from '../tools/install.ts';
import { ROOT } from '../tools/paths.ts';

export interface WorkflowRequest {
  /** The folder of the repository; see `makeRepository`. */
  readonly repository: string;
  /** File name in .github/workflows. */
  readonly file: string;
  readonly event: 'push' | 'pull_request' | 'schedule' | 'workflow_dispatch';
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly vars?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** As GITHUB_TOKEN. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Actions of others that need a service of GitHub's, and what stands in for them here. */
const STAND_INS = [
  'actions/create-github-app-token',
  'actions/download-artifact',
  'actions/setup-python',
  'actions/upload-artifact',
];

const PINS = JSON.parse(readFileSync(new URL('pins.json', import.meta.url), 'utf8')) as {
  action: string;
  sha: string;
}[];

const standIns = (): string[] =>
  PINS.filter(({ action }) => STAND_INS.includes(action)).flatMap(({ action, sha }) => [
    '--local-repository',
    `${action}@${sha}=${join(import.meta.dirname, 'stubs', basename(action))}`,
  ]);

export interface StepRun {
  readonly name: string;
  readonly result: string;
}

export interface JobRun {
  /** `undefined` when act never said. */
  result: 'success' | 'failure' | 'skipped' | undefined;
  readonly steps: StepRun[];
  /** By step id, then by name. */
  readonly outputs: Record<string, Record<string, string>>;
  summary: string;
  readonly annotations: { readonly level: string; readonly message: string }[];
  /** What the steps printed. May hold what `::add-mask::` hides on GitHub. */
  readonly log: string[];
}

export interface WorkflowRun {
  /** act's exit code: 0 when every job is well. */
  readonly code: number;
  /** By job id; a leg of a matrix has its values behind it: `check {"deployment":"example"}`. */
  readonly jobs: Readonly<Record<string, JobRun>>;
  /** What act said outside of jobs: where a workflow that it refuses is explained. */
  readonly messages: readonly string[];
}

/** The members of act's JSON log lines that we read. */
interface LogLine {
  readonly jobID?: string;
  readonly matrix?: Readonly<Record<string, unknown>>;
  readonly msg?: string;
  readonly raw_output?: boolean;
  readonly command?: string;
  readonly content?: string;
  readonly name?: string;
  readonly arg?: string;
  readonly step?: string;
  readonly stepID?: readonly string[];
  readonly stage?: string;
  readonly stepResult?: string;
  readonly jobResult?: JobRun['result'];
}

export async function runWorkflow(request: WorkflowRequest): Promise<WorkflowRun> {
  const { act } = await goTools();
  const folder = mkdtempSync(join(tmpdir(), 'mwaadr-act-'));
  const { payload = {}, inputs } = request;
  writeFileSync(join(folder, 'event.json'), JSON.stringify({ ...payload, ...(inputs && { inputs }) }));
  const jobs: Record<string, JobRun> = {};
  const messages: string[] = [];
  try {
    const child = spawn(act, actArguments(request, folder), {
      cwd: request.repository,
      // A group of its own, so that the time limit ends act and its steps alike.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        // act runs an action with whatever node it finds first.
        PATH: [join(ROOT, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
        HOME: folder,
        LANG: 'C.UTF-8',
      },
    });
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        readLine(line, jobs, messages);
      });
    }
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, request.timeoutMs ?? 60_000);
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (exitCode) => {
        resolve(exitCode ?? 1);
      });
    });
    clearTimeout(timer);
    return { code, jobs, messages };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function actArguments(request: WorkflowRequest, folder: string): string[] {
  const pairs = (flag: string, values: Readonly<Record<string, string>> = {}): string[] =>
    Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
  return [
    request.event,
    ...['--workflows', join(request.repository, '.github/workflows', request.file)],
    ...['--eventpath', join(folder, 'event.json')],
    ...['--json', '--platform', 'ubuntu-24.04=-self-hosted'],
    ...['--action-offline-mode', '--pull=false', '--no-cache-server', '--action-cache-path', join(folder, 'cache')],
    // Nothing from the files that act would read by itself.
    ...[
      '--env-file',
      '/dev/null',
      '--secret-file',
      '/dev/null',
      '--var-file',
      '/dev/null',
      '--input-file',
      '/dev/null',
    ],
    ...pairs('--input', request.inputs),
    ...pairs('--var', request.vars),
    ...pairs('--env', { MWAADR_ARTIFACTS: join(folder, 'artifacts'), ...request.env }),
    ...pairs('--secret', request.secrets),
    ...standIns(),
  ];
}

function readLine(text: string, jobs: Record<string, JobRun>, messages: string[]): void {
  if (!text.startsWith('{')) {
    if (text.trim() !== '') messages.push(text);
    return;
  }
  const line = JSON.parse(text) as LogLine;
  if (line.jobID === undefined) {
    messages.push(line.msg ?? text);
    return;
  }
  const legs = Object.keys(line.matrix ?? {}).length === 0 ? '' : ` ${JSON.stringify(line.matrix)}`;
  const job = (jobs[line.jobID + legs] ??= {
    result: undefined,
    steps: [],
    outputs: {},
    summary: '',
    annotations: [],
    log: [],
  });
  if (line.raw_output === true) job.log.push((line.msg ?? '').replace(/\n$/, ''));
  if (line.command === 'summary') job.summary += line.content ?? '';
  if (line.command === 'set-output') {
    const [step = ''] = line.stepID ?? [];
    (job.outputs[step] ??= {})[line.name ?? ''] = line.arg ?? '';
  }
  if (line.command !== undefined && ['error', 'warning', 'notice'].includes(line.command)) {
    job.annotations.push({ level: line.command, message: line.arg ?? '' });
  }
  if (line.stepResult !== undefined && line.stage === 'Main') {
    job.steps.push({ name: line.step ?? '', result: line.stepResult });
  }
  if (line.jobResult !== undefined) job.result = line.jobResult;
}
