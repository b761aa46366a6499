import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { permissionOf } from '../../action/src/domain/move-permission.ts';
import { SIGNALS } from '../../action/src/domain/observation.ts';
import { FINDING_NAMES } from '../../action/src/domain/results.ts';
import { VERDICT_KEYS } from '../../action/src/domain/verdict.ts';
import { LOSSES, PLAIN_LOSSES, verdictOf } from '../tools/health-reference.ts';
import { ROOT } from '../tools/paths.ts';

const page = readFileSync(join(ROOT, 'docs/health.md'), 'utf8');

describe('docs/health.md', () => {
  test.each([...SIGNALS, ...FINDING_NAMES, ...VERDICT_KEYS])('tells of %s', (name) => {
    expect(page).toContain(`\`${name}\``);
  });

  test('is one of the pages that the README names', () => {
    expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain('[docs/health.md](docs/health.md)');
  });
});

describe('A loss that docs/health.md says nobody can call so', () => {
  test.each(PLAIN_LOSSES)('is one when nothing hides it (%j)', (seen, key) => {
    expect(verdictOf({ seen })).toBe(key);
  });

  test.each(LOSSES)('is none: $what', (loss) => {
    const key = verdictOf(loss);
    expect(['DEGRADED', 'UNKNOWN']).toContain(key);
    expect(permissionOf(key, 'manual')).toBe('force');
    expect(permissionOf(key, 'automatic')).toBe('refused');
    expect(page).toContain(`| ${loss.what} `);
  });
});
