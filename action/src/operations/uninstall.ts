import type { ControlRecord, Debt } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { otherSite } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import type { Inputs } from '../domain/inputs.ts';
import { keys } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import type { UninstallResult, UninstalledSite } from '../domain/results.ts';
import type { Standing } from '../domain/standing.ts';
import { notInstalled, readControl } from './control.ts';
import { isValid } from './debts.ts';
import { GONE } from './fenceable.ts';
import { withLease } from './held-lease.ts';
import { filesOf, isAsInstalled } from './install.ts';
import type { DagFile } from './install.ts';
import { requireConfirmed } from './move-target.ts';
import { requireNoMove } from './reconcile-records.ts';
import { bothSides, sideOf } from './sides.ts';
import type { Side } from './sides.ts';
import { emptyDatabases } from './uninstall-databases.ts';
import type { Place, Places } from './uninstall-databases.ts';
import { forget, NOTHING, removeObjects, removeTraces } from './uninstall-traces.ts';

/**
 * Removes the product: from both databases, then the DAG files, the DAGs' rows, what is kept in the DR buckets, and last
 * the control records. At no time it makes two sites active: the standby's DAGs are paused in the transaction that
 * takes the hold away, and a move that begins before both databases are empty takes the uninstall back. Whoever runs it
 * again after it was killed ends the same. Throws `MDR-MOVE-OTHER`, `MDR-TARGET-UNREADY`, `MDR-NOT-INSTALLED`,
 * `MDR-CONTROL-CONFLICT`, `MDR-DB-ACCESS`, `MDR-UNINSTALL-FAILED`.
 */
export async function uninstall(
  world: World,
  deployment: Deployment,
  inputs: Inputs<'uninstall'>,
): Promise<UninstallResult> {
  requireConfirmed(deployment, inputs.confirm, 'uninstalls');
  const standing = await requireNoMove(world, deployment);
  const files = await filesOf(world, deployment);
  const result = { operation: 'uninstall', deployment: deployment.deployment, erased: inputs.erase } as const;
  if (standing === undefined) {
    await sweepUp(world, deployment, files, inputs);
    return { ...result, sites: [], epoch: null };
  }
  const places = await placesOf(world, deployment, standing);
  requireSettled(deployment, standing, places);
  await requireReady(deployment, standing, places, files);
  // The record that rules is one that is there: an earlier run may have deleted the other one.
  const [main, other] = standing.record.site === places[0].side.region ? places : ([places[1], places[0]] as const);
  const leased = { main: main.side, other: other.side };
  const sites = await withLease(world, deployment, leased, 'uninstall', async (lease) => {
    requireUnchanged(standing, await lease.ensure());
    const emptied = await emptyDatabases({ world, deployment, lease, places });
    const removed = await removeTraces(world, deployment, places, files, inputs);
    await lease.ensure();
    for (const { side } of places.toReversed()) await forget(side, [keys.control(deployment.deployment)]);
    return places.map(({ side, role, hasEnvironment }, index): UninstalledSite => {
      const done = emptied[index];
      const database = !hasEnvironment ? 'no environment' : done?.outcome === 'done' ? 'emptied' : 'empty';
      const { pausedTotal: paused, late } = done?.removed ?? { pausedTotal: 0, late: { dags: [] } };
      return { region: side.region, role, database, paused, late: late.dags, ...(removed[index] ?? NOTHING) };
    });
  });
  return { ...result, sites, epoch: standing.record.activated.epoch };
}

/** What was found out before the lease was ours holds no more when somebody has moved meanwhile. */
function requireUnchanged({ recorded }: Standing, { epoch }: ControlRecord): void {
  if (epoch === recorded) return;
  throw new MdrError({
    code: 'MDR-CONTROL-CONFLICT',
    message: `epoch ${epoch} was begun while this run looked at ${recorded}`,
    fix: 'Look with `status` who is active now, and run again if the deployment is still to be left.',
    state: 'nothing was touched',
  });
}

async function placesOf(world: World, deployment: Deployment, { roles: { active } }: Standing): Promise<Places> {
  const look = async (role: Place['role']): Promise<Place> => {
    const side = sideOf(world, deployment, role === 'active' ? active : otherSite(active));
    const environment = await side.ports.environments.describe(side.site.environment);
    return { side, role, hasEnvironment: environment !== undefined && !GONE.includes(environment.status) };
  };
  return [await look('active'), await look('standby')];
}

/** Who is active must be settled, at the sites themselves, too: soon no canary looks after it any more. */
function requireSettled(deployment: Deployment, standing: Standing, places: Places): void {
  const { record, beats, nobodyActive } = standing;
  const gone = places.filter(({ hasEnvironment }) => !hasEnvironment).map(({ side }) => side.region);
  // Whoever has no environment any more is stopped for good.
  const isOwed = (one: Debt) =>
    isValid(deployment, standing, one) && !(one.kind === 'fence' && gone.includes(one.site));
  const [debt] = record.debts.filter(isOwed);
  const refuse = (code: 'MDR-MOVE-OTHER' | 'MDR-TARGET-UNREADY', message: string): MdrError =>
    new MdrError({
      code,
      message,
      fix: 'Run `check` until it finds nothing more of this, then start this run again.',
      state: 'nothing was touched',
    });
  if (debt !== undefined)
    throw refuse('MDR-MOVE-OTHER', `the ${debt.kind} of ${debt.site} is owed since ${debt.since}, for ${debt.move}`);
  if (record.phase === 'claimed') throw refuse('MDR-MOVE-OTHER', `epoch ${record.epoch} is claimed and not active yet`);
  if (nobodyActive) throw refuse('MDR-TARGET-UNREADY', `nobody is active: ${record.activated.site} is a standby`);
  for (const { side, role, hasEnvironment } of places) {
    if (role === 'standby' && hasEnvironment && beats[side.index]?.role === 'active')
      throw refuse('MDR-TARGET-UNREADY', `${side.region} is the standby, but still calls itself active`);
  }
}

/** What is to be removed is exactly what this release installs; before the databases are empty, all of it is needed. */
async function requireReady(
  deployment: Deployment,
  { record }: Standing,
  places: Places,
  files: readonly DagFile[],
): Promise<void> {
  const isNeeded = record.uninstall?.emptied !== true;
  for (const { side, hasEnvironment } of places) {
    if (isNeeded && (await readControl(side, deployment)) === undefined)
      throw notInstalled(`there is no control record in ${side.bucket}`, INSTALL_FIRST);
    const states = await Promise.all(files.map((file) => isAsInstalled(side, file)));
    const isWrong = (state: boolean | undefined) =>
      state === false || (state === undefined && isNeeded && hasEnvironment);
    const wrong = files.filter((_, index) => isWrong(states[index])).map(({ path }) => path);
    if (wrong.length > 0) throw notOurs(side, wrong);
  }
}

const INSTALL_FIRST = 'Run `install` of this release first, then this again.';

const notOurs = ({ site }: Side, wrong: readonly string[]): MdrError =>
  notInstalled(
    `${wrong.length} file(s) in s3://${site.dagsBucket}/${site.dagsPath}/mwaadr are missing, or are not those of this release and this deployment: ${wrong.slice(0, 5).join(', ')}`,
    INSTALL_FIRST,
  );

/** After the control records only late writers can have left something. */
async function sweepUp(
  world: World,
  deployment: Deployment,
  files: readonly DagFile[],
  inputs: Inputs<'uninstall'>,
): Promise<void> {
  const sides = bothSides(world, deployment);
  for (const side of sides) {
    const states = await Promise.all(files.map((file) => isAsInstalled(side, file)));
    const there = files.filter((_, index) => states[index] === true).map(({ path }) => path);
    // Nobody knows what is in the databases, and without the records nobody may look.
    if (there.length > 0)
      throw notInstalled(
        `there is no control record of ${deployment.deployment}, but its DR DAGs are in s3://${side.site.dagsBucket}`,
        INSTALL_FIRST,
      );
  }
  for (const side of sides) await removeObjects(side, deployment, inputs);
}
