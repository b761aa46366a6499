import type { Wish } from './arguments.ts';
import { MUTANTS } from './mutants.ts';
import { play } from './play.ts';

/** Takes out each rule in turn, or only the one that is named. True when each time the promise that hangs on it broke. */
export async function showRed({ seeds, seconds, without }: Wish, say: (line: string) => void): Promise<boolean> {
  let isRed = true;
  const chosen = MUTANTS.filter(({ rule }) => without === undefined || rule === without);
  for (const { rule, breaks, profile } of chosen) {
    const totals = await play({ profile, seeds, seconds, without: rule, until: breaks, progress: () => undefined });
    const broken = totals.broken.get(breaks);
    const also = [...totals.broken.keys()].filter((name) => name !== breaks);
    const others = also.length === 0 ? '' : `; also ${also.join(', ')}`;
    say(
      broken === undefined
        ? `NOT RED  without "${rule}" ${breaks} holds in ${totals.schedules} schedules${others}`
        : `red      without "${rule}" ${breaks} breaks after ${totals.schedules} schedules${others}`,
    );
    isRed &&= broken !== undefined;
  }
  return isRed;
}
