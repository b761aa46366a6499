import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { ERROR_CODES } from '../../action/src/domain/errors.ts';

const HEADER = `# Errors

Every error has a code that never changes its meaning. The message says what happened, why we think so, in what state things were left, and what to do now.

| code | meaning |
|---|---|
`;

const rows = Object.entries(ERROR_CODES).map(([code, meaning]) => `| \`${code}\` | ${meaning} |\n`);

test('docs/errors.md lists every error code', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  expect(page).toBe(HEADER + rows.join(''));
});
