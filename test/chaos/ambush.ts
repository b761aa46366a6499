import { DAG_IDS } from '../../action/src/domain/names.ts';
import { failoverTo, forAWhile } from './events.ts';
import { run } from './operations.ts';
import type { Operation } from './operations.ts';
import type { Random } from './random.ts';
import { otherRegion } from './scene.ts';
import type { Scene } from './scene.ts';

interface Moment {
  readonly name: string;
  readonly is: RegExp;
  readonly among: number;
}

/** Moments in which much hangs by a thread: one of the first so many calls of this kind, by whatever process. */
const MOMENTS: readonly [Moment, ...Moment[]] = [
  { name: 'an activation is ordered', is: /^InvokeRestApi POST dags\/mwaadr_activate/, among: 3 },
  { name: 'an activation is ordered', is: /^InvokeRestApi POST dags\/mwaadr_activate/, among: 3 },
  { name: 'a run is ordered', is: /^InvokeRestApi POST/, among: 8 },
  { name: 'a record is written', is: /^PutObject control\/[^/]+\.json$/, among: 40 },
  { name: 'a step is done', is: /^PutObject control\/.+\/journal\//, among: 15 },
];

interface Blow {
  readonly name: string;
  readonly strike: (scene: Scene, region: string, by: Operation) => () => void;
}

const loseOne = (scene: Scene, region: string) => {
  if (scene.universe.isLost(region)) return () => undefined;
  scene.universe.lose(region);
  return () => {
    if (scene.universe.isLost(region)) scene.universe.bringBack(region);
  };
};

/** The Region and the runner are lost together, and somebody goes home. */
function loseBoth(scene: Scene, region: string, by: Operation): () => void {
  by.kill();
  const home = failoverTo(otherRegion(region), true);
  scene.universe.clock.after(GOES_HOME_AFTER, () => void run(scene, 'failover', home));
  return loseOne(scene, region);
}

const GOES_HOME_AFTER = 300_000;

const BLOWS: readonly [Blow, ...Blow[]] = [
  { name: 'its Region is lost, and the runner', strike: loseBoth },
  { name: 'its Region is lost', strike: loseOne },
  { name: 'the other Region is lost', strike: (scene, region) => loseOne(scene, otherRegion(region)) },
  {
    name: 'its S3 is dark for those outside',
    strike: ({ universe }, region) => universe.fault({ service: 's3', quality: 'dark', region, observer: 'outside' }),
  },
  {
    name: 'its activations get no worker',
    strike: (scene, region) => {
      scene.airflow(region).starved.add(DAG_IDS.activate);
      return () => void scene.airflow(region).starved.delete(DAG_IDS.activate);
    },
  },
  {
    name: 'the Regions are cut off from each other',
    strike: ({ universe }) => {
      universe.cut();
      return () => {
        universe.mend();
      };
    },
  },
];

/** Lets one or two blows fall in the middle of moves, instead of whenever the dice say. */
export function layAmbushes(scene: Scene): void {
  for (let count = 1 + scene.random.below(2); count > 0; count -= 1) layAmbush(scene, scene.random);
}

function layAmbush(scene: Scene, random: Random): void {
  const moment = random.pick(MOMENTS);
  const blow = random.pick(BLOWS);
  const minutes = random.pick([3, 15, 60, 120] as const);
  let left = 1 + random.below(moment.among);
  scene.watch({
    called: ({ operation, key, region }, by) => {
      if (scene.isHealed || !moment.is.test(`${operation} ${key}`)) return;
      left -= 1;
      if (left !== 0) return;
      forAWhile(scene, `as ${moment.name} in ${region}, ${blow.name}`, minutes, blow.strike(scene, region, by));
    },
  });
}
