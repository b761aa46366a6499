/** `npm run chaos`: plays random schedules against the protocol of moves, and says which promises were broken. */
import { parseWish, USAGE } from './arguments.ts';
import type { Wish } from './arguments.ts';
import { MUTANTS } from './mutants.ts';
import { play } from './play.ts';
import { PROFILES } from './profiles.ts';
import { showRed } from './red.ts';
import { playSchedule } from './schedule.ts';

// A reader may have seen enough.
process.stdout.on('error', () => process.exit(1));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(wish: Wish): Promise<boolean> {
  if (wish.help) {
    say(USAGE);
    return true;
  }
  if (wish.story !== undefined) return tellStory(wish, wish.story);
  if (wish.without !== undefined && MUTANTS.every(({ rule }) => rule !== wish.without)) {
    for (const { rule, breaks } of MUTANTS) say(`${rule}: without it ${breaks} breaks`);
    return wish.without === '';
  }
  if (wish.red) return showRed(wish, say);
  const began = Date.now();
  const seconds = () => (Date.now() - began) / 1000;
  const totals = await play({
    ...wish,
    progress: ({ schedules, broken }) => {
      say(`${Math.round(seconds())} s: ${schedules} schedules, ${broken.size} promises broken`);
    },
  });
  for (const line of totals.lines(seconds())) say(line);
  return totals.broken.size === 0;
}

async function tellStory({ profile }: Wish, seed: number): Promise<boolean> {
  const { lines, violations } = await playSchedule(seed, PROFILES[profile], true);
  for (const line of lines) say(line);
  say(violations.length === 0 ? 'every promise held' : `${violations.length} promises broken:`);
  for (const { invariant, at, detail } of violations) say(`${at} ${invariant}: ${detail}`);
  return violations.length === 0;
}

process.exitCode = (await main(parseWish(process.argv.slice(2)))) ? 0 : 1;
