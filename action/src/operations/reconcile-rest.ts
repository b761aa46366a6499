import { isUsable } from '../domain/gate.ts';
import { isPassing } from '../domain/reconcile-follow.ts';
import { withFailure } from '../domain/reconcile-record.ts';
import { iso } from '../domain/stored-json.ts';
import { followChange, changeFailed, LIMIT_SECONDS, pollLater } from './reconcile-follow.ts';
import type { ReconcileRun } from './reconcile-run.ts';
import { hasBegun } from './reconcile-steps.ts';
import { bothSides } from './sides.ts';
import type { Side } from './sides.ts';
import { waitFor } from './wait.ts';

/**
 * Follows the change that an earlier run had asked for and did not live to see the end of. When MWAA gave it up, that is
 * the answer for the same plan (`MDR-UPDATE-FAILED`), and only a warning for another one, which may be the cure.
 */
export async function catchUp(run: ReconcileRun): Promise<void> {
  const { world, source, request, lease, book } = run;
  const record = book.record();
  const step = record?.step ?? null;
  if (record?.outcome !== 'under way' || step === null) return;
  // Self-heal leaves a reviewed change to its own runs.
  if (request.scope === 'self-heal' && record.scope !== 'self-heal') return;
  const { kind, before } = step;
  const side = bothSides(world, source.deployment).find(({ region }) => region === step.site);
  if (side === undefined || (kind !== 'create' && kind !== 'update')) return;
  if (!(await hasBegun(side, { kind, before }))) return;
  await world.log.group(`Follow what ${record.actor} began at ${side.region}`, async () => {
    // Options that were sent may be those of another commit by now.
    const sent = kind === 'create' || step.fields.some(isOption) ? undefined : {};
    const { deployment } = source;
    const followed = { deployment, side, followed: { kind, before }, graceful: true, usual: '', sent };
    const end = await followChange(world, lease, followed);
    const role = roleOf(run, side);
    if (end.kind === 'done') {
      const { at: startedAt, fields } = step;
      const endedAt = iso(world.clock.now());
      run.steps.push({ region: side.region, role, kind, fields, followed: true, startedAt, endedAt });
      return;
    }
    await book.write(withFailure(record, `${side.region}: ${end.message}`, isUsable(end.status)));
    const isSamePlan = request.expected === undefined || request.expected.digest === record.digest;
    if (isSamePlan) throw changeFailed(side, role, kind, end);
    world.log.warning(`MWAA gave up what an earlier run asked of ${side.region}: ${end.message}`);
  });
}

const isOption = (field: string): boolean => field.startsWith('AirflowConfigurationOptions.');

const roleOf = ({ standby }: ReconcileRun, { region }: Side): 'active' | 'standby' =>
  standby.region === region ? 'standby' : 'active';

/** Waits until nobody changes either environment: a change of somebody else's, or the service's own maintenance. */
export async function awaitQuiet({ world, source, lease }: ReconcileRun): Promise<void> {
  for (const side of bothSides(world, source.deployment)) {
    const name = `${side.site.environment} in ${side.region}`;
    let said = '';
    const ask = async (): Promise<true | undefined> => {
      const status = (await side.ports.environments.describe(side.site.environment))?.status ?? 'missing';
      if (!isPassing(status)) return true;
      if (status !== said) world.log.info(`${name} is ${status}: waiting for its end`);
      said = status;
      await lease.ensure();
      return undefined;
    };
    await waitFor(world, `${name} to come to rest`, LIMIT_SECONDS, ask, pollLater);
  }
}
