import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { ProfileName } from './profiles.ts';
import { Totals } from './totals.ts';
import type { Summary } from './totals.ts';

export interface Game {
  readonly profile: ProfileName;
  readonly seeds: { readonly from: number; readonly to: number };
  readonly seconds: number;
  /** Name of a rule that is taken out. */
  readonly without?: string | undefined;
  /** Ends as soon as this invariant is broken. */
  readonly until?: string | undefined;
  /** Told every few seconds how far it is. */
  readonly progress: (totals: Totals) => void;
}

const WORKERS = 2;
const PROGRESS_EVERY = 5_000;
/** Real milliseconds; a schedule takes less than a second, on a busy machine some. */
const LONGEST_SCHEDULE = 120_000;
const WORKER = new URL('worker.ts', import.meta.url);
const HOOK = new URL('mutant-hook.ts', import.meta.url);

/** Plays one schedule after the other in two processes of their own. */
export async function play(game: Game): Promise<Totals> {
  const totals = new Totals();
  const deadline = Date.now() + game.seconds * 1000;
  let next = game.seeds.from;
  const take = (): number | undefined => {
    const isOver = next > game.seeds.to || Date.now() > deadline || totals.broken.has(game.until ?? '');
    next += isOver ? 0 : 1;
    return isOver ? undefined : next - 1;
  };
  const progress = setInterval(() => {
    game.progress(totals);
  }, PROGRESS_EVERY);
  try {
    await Promise.all(Array.from({ length: WORKERS }, () => work(game, take, totals)));
  } finally {
    clearInterval(progress);
  }
  return totals;
}

function work(game: Game, take: () => number | undefined, totals: Totals): Promise<void> {
  const child = fork(WORKER, [], {
    execArgv: game.without === undefined ? [] : ['--import', HOOK.href],
    env: { ...process.env, MWAADR_WITHOUT: game.without ?? '' },
  });
  return new Promise((resolve, reject) => {
    let watchdog: NodeJS.Timeout | undefined;
    const goOn = () => {
      clearTimeout(watchdog);
      const seed = take();
      if (seed === undefined) {
        child.disconnect();
        return;
      }
      watchdog = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`seed ${seed} did not end: npm run chaos -- --profile ${game.profile} --story ${seed}`));
      }, LONGEST_SCHEDULE);
      child.send({ seed, profile: game.profile });
    };
    child.on('message', (summary: Summary) => {
      totals.add(summary);
      goOn();
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(watchdog);
      if (code === 0) resolve();
      else reject(died(child, code));
    });
    goOn();
  });
}

const died = ({ pid }: ChildProcess, code: number | null): Error =>
  new Error(`the worker ${pid ?? ''} ended with ${code ?? 'a signal'}; its message stands above`);
