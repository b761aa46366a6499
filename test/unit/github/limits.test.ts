import { describe, expect, test } from '@jest/globals';
import { githubError, isRateLimited, pauseBefore, type Failure } from '../../../action/src/github/limits.ts';

const NOW = Date.parse('2026-11-24T10:00:00Z');
const failure = (status: number | undefined, headers: Failure['headers'] = {}, message = ''): Failure => ({
  status,
  headers,
  message,
});

describe('a call is made again', () => {
  test.each([
    ['after a 5xx, a second and then longer', failure(502), [1_000, 2_000, 4_000, undefined]],
    ['after no answer at all', failure(undefined), [1_000, 2_000, 4_000, undefined]],
    ['never after a refusal', failure(404), [undefined]],
    ['never after a missing permission', failure(403), [undefined]],
    ['after as many seconds as GitHub names', failure(429, { 'retry-after': '30' }), [30_000, 30_000]],
    ['after a minute when it names none', failure(403, {}, 'You have exceeded a secondary rate limit'), [60_000]],
    [
      'a second after the hour’s limit is reset',
      failure(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1_000 + 40) }),
      [41_000],
    ],
  ])('%s', (_name, what, pauses) => {
    expect(pauses.map((_, index) => pauseBefore(what, index + 1, true, NOW))).toEqual(pauses);
  });

  test('a create only after a limit, which did nothing', () => {
    expect(pauseBefore(failure(502), 1, false, NOW)).toBeUndefined();
    expect(pauseBefore(failure(undefined), 1, false, NOW)).toBeUndefined();
    expect(pauseBefore(failure(429, { 'retry-after': '3' }), 1, false, NOW)).toBe(3_000);
  });
});

test('a missing permission is not taken for a limit', () => {
  expect(isRateLimited(failure(403, { 'x-ratelimit-remaining': '4999' }, 'Resource not accessible'))).toBe(false);
});

test('permissions are named as a workflow writes them, with all that are needed together', () => {
  const headers = {
    'x-accepted-github-permissions': 'contents=write,pull_requests=write; contents=write,workflows=write',
  };
  expect(githubError('GitHub PUT x', failure(403, headers), undefined, undefined).fix).toBe(
    'Give the job (under `permissions`) or the app `contents: write, pull-requests: write` or `contents: write, workflows: write`.',
  );
  expect(githubError('GitHub PUT x', failure(403), undefined, undefined)).toMatchObject({ code: 'MDR-GITHUB-DENIED' });
});

test('a 404 says that it may be a missing permission', () => {
  const error = githubError('GitHub GET x', failure(404, {}, 'Not Found'), undefined, undefined);
  expect(error).toMatchObject({ code: 'MDR-GITHUB-ERROR', message: 'GitHub GET x: 404 Not Found' });
  expect(error.fix).toContain('may not see');
});
