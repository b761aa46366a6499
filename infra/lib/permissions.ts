/** Who may do what by the roles that this project creates; the table itself is the action's, whose `doctor` reads it. */
import type { Deployment } from '../../action/src/domain/deployment.ts';

export { EXECUTION_GRANTS, type Grant, WORKFLOW_GRANTS } from '../../action/src/domain/grants.ts';

/** The workflows that have a role of their own; the role's trust names the GitHub environment of the same word. */
export const WORKFLOWS = ['health', 'snapshot', 'failover', 'install'] as const;
export type Workflow = (typeof WORKFLOWS)[number];

export const roleName = (deployment: Pick<Deployment, 'deployment'>, workflow: Workflow): string =>
  `mwaadr-${deployment.deployment}-${workflow}`;

/** The GitHub environment in which a workflow runs: where its approvals are set and its role is named. */
export const githubEnvironment = (deployment: Pick<Deployment, 'deployment'>, workflow: Workflow): string =>
  `${deployment.deployment}-${workflow}`;
