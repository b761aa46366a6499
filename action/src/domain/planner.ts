import type { ArtifactPlan, Pins } from './artifact-plan.ts';
import type { Deployment, SiteIndex } from './deployment.ts';
import { declaredOf, siteLocalTest, wantedOf } from './desired.ts';
import { digestOf, fingerprintsOf } from './fingerprint.ts';
import { isFound } from './observed.ts';
import type { SiteObservation } from './observed.ts';
import { compareFields } from './plan-fields.ts';
import type { ComparedField, ComparedSite } from './plan-fields.ts';
import { heldUntil } from './plan-held.ts';
import { hiddenNotices } from './plan-hidden.ts';
import type { PlanInput } from './plan-input.ts';
import { isIgnoredTest } from './plan-ignored.ts';
import type { Plan, SitePlan } from './plan-model.ts';
import { noticesOf } from './plan-notices.ts';
import { refusalsOf } from './plan-refusals.ts';
import { roleRule } from './plan-role.ts';
import { showsTest } from './plan-shown.ts';
import { sitePlanOf } from './plan-sites.ts';
import { stepsFor } from './plan-steps.ts';
import type { SiteWork } from './plan-steps.ts';
import { isManaged, rolesOf } from './roles.ts';
import type { Roles } from './roles.ts';
import type { Settings } from './settings.ts';
import { iso } from './stored-json.ts';

export { movedSince } from './fingerprint.ts';
export type { PlanInput } from './plan-input.ts';
export { withVersions } from './plan-steps.ts';
export type { SiteWork, WorkStep } from './plan-steps.ts';

export interface PlannedWork {
  readonly plan: Plan;
  /** The standby first. */
  readonly sites: readonly [SiteWork, SiteWork];
  /** Field → 8 hex of its row as it is shown. */
  readonly fingerprints: Readonly<Record<string, string>>;
}

/** The work and the plan that tells of it: what Git wants beside what both sites are. */
export function planOf(input: PlanInput): PlannedWork {
  const { deployment, record, observed, at } = input;
  const roles: Roles = record === undefined ? { active: 0, standby: 1 } : rolesOf(deployment, record);
  const isLocal = siteLocalTest(deployment);
  const [active, standby] = comparedSites(input, roles, isLocal);
  const compared = compareFields(active, standby, isLocal, showsTest(deployment));
  const rule = roleRule(deployment, record);
  const rows = compared.map(({ row }) => row);
  const reviewed = {
    deployment,
    tool: input.tool,
    rows,
    sites: [active, standby] as const,
    active: deployment.sites[roles.active].region,
    role: rule.role,
    artifacts: input.artifacts,
  };
  const work = (site: ComparedSite, index: SiteIndex) => siteWork(site, index, observed[index], compared);
  const sites = [work(standby, roles.standby), work(active, roles.active)] as const;
  const plans = sites.map((of) => sitePlanOf(input, of)) as [SitePlan, SitePlan];
  const refusals = [
    ...(rule.refusal === undefined ? [] : [rule.refusal]),
    ...refusalsOf(input, roles, [standby, active], compared),
  ];
  const plan: Plan = {
    schemaVersion: 1,
    operation: 'plan',
    deployment: deployment.deployment,
    file: input.file,
    at: iso(at),
    tool: input.tool,
    manage: deployment.manage,
    active: deployment.sites[roles.active].region,
    standby: deployment.sites[roles.standby].region,
    epoch: record?.activated.epoch ?? null,
    outcome: outcomeOf(plans, rows, input.artifacts, refusals),
    sites: plans,
    fields: rows,
    artifacts: { bundle: input.artifacts?.bundle ?? null, rows: [...(input.artifacts?.rows ?? [])] },
    role: rule.role,
    refusals,
    notices: [...noticesOf(input, roles, sites, rows), ...hiddenNotices(rows)],
    heldUntil: heldUntil(deployment, at),
    digest: digestOf(reviewed),
  };
  return { plan, sites, fingerprints: fingerprintsOf(reviewed) };
}

function comparedSites(
  input: PlanInput,
  roles: Roles,
  isLocal: (field: string) => boolean,
): readonly [ComparedSite, ComparedSite] {
  const { observed } = input;
  const [here, there] = [observed[roles.active], observed[roles.standby]];
  // An active environment that is yet to be made is made like the other one, where Git is silent.
  const model = !isFound(here) && isFound(there) ? there.settings : undefined;
  const active = comparedSite(input, roles, 'active', model, isLocal);
  // A change of the active site is followed in the same plan, if it is ours to make.
  const followed = active.isManaged || !isFound(here) ? active.wanted : here.settings;
  const hasModel = isFound(here) || active.isManaged;
  return [active, comparedSite(input, roles, 'standby', hasModel ? followed : undefined, isLocal)];
}

function comparedSite(
  { deployment, observed, at, artifacts }: PlanInput,
  roles: Roles,
  role: 'active' | 'standby',
  followed: Settings | undefined,
  isLocal: (field: string) => boolean,
): ComparedSite {
  const index = roles[role];
  const own = observed[index];
  const pins: Pins = artifacts?.pins[index] ?? {};
  const declared = declaredOf(deployment, index, pins);
  const wish = { declared, own: isFound(own) ? own.settings : undefined, followed, isLocal };
  return {
    role,
    declared,
    wanted: wantedOf({ ...wish, isIgnored: isIgnoredTest(deployment, at) }),
    unexcused: wantedOf({ ...wish, isIgnored: () => false }),
    observed: wish.own ?? {},
    state: isFound(own) ? 'there' : isExpected(deployment, role) ? 'new' : 'absent',
    isManaged: isManaged(deployment.manage, roles, index),
    pins,
    strategy: deployment.sites[index].mwaa.workerReplacementStrategy ?? deployment.mwaa.workerReplacementStrategy,
  };
}

/** The standby of a backup-restore is made at the failover. */
export const isExpected = ({ strategy }: Deployment, role: 'active' | 'standby'): boolean =>
  role === 'active' || strategy === 'warm-standby';

function siteWork(
  site: ComparedSite,
  index: SiteIndex,
  observed: SiteObservation,
  compared: readonly ComparedField[],
): SiteWork {
  const { role } = site;
  const fields = compared.filter(({ row }) => row.changes.includes(role)).map(({ field }) => field);
  const steps = site.isManaged && site.state !== 'absent' ? stepsFor(site, fields) : [];
  return { index, role, arn: isFound(observed) ? observed.arn : '', steps };
}

function outcomeOf(
  sites: readonly SitePlan[],
  rows: Plan['fields'],
  artifacts: ArtifactPlan | undefined,
  refusals: Plan['refusals'],
): Plan['outcome'] {
  if (refusals.length > 0) return 'refused';
  if (sites.some(({ changes }) => changes.length > 0)) return 'changes';
  const isDifferent = rows.some(({ verdict }) => ['drift', 'parity drift', 'immutable'].includes(verdict));
  const areArtifacts = artifacts?.rows.some(({ verdict }) => verdict !== 'in sync' && verdict !== 'foreign') ?? false;
  return isDifferent || areArtifacts ? 'differs' : 'in sync';
}
