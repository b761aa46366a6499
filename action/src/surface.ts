import { hostname, userInfo } from 'node:os';
import type { Place } from './domain/errors.ts';
import type { Tools } from './domain/tools.ts';
import { tame, type Document } from './report/document.ts';
import { toText } from './report/text.ts';

/** The place that started us, a workflow or a terminal: where inputs come from and where the report goes. */
export interface Surface {
  readonly onGitHub: boolean;
  /** Inputs that were given, by their names in action.yml. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Who runs this. */
  readonly actor: string;
  readonly run: Tools['run'];
  group<T>(title: string, body: () => Promise<T>): Promise<T>;
  info(line: string): void;
  warning(line: string, place?: Place): void;
  /** The error at the top of the run, at a place in a file if it has one. */
  error(title: string, message: string, place: Place | undefined): void;
  output(name: string, value: string): void;
  /** The report, given the number of rows that a list may have. */
  summary(render: (maxRows: number) => Document): Promise<void>;
  keepSecret(secret: string): void;
  idToken(): Promise<string>;
}

/** One line of a log that no line of it can turn into a workflow command. */
export const logLine = (text: string): string =>
  tame(text)
    .replace(/^\s*::/, ': :')
    .replaceAll('##[', '## [');

/** Lets a line through when it is another one than before, or when it said the same a minute ago. */
export function onChange(write: (line: string) => void): (line: string) => void {
  let last = { line: '', at: 0 };
  return (line) => {
    const now = performance.now();
    if (line === last.line && now - last.at < 60_000) return;
    last = { line, at: now };
    write(line);
  };
}

function userAndHost(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A container may run under a user id that has no name.
    return `uid ${process.getuid?.() ?? 'unknown'}@${hostname()}`;
  }
}

/** A terminal, for the day on which GitHub is not there: progress to stderr, the report to stdout. */
export function terminal(inputs: Readonly<Record<string, string>>): Surface {
  const say = (line: string) => process.stderr.write(`${tame(line)}\n`);
  return {
    onGitHub: false,
    // A token on a command line could be read by everybody on the machine.
    inputs: { ...inputs, 'github-token': process.env['GITHUB_TOKEN'] ?? '' },
    actor: userAndHost(),
    run: { commit: undefined, commits: undefined, pullRequest: undefined, url: undefined },
    group(title, body) {
      say(`== ${title}`);
      return body();
    },
    info: onChange(say),
    warning: (line) => say(`warning: ${line}`),
    // The report says it.
    error: () => undefined,
    output: () => undefined,
    summary(render) {
      process.stdout.write(toText(render(Number.MAX_SAFE_INTEGER)));
      return Promise.resolve();
    },
    keepSecret: () => undefined,
    idToken: () => Promise.reject(new Error('only a workflow run has an id token')),
  };
}
