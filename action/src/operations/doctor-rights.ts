import type { Deployment } from '../domain/deployment.ts';
import type { RightsReport } from '../domain/doctor-facts.ts';
import type { Decision, Inspector } from '../domain/doctor-ports.ts';
import { statementsOf, WORKFLOW_GRANTS } from '../domain/grants.ts';
import type { Grant, Where } from '../domain/grants.ts';
import { roleArn } from '../domain/names.ts';
import type { Workflow } from '../domain/names.ts';
import { probe } from './sides.ts';
import type { Side } from './sides.ts';

/** The workflows without which nothing is recovered; what the others lack, they say themselves when they run. */
const NEEDED: readonly Workflow[] = ['health', 'snapshot', 'failover'];

/** A key that any pattern of a grant covers. */
const ANY = 'doctor';

/** What IAM would decide about every action of these grants; `undefined` = there is no such principal. */
export async function simulated(
  { rights }: Inspector,
  deployment: Deployment,
  principal: string,
  grants: readonly Grant[],
): Promise<readonly Decision[] | undefined> {
  const all: Decision[] = [];
  for (const { actions, resources, conditions } of statementsOf(deployment, grants)) {
    const concrete = resources.map((resource) => (resource === '*' ? resource : resource.replaceAll('*', ANY)));
    const decisions = await rights.simulate(principal, actions, concrete, contextOf(conditions));
    if (decisions === undefined) return undefined;
    all.push(...decisions);
  }
  return all;
}

/** A request that fulfils the conditions of a grant: where several values will do, a request has one of them. */
function contextOf(conditions: Where['conditions']): Record<string, readonly string[]> {
  const wanted = Object.values(conditions ?? {}).flatMap((keys) => Object.entries(keys));
  return Object.fromEntries(
    wanted.map(([key, value]) => [key, typeof value === 'string' ? [value] : value.slice(0, 1)]),
  );
}

/**
 * What the roles of the workflows that a recovery needs may do. Where an installation has none of these, the caller's
 * own role is asked whether it could carry out a failover.
 */
export async function workflowReports(
  deployment: Deployment,
  inspector: Inspector,
  asker: Side,
): Promise<readonly RightsReport[]> {
  const reports = await Promise.all(
    NEEDED.map((workflow) =>
      report(deployment, inspector, roleArn(deployment, workflow), `workflow ${workflow}`, WORKFLOW_GRANTS[workflow]),
    ),
  );
  if (reports.some(({ decisions }) => 'answer' in decisions && decisions.answer !== undefined)) return reports;
  const caller = await probe(() => asker.ports.identity.caller());
  const principal = 'answer' in caller ? principalOf(caller.answer) : undefined;
  if (principal === undefined) return reports.slice(0, 1);
  return [await report(deployment, inspector, principal, 'a failover by the caller', WORKFLOW_GRANTS.failover)];
}

async function report(
  deployment: Deployment,
  inspector: Inspector,
  principal: string,
  whose: string,
  grants: readonly Grant[],
): Promise<RightsReport> {
  return { principal, whose, decisions: await probe(() => simulated(inspector, deployment, principal, grants)) };
}

/** The role behind a session, or the user; nothing of an account's root or a federated user can be simulated. */
function principalOf(arn: string): string | undefined {
  const [, partition = '', account = '', role = ''] = /^arn:([^:]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(arn) ?? [];
  if (role !== '') return `arn:${partition}:iam::${account}:role/${role}`;
  return /:user\//.test(arn) ? arn : undefined;
}
