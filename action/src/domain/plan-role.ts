import type { ControlRecord } from './control-record.ts';
import { siteOfEpoch } from './deployment.ts';
import type { Deployment } from './deployment.ts';
import type { Plan, Refusal } from './plan-model.ts';

export interface RoleRule {
  readonly role: Plan['role'];
  readonly refusal: Refusal | undefined;
}

/**
 * What the file's `active` says beside the control record, which outranks it: after a move it is the file that has to
 * agree, by the pull request that the action opens. Before the first record the file is held against epoch 0.
 */
export function roleRule(deployment: Deployment, record: ControlRecord | undefined): RoleRule {
  const { active } = deployment;
  if (active === undefined) return { role: { verdict: 'not declared', message: '' }, refusal: undefined };
  const epoch = record?.activated.epoch ?? 0;
  const site = record?.activated.site ?? deployment.sites[siteOfEpoch(epoch)].region;
  const now = `${site} is active since epoch ${epoch}`;
  if (active.since < epoch) return stale(active, now);
  if (active.since > epoch) return future(active, now);
  if (active.site !== site) return move(deployment, active.site, now);
  return { role: { verdict: 'agrees', message: `${now}, and the file says so` }, refusal: undefined };
}

type Active = NonNullable<Deployment['active']>;

const refused = (verdict: Plan['role']['verdict'], code: string, message: string, fix: string): RoleRule => ({
  role: { verdict, message },
  refusal: { code, field: 'active', message, fix },
});

const stale = ({ site, since }: Active, now: string): RoleRule =>
  refused(
    'names an old epoch',
    'MDR-ACTIVE-STALE',
    `The file says that ${site} is active since epoch ${since}, but ${now}: this is an old branch, a revert, or a file from before the last move. The control record outranks it, and nothing moves because of it.`,
    'Merge the pull request that the action opened after the move, then bring this branch up to date with it. Reverting that pull request moves nothing: to move back, run the `failover` workflow.',
  );

const future = ({ site, since }: Active, now: string): RoleRule =>
  refused(
    'names a future epoch',
    'MDR-ACTIVE-STALE',
    `The file says that ${site} is active since epoch ${since}, but ${now}: no move has reached that epoch.`,
    'Write what the control record says; `status` shows it. The number is written by the action after a move, never by hand.',
  );

const move = ({ deployment }: Deployment, site: string, now: string): RoleRule =>
  refused(
    'asks to move',
    'MDR-ACTIVE-MOVE',
    `The file asks to make ${site} the active site, but ${now}. This release starts a move by the workflow, not by a merge.`,
    `Take the change of \`active\` back and run the \`failover\` workflow for ${deployment} with target ${site}; the action opens the pull request that makes the file agree.`,
  );
