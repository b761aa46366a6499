import { spawn } from 'node:child_process';
import { ROOT } from './paths.ts';

export interface CommandResult {
  readonly code: number;
  /** Standard output and standard error in the order of their arrival. */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with each piece of output as it arrives. */
  readonly onOutput?: (text: string) => void;
}

/** Runs a command to its end. Throws only when it cannot be started. */
export function command(file: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        options.onOutput?.(text);
      });
    }
    child.on('error', (error) => {
      reject(new Error(`Cannot start ${file}: ${error.message}`, { cause: error }));
    });
    child.on('close', (code, signal) => {
      resolve({ code: code ?? 1, output: signal === null ? output : `${output}\nended by ${signal}\n` });
    });
  });
}

/** Like {@link command}, but an exit code other than 0 is an error that carries the output. */
export async function requireSuccess(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<void> {
  const { code, output } = await command(file, args, options);
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} failed with exit code ${code}:\n${output}`);
}
