import { Story } from '../doubles/story.ts';
import { Universe } from '../doubles/universe.ts';
import { layAmbushes } from './ambush.ts';
import { endGame } from './end-game.ts';
import { eventsOf } from './events.ts';
import { watchAll } from './invariants/index.ts';
import { lastRegion } from './last-region.ts';
import type { LastRegion } from './last-region.ts';
import type { Profile } from './profiles.ts';
import { Random } from './random.ts';
import { REGIONS, Scene } from './scene.ts';
import type { Violation } from './scene.ts';

/** How a schedule went. */
export interface Outcome {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** Its whole story, a line for each thing that happened. */
  readonly lines: readonly string[];
  readonly operations: number;
  readonly samples: number;
  /** Operation and code → how often it ended so. */
  readonly codes: Readonly<Record<string, number>>;
  /** What became of the command that `check` printed at the end; `undefined` = it printed none. */
  readonly command: string | undefined;
  readonly lastRegion: LastRegion | undefined;
}

/** Everything that happens under one seed; the same every time. `isTold`: the story has the action's own lines, too. */
export async function playSchedule(seed: number, profile: Profile, isTold = false): Promise<Outcome> {
  const random = new Random(seed);
  const story = await Story.ofARunningDeployment(new Universe());
  const scene = new Scene(seed, profile, random, story, isTold);
  watchAll(scene);
  if (random.chance(profile.ambushes)) layAmbushes(scene);
  await havoc(scene);
  const last = profile.oneRegionLeft ? await lastRegion(scene) : undefined;
  const command = profile.oneRegionLeft ? undefined : await endGame(scene);
  scene.close();
  for (const operation of scene.running) operation.kill();
  return {
    seed,
    violations: scene.violations,
    lines: scene.lines,
    operations: scene.endings.length,
    samples: scene.samples,
    codes: codesOf(scene),
    command,
    lastRegion: last,
  };
}

const MINUTE = 60_000;
const SHORT_PAUSES = [1_000, 20_000, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE] as const;
/** How long a canary needs to make up what it missed, once its Region is back. */
const RETURNS = [8_000, 8_000, 45_000] as const;
/** How long a run waits for its worker, at sites of different size. */
const QUEUES = [5_000, 5_000, MINUTE, 4 * MINUTE] as const;

async function havoc(scene: Scene): Promise<void> {
  const { random, profile, universe } = scene;
  const events = eventsOf(scene);
  for (const region of REGIONS) {
    scene.airflow(region).startsAfter = random.pick(QUEUES);
    scene.airflow(region).makesUpAfter = random.pick(RETURNS);
  }
  const longPause = (profile.hours * 60 * MINUTE) / profile.events;
  for (let count = 0; count < profile.events; count += 1) {
    random.weighted(events).happen(scene);
    await universe.clock.sleep(random.pick([...SHORT_PAUSES, longPause]));
  }
}

function codesOf(scene: Scene): Readonly<Record<string, number>> {
  const codes: Record<string, number> = {};
  for (const { by, code } of scene.endings) {
    const key = `${by.operation} ${code}`;
    codes[key] = (codes[key] ?? 0) + 1;
  }
  return codes;
}
