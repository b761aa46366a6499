import type { Deployment } from './deployment.ts';
import type { Plan } from './plan-model.ts';
import type { PlannedWork } from './planner.ts';
import { matchesAny } from './wildcard.ts';

/**
 * The deployment as self-heal sees it: every difference that the file does not let us set right unasked is left alone,
 * as if it were a declared exception.
 */
export function healable(deployment: Deployment, plan: Plan): Deployment {
  const left = plan.fields.filter(
    ({ field, changes }) => changes.length > 0 && !matchesAny(deployment.selfHeal, field),
  );
  const reason = 'not among the fields of selfHeal';
  return { ...deployment, ignore: [...deployment.ignore, ...left.map(({ field }) => ({ field, reason }))] };
}

/** What is left of the work: a missing environment is nothing that is set right unasked. */
export function healingWork<T extends PlannedWork>(work: T, whole: Plan): T {
  const kept = work.sites.map((site) => ({ ...site, steps: site.steps.filter(({ kind }) => kind !== 'create') }));
  const sites = kept as unknown as PlannedWork['sites'];
  const hasWork = sites.some(({ steps }) => steps.length > 0);
  const without = whole.outcome === 'in sync' ? 'in sync' : 'differs';
  const outcome = hasWork || work.plan.outcome === 'refused' ? work.plan.outcome : without;
  return { ...work, sites, plan: { ...work.plan, outcome } };
}
