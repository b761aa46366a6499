import { getOctokit } from '@actions/github';
import { MdrError } from '../domain/errors.ts';
import type { Clock } from '../domain/ports.ts';
import { githubError, isRateLimited, PATIENCE, pauseBefore, type Failure } from './limits.ts';

export type Octokit = ReturnType<typeof getOctokit>;

export interface Connection {
  readonly token: string;
  /** As in `GITHUB_API_URL`. */
  readonly url: string;
  readonly clock: Clock;
  readonly stop: AbortSignal;
  /** Milliseconds for one try. */
  readonly attempt?: number;
}

const ATTEMPT = 15_000;

/**
 * Octokit with our patience: it waits when GitHub asks for it, never longer than the run can bear, and repeats only what
 * is safe to repeat. The retry plugins of Octokit would repeat a create whose reply was lost, and wait an hour.
 */
export function connect({ token, url, clock, stop, attempt = ATTEMPT }: Connection): Octokit {
  const octokit = getOctokit(token, { baseUrl: url });
  let waited = 0;
  octokit.hook.wrap('request', async (request, options) => {
    const call = `GitHub ${options.method} ${options.url}`;
    const repeatable = options.method !== 'POST' || options.url === '/graphql';
    for (let tries = 1; ; tries += 1) {
      // Changed in place: what a hook hands on is not what the hooks below it get.
      options.request = { ...options.request, signal: AbortSignal.any([stop, AbortSignal.timeout(attempt)]) };
      try {
        return await request(options);
      } catch (error) {
        throwIfStopped(stop, call, error);
        const failure = failureOf(error);
        const pause = pauseBefore(failure, tries, repeatable, clock.now());
        if (pause === undefined || waited + pause > PATIENCE) {
          const until = isRateLimited(failure) ? clock.now() + (pause ?? 0) : undefined;
          throw githubError(call, failure, until, error);
        }
        waited += pause;
        await clock.sleep(pause, stop);
        throwIfStopped(stop, call, error);
      }
    }
  });
  return octokit;
}

/** Octokit gives a connection that broke the status 500, but no response. */
function failureOf(error: unknown): Failure {
  if (!isRequestError(error)) throw error;
  const { response, message } = error;
  if (response === undefined) return { status: undefined, headers: {}, message };
  // A server that breaks early sends a page of HTML, which Octokit takes for its message.
  const word = typeof response.data === 'object' ? message : '';
  return { status: error.status, headers: response.headers, message: word };
}

interface RequestError extends Error {
  readonly status: number;
  readonly response?: { readonly headers: Failure['headers']; readonly data: unknown };
}

const isRequestError = (error: unknown): error is RequestError =>
  typeof error === 'object' && error !== null && 'status' in error && 'message' in error;

function throwIfStopped({ aborted }: AbortSignal, call: string, cause: unknown): void {
  if (!aborted) return;
  throw new MdrError({
    code: 'MDR-STOPPED',
    message: `the runner was asked to stop during ${call}`,
    fix: 'Run it again: whatever is there already is found and not made twice.',
    state: 'What was complete before this call stays.',
    cause,
  });
}

/** The answer, or `undefined` when GitHub answers with one of these statuses. */
export async function unless<T>(statuses: readonly number[], answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    const cause = error instanceof MdrError ? error.cause : undefined;
    if (isRequestError(cause) && cause.response !== undefined && statuses.includes(cause.status)) return undefined;
    throw error;
  }
}
