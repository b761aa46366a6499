import { CREATING, GRACEFUL, TAGGING, UPDATING, memberOf } from './members.ts';
import type { Minutes } from './members.ts';
import type { Change, SitePlan } from './plan-model.ts';
import type { PlanInput } from './plan-input.ts';
import type { SiteWork, WorkStep } from './plan-steps.ts';
import type { ObjectChange } from './artifact-plan.ts';

/** What is done at one site, in order, as it is shown. */
export function sitePlanOf({ deployment, observed, artifacts }: PlanInput, work: SiteWork): SitePlan {
  const site = deployment.sites[work.index];
  return {
    region: site.region,
    environment: site.environment,
    role: work.role,
    status: observed[work.index].status,
    changes: [
      ...objectChanges(artifacts?.before[work.index] ?? []),
      ...work.steps.map(({ kind, fields }) => ({ kind, fields: [...fields] })),
      ...objectChanges(artifacts?.after[work.index] ?? []),
    ],
    usualMinutes: usualMinutes(work.steps),
  };
}

function objectChanges(objects: readonly ObjectChange[]): readonly Change[] {
  const keys = (kind: ObjectChange['kind']) => objects.filter((object) => object.kind === kind).map(({ key }) => key);
  const [upload, gone] = [keys('upload'), keys('delete')];
  return [
    ...(upload.length === 0 ? [] : [{ kind: 'upload', fields: upload } as const]),
    ...(gone.length === 0 ? [] : [{ kind: 'delete object', fields: gone } as const]),
  ];
}

/** All steps of a site come one after the other. */
function usualMinutes(steps: readonly WorkStep[]): SitePlan['usualMinutes'] {
  if (steps.length === 0) return null;
  const all = steps.map(minutesOf);
  return { from: sum(all.map(({ from }) => from)), to: sum(all.map(({ to }) => to)) };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function minutesOf(step: WorkStep): Minutes {
  if (step.kind === 'create') return CREATING;
  if (step.kind !== 'update') return TAGGING;
  const slowest = step.fields
    .map((field) => memberOf(field)?.minutes ?? UPDATING)
    .reduce((a, b) => ({ from: Math.max(a.from, b.from), to: Math.max(a.to, b.to) }), UPDATING);
  if (step.members['WorkerReplacementStrategy'] !== 'GRACEFUL') return slowest;
  return { from: slowest.from, to: Math.max(slowest.to, GRACEFUL.to) };
}
