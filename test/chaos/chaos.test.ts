import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT } from '../tools/paths.ts';
import { MUTANTS, without } from './mutants.ts';
import { PROFILES } from './profiles.ts';
import type { ProfileName } from './profiles.ts';
import { playSchedule } from './schedule.ts';

/** A few seconds of what `npm run chaos` plays by the thousand. */
const SCHEDULES: readonly (readonly [ProfileName, readonly number[]])[] = [
  ['normal', [1, 2, 3, 4]],
  ['moves', [1, 2, 3, 4]],
  ['records', [1, 2, 3]],
  ['one-region-left', [1, 2, 3]],
  ['pauses', [1, 2, 3]],
];

describe('A random schedule', () => {
  test.each(SCHEDULES)(
    'of the profile %s breaks no promise',
    async (profile, seeds) => {
      for (const seed of seeds) {
        const { violations } = await playSchedule(seed, PROFILES[profile]);
        expect({ seed, violations }).toEqual({ seed, violations: [] });
      }
    },
    60_000,
  );

  test('goes the same way each time', async () => {
    const [once, again] = [await playSchedule(7, PROFILES.moves), await playSchedule(7, PROFILES.moves)];
    expect(again).toEqual(once);
    const other = await playSchedule(8, PROFILES.moves);
    expect(other.lines).not.toEqual(once.lines);
  }, 60_000);
});

describe('Each rule that can be taken out', () => {
  test.each(MUTANTS.map((mutant) => [mutant.rule, mutant] as const))(
    'stands where it is looked for: %s',
    (_, mutant) => {
      const source = readFileSync(join(ROOT, mutant.file), 'utf8');
      expect(without(mutant, source)).not.toBe(source);
    },
  );
});
