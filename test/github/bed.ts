import { createGitHub } from '../../action/src/github/rest.ts';
import type { GitHub } from '../../action/src/domain/github.ts';
import type { Clock, Log } from '../../action/src/domain/ports.ts';
import { GitHubDouble } from './double.ts';

/** A clock that everybody shares and that jumps over every wait. */
export class JumpingClock implements Clock {
  readonly slept: number[] = [];
  #now: number;

  constructor(start: string) {
    this.#now = Date.parse(start);
  }

  now(): number {
    return this.#now;
  }

  sleep(milliseconds: number): Promise<void> {
    this.slept.push(milliseconds);
    this.#now += milliseconds;
    return Promise.resolve();
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }
}

export const DAY = 86_400_000;

/** GitHub's double and what an operation gets, over the real adapter. */
export interface Bed {
  readonly double: GitHubDouble;
  readonly clock: JumpingClock;
  readonly lines: readonly string[];
  /** The world of a job with this token. */
  as(token: string): { readonly github: GitHub; readonly clock: Clock; readonly log: Log };
  readonly stop: AbortController;
  /** Throws when any exchange was not as GitHub describes it. */
  close(): Promise<void>;
}

export async function startBed(): Promise<Bed> {
  const clock = new JumpingClock('2026-11-24T10:00:00Z');
  const double = await GitHubDouble.start(() => clock.now());
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const log: Log = { group: (_title, body) => body(), info: say, warning: say };
  const stop = new AbortController();
  return {
    double,
    clock,
    lines,
    stop,
    as: (token) => ({
      github: createGitHub(double.repository.name, {
        token,
        url: double.url,
        clock,
        stop: stop.signal,
        attempt: 20_000,
      }),
      clock,
      log,
    }),
    close: () => double.close(),
  };
}
