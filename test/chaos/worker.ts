/** A process that plays schedules: told a seed and a profile by its parent, it answers with the summary. */
import { PROFILES } from './profiles.ts';
import type { ProfileName } from './profiles.ts';
import { playSchedule } from './schedule.ts';
import type { Summary } from './totals.ts';

export interface Job {
  readonly seed: number;
  readonly profile: ProfileName;
}

process.on('message', ({ seed, profile }: Job) => {
  void playSchedule(seed, PROFILES[profile]).then(({ lines: _, ...summary }: Summary & { readonly lines: unknown }) => {
    process.send?.(summary);
  });
});
