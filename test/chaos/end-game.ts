import { carryOut, printedBy } from './commands.ts';
import type { Command } from './commands.ts';
import { failoverTo } from './events.ts';
import { heal, letZombiesEnd, repairRecords } from './heal.ts';
import { runToItsEnd } from './operations.ts';
import type { Ended } from './operations.ts';
import { otherRegion, REGIONS } from './scene.ts';
import type { Scene } from './scene.ts';

/**
 * All is healed: three checks bring everything into order, the one command that the last of them prints leads on, and
 * then one more move to the other side goes well. Answers what became of the command.
 */
export async function endGame(scene: Scene): Promise<string | undefined> {
  heal(scene);
  await letZombiesEnd(scene);
  await repairRecords(scene);
  const last = await threeChecks(scene);
  if (unpauseAsToldBy(scene, last)) await scene.minutes(25);
  const command = printedBy(last);
  const became = command === undefined ? undefined : await follow(scene, command);
  if (scene.actives.length !== 1) {
    if (became === undefined || became === 'ok') scene.violate('no-way-on', describe(scene, command));
    return became;
  }
  await whatMustBeRefused(scene);
  await oneMoreMove(scene);
  return became;
}

/** What `check` asks a person to do at the active site; whether it asks for something. */
function unpauseAsToldBy(scene: Scene, { result }: Ended): boolean {
  const findings = result?.operation === 'check' ? result.findings : [];
  const { message = '' } = findings.find(({ name }) => name === 'all-paused') ?? {};
  const named = /\((?<dags>[^)]*)\): unpause them/.exec(message)?.groups?.['dags']?.split(', ') ?? [];
  for (const region of scene.actives) for (const dagId of named) scene.airflow(region).dags.set(dagId, false);
  return named.length > 0;
}

/** The active site is well: nobody leaves it without `force`, nor goes where it is already. */
async function whatMustBeRefused(scene: Scene): Promise<void> {
  for (const target of REGIONS) {
    const inputs = failoverTo(target, false);
    const code = await carryOut(scene, { operation: 'failover', inputs });
    if (code === 'ok') scene.violate('refusal-touched', `failover to ${target} was not refused`);
  }
}

async function threeChecks(scene: Scene): Promise<Ended> {
  await runToItsEnd(scene, 'check', {});
  await scene.minutes(15);
  await runToItsEnd(scene, 'check', {});
  await scene.minutes(15);
  const last = await runToItsEnd(scene, 'check', {});
  scene.tell('settled');
  await scene.minutes(15);
  return last;
}

async function follow(scene: Scene, command: Command): Promise<string> {
  const code = await carryOut(scene, command);
  if (code === 'ok') await scene.minutes(25);
  return code;
}

const describe = (scene: Scene, command: Command | undefined): string =>
  `${scene.actives.length} active at the end, ${command === undefined ? 'and check prints no command' : `after ${JSON.stringify(command)}`}`;

async function oneMoreMove(scene: Scene): Promise<void> {
  const [from] = scene.actives;
  if (from === undefined) return;
  const to = otherRegion(from);
  const { code } = await runToItsEnd(scene, 'failover', failoverTo(to, true));
  if (code !== 'ok') {
    scene.violate('cannot-move-again', `failover to ${to} ends with ${code}`);
    return;
  }
  await scene.minutes(15);
  if (scene.actives.join() !== to) scene.violate('cannot-move-again', `${to} is not the one that is active`);
  await threeChecks(scene);
}
