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

/** A missing environment is nothing that is set right unasked. */
export function withoutCreation<T extends PlannedWork>(work: T): T {
  const kept = work.sites.map((site) => ({ ...site, steps: site.steps.filter(({ kind }) => kind !== 'create') }));
  const sites = kept as unknown as PlannedWork['sites'];
  const hasWork = sites.some(({ steps }) => steps.length > 0);
  const outcome = work.plan.outcome === 'changes' && !hasWork ? 'differs' : work.plan.outcome;
  return { ...work, sites, plan: { ...work.plan, outcome } };
}
