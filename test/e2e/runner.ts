import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BUNDLE = join(import.meta.dirname, '../../action/dist/index.js');

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly message: string;
  /** `title`, `file`, `line`, `col` … */
  readonly properties: Readonly<Record<string, string>>;
}

export interface BundleRun {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly annotations: readonly Annotation[];
  /** Values that the runner was told to blank from then on. */
  readonly masked: readonly string[];
  /** Everything written to stdout and stderr, as it came. */
  readonly raw: string;
  /** What GitHub shows of it: masked values blanked, workflow commands taken out. */
  readonly log: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Another bundle than the committed one. */
  readonly bundle?: string;
  /** Sent once `when` is found in the log; ten seconds later it is killed, as the runner does when a job is cancelled. */
  readonly signal?: { readonly when: RegExp; readonly send: NodeJS.Signals };
  /** Sent once this resolves, whatever the log says. */
  readonly killWhen?: Promise<unknown>;
  /** Gets the output as it comes. */
  readonly hear?: (text: string) => void;
}

/** SIGINT, 7.5 s, SIGTERM, 2.5 s, SIGKILL: what the runner does to a job that is cancelled. */
const RUNNER_WAITS_MS = 10_000;

const FILES = ['GITHUB_OUTPUT', 'GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_STATE', 'GITHUB_STEP_SUMMARY'] as const;

/** Variables of this process that would reach AWS or the shared configuration of whoever runs the tests. */
const isOurs = (name: string): boolean => /^(AWS|GITHUB|INPUT|ACTIONS|RUNNER|MWAADR|NODE_OPTIONS|CI$)/.test(name);

function runnerEnvironment(folder: string, inputs: Readonly<Record<string, string>>): Record<string, string> {
  const own = Object.entries(process.env).filter(([name, value]) => value !== undefined && !isOurs(name));
  return {
    ...(Object.fromEntries(own) as Record<string, string>),
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTOR: 'octocat',
    GITHUB_EVENT_NAME: 'workflow_dispatch',
    GITHUB_REF: 'refs/heads/main',
    GITHUB_REPOSITORY: 'example/deployments',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_RUN_ID: '4711',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_SHA: '0'.repeat(40),
    GITHUB_WORKSPACE: folder,
    RUNNER_TEMP: folder,
    RUNNER_OS: 'Linux',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: join(folder, 'no-aws-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'no-aws-credentials'),
    ...Object.fromEntries(FILES.map((name) => [name, join(folder, name)])),
    ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
  };
}

interface Process {
  readonly code: number | null;
  readonly raw: string;
}

function start(
  args: readonly string[],
  env: Record<string, string>,
  cwd: string,
  options: RunOptions,
): Promise<Process> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let raw = '';
    let waiting = options.signal;
    let kill: NodeJS.Timeout | undefined;
    const hear = (bytes: Buffer) => {
      raw += bytes.toString();
      options.hear?.(bytes.toString());
      if (waiting === undefined || !waiting.when.test(raw)) return;
      child.kill(waiting.send);
      waiting = undefined;
      kill = setTimeout(() => child.kill('SIGKILL'), RUNNER_WAITS_MS);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    void options.killWhen?.then(() => child.kill('SIGKILL'));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(kill);
      resolve({ code, raw });
    });
  });
}

/** The format of GITHUB_OUTPUT: `name<<delimiter`, lines, `delimiter`. */
function parseOutputs(text: string): Record<string, string> {
  const blocks = text.matchAll(/^(?<name>[^\n]+?)<<(?<end>[^\n]+)\n(?<value>.*?)\n\k<end>$/gms);
  return Object.fromEntries([...blocks].map(({ groups }) => [groups?.['name'] ?? '', groups?.['value'] ?? '']));
}

const unescape = (text: string): string =>
  text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');

/** `::name key=value,key=value::message`. */
const COMMAND = /^::(?<name>[a-z-]+)(?: (?<properties>[^\n]*?))?::(?<message>[^\n]*)$/;

interface WorkflowCommand {
  readonly name: string;
  readonly message: string;
  readonly properties: Record<string, string>;
}

function parseCommand(line: string): WorkflowCommand | undefined {
  const { name, properties = '', message = '' } = COMMAND.exec(line)?.groups ?? {};
  if (name === undefined) return undefined;
  const pairs = properties.split(',').filter(Boolean);
  return {
    name,
    message: unescape(message),
    properties: Object.fromEntries(pairs.map((pair) => pair.split('=', 2).map(unescape) as [string, string])),
  };
}

function shown(raw: string, masked: readonly string[]): string {
  const lines = raw.split('\n').filter((line) => !/^::(add-mask|set-output|save-state)/.test(line));
  return masked.reduce((text, secret) => text.replaceAll(secret, '***'), lines.join('\n'));
}

/** Runs the committed bundle as GitHub's runner runs it as a step; `env` adds to the runner's environment. */
export async function runBundle(
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
  options: RunOptions = {},
): Promise<BundleRun> {
  const folder = await mkdtemp(join(tmpdir(), 'mwaadr-runner-'));
  try {
    await Promise.all(FILES.map((name) => writeFile(join(folder, name), '')));
    const environment = { ...runnerEnvironment(folder, inputs), ...env };
    const { code, raw } = await start([options.bundle ?? BUNDLE], environment, options.cwd ?? folder, options);
    const commands = raw.split('\n').flatMap((line) => parseCommand(line) ?? []);
    const masked = commands.filter(({ name }) => name === 'add-mask').map(({ message }) => message);
    return {
      code,
      outputs: parseOutputs(await readFile(join(folder, 'GITHUB_OUTPUT'), 'utf8')),
      summary: await readFile(join(folder, 'GITHUB_STEP_SUMMARY'), 'utf8'),
      annotations: commands.flatMap(({ name, message, properties }) =>
        name === 'error' || name === 'warning' || name === 'notice' ? [{ level: name, message, properties }] : [],
      ),
      masked,
      raw,
      log: shown(raw, masked),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface TerminalRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the committed bundle as a person on a terminal does, without GitHub. */
export function runOnTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = tmpdir(),
): Promise<TerminalRun> {
  return new Promise((resolve, reject) => {
    const own = Object.entries(process.env).filter(([name, value]) => value !== undefined && !isOurs(name));
    const child = spawn(process.execPath, [BUNDLE, ...args], { cwd, env: { ...Object.fromEntries(own), ...env } });
    const texts = { stdout: '', stderr: '' };
    child.stdout.on('data', (bytes: Buffer) => (texts.stdout += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (texts.stderr += bytes.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, ...texts });
    });
  });
}
