import { MdrError } from '../domain/errors.ts';

/** As much of a failed request as decides what to do about it. */
export interface Failure {
  /** `undefined`: no answer at all. */
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  /** GitHub's own word; '' when it sent a page instead. */
  readonly message: string;
}

/** Milliseconds that may be spent on waiting for GitHub, all waits of a run together. */
export const PATIENCE = 180_000;

/** Before the second, third and fourth try of a call that got no answer. */
const PAUSES = [1_000, 2_000, 4_000] as const;

/** GitHub asks for a minute when it names no time: docs.github.com, Rate limits for the REST API. */
const UNNAMED = 60_000;

export const isDark = ({ status }: Failure): boolean => status === undefined || status >= 500;

/** GitHub answers both of its limits with 403 or 429; a missing permission is a 403 too. */
export const isRateLimited = ({ status, headers, message }: Failure): boolean =>
  status === 429 ||
  (status === 403 &&
    (headers['retry-after'] !== undefined ||
      String(headers['x-ratelimit-remaining']) === '0' ||
      /rate limit/i.test(message)));

/**
 * Milliseconds to wait before the same call may be made again; `undefined` = it must not be. A call that was turned away
 * by a limit did nothing; one without an answer may have done it, so only what is safe to repeat is repeated.
 */
export function pauseBefore(failure: Failure, tries: number, repeatable: boolean, now: number): number | undefined {
  if (isRateLimited(failure)) return namedPause(failure, now);
  return isDark(failure) && repeatable ? PAUSES[tries - 1] : undefined;
}

function namedPause({ headers }: Failure, now: number): number {
  const after = Number(headers['retry-after']);
  if (Number.isFinite(after)) return Math.max(after, 1) * 1_000;
  const reset = Number(headers['x-ratelimit-reset']);
  if (String(headers['x-ratelimit-remaining']) !== '0' || !Number.isFinite(reset)) return UNNAMED;
  return Math.max(reset * 1_000 - now, 0) + 1_000;
}

/** The error for a call that cannot be made. `until`: when GitHub would take it again, milliseconds. */
export function githubError(call: string, failure: Failure, until: number | undefined, cause: unknown): MdrError {
  const { status, message } = failure;
  const said = `${call}: ${[status ?? 'no answer', message].join(' ').trim()}`;
  const error = (code: MdrError['code'], fix: string, state: string) =>
    new MdrError({ code, message: said, fix, state, cause });
  if (until !== undefined)
    return error(
      'MDR-GITHUB-RATE',
      `Run it again after ${new Date(until).toISOString()}: GitHub takes no more calls of this token before.`,
      'The call did nothing; what was complete before it stays.',
    );
  if (status === 401)
    return error('MDR-GITHUB-DENIED', 'Give `github-token` a token that is valid for this repository.', NOTHING_DONE);
  if (status === 403) return error('MDR-GITHUB-DENIED', `Give ${missing(failure)}.`, NOTHING_DONE);
  if (isDark(failure))
    return error(
      'MDR-GITHUB-DARK',
      'See githubstatus.com, then run it again: whatever is there already is found and not made twice.',
      'GitHub may have done what was asked.',
    );
  const hidden = status === 404 ? ' GitHub also answers so what the token may not see.' : '';
  return error('MDR-GITHUB-ERROR', `Look at what GitHub said.${hidden}`, NOTHING_DONE);
}

const NOTHING_DONE = 'The call did nothing; what was complete before it stays.';

/** GitHub names the permissions that it would have taken: `issues=write; pull_requests=write`, `;` meaning or. */
function missing({ headers }: Failure): string {
  const accepted = headers['x-accepted-github-permissions'];
  if (accepted === undefined) return 'the job or the app the permission that GitHub speaks of';
  const sets = String(accepted)
    .split(';')
    .map((set) => `\`${set.trim().replaceAll('_', '-').replaceAll('=', ': ').replaceAll(',', ', ')}\``);
  return `the job (under \`permissions\`) or the app ${sets.join(' or ')}`;
}
