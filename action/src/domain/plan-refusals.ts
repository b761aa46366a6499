import { versionStep } from './airflow-versions.ts';
import type { ErrorCode } from './errors.ts';
import { REQUIRED_FIELDS, keyOf, memberOf } from './members.ts';
import type { ComparedField, ComparedSite } from './plan-fields.ts';
import type { Refusal } from './plan-model.ts';
import type { PlanInput } from './plan-input.ts';
import type { Roles } from './roles.ts';

/** Why reconcile would not begin, site by site, the standby first. */
export function refusalsOf(
  input: PlanInput,
  roles: Roles,
  sites: readonly ComparedSite[],
  compared: readonly ComparedField[],
): readonly Refusal[] {
  return [
    ...missingActive(input, roles),
    ...deadStandby(input, roles, compared),
    ...sites
      .filter(({ isManaged }) => isManaged)
      .flatMap((site) => {
        const { region, environment } = input.deployment.sites[roles[site.role]];
        const place = { region, environment, status: input.observed[roles[site.role]].status };
        return [
          ...unusable(place, site, compared),
          ...incomplete(place, site),
          ...immutable(place, site, compared),
          ...versions(place, site),
        ];
      }),
  ];
}

interface Place {
  readonly region: string;
  readonly environment: string;
  readonly status: string;
}

const refusal = (code: ErrorCode, field: string, message: string, fix: string): Refusal => ({
  code,
  field,
  message,
  fix,
});

/** An active environment that is gone is a disaster and no plan; before the installation it may be made. */
function missingActive({ deployment, observed, record }: PlanInput, { active }: Roles): readonly Refusal[] {
  if (observed[active].status !== 'missing') return [];
  const { region, environment } = deployment.sites[active];
  if (record !== undefined)
    return [
      refusal(
        'MDR-PLAN-ACTIVE-MISSING',
        'Name',
        `The environment ${environment} in ${region} is the active one by the control record, and it does not exist.`,
        'This is a loss, not a change. Run `check`; when the environment is lost, move with the `failover` workflow.',
      ),
    ];
  if (deployment.manage !== 'standby-only') return [];
  return [
    refusal(
      'MDR-PLAN-ACTIVE-MISSING',
      'Name',
      `The environment ${environment} in ${region} does not exist, and with \`manage: standby-only\` it is not ours to create.`,
      'Create it, or correct its name in the deployment file, or let this action create it with `manage: full`.',
    ),
  ];
}

/** States that do not end by themselves. In all others reconcile waits. */
const DEAD: Readonly<Record<string, string>> = {
  CREATE_FAILED: 'Look at its error in the console, delete it, and run again: it is then created anew.',
  DELETING: 'Wait until it is gone, and run again.',
  DELETED: 'Wait until it is gone, and run again.',
  UNAVAILABLE: 'Ask AWS Support for it, or delete it and run again.',
};

function unusable(place: Place, site: ComparedSite, compared: readonly ComparedField[]): readonly Refusal[] {
  const fix = DEAD[place.status];
  const hasWork = compared.some(({ row }) => row.changes.includes(site.role));
  if (fix === undefined || !hasWork) return [];
  const message = `The environment ${place.environment} in ${place.region} is ${place.status} and takes no change.`;
  return [refusal('MDR-PLAN-STATE', 'Status', message, fix)];
}

/** The active site is changed only behind a standby that works, whoever broke it. */
function deadStandby(
  { deployment, observed }: PlanInput,
  { standby }: Roles,
  compared: readonly ComparedField[],
): readonly Refusal[] {
  const { status } = observed[standby];
  const fix = DEAD[status];
  const isTouched = (role: 'active' | 'standby') =>
    compared.some(({ field, row }) => row.changes.includes(role) && !field.startsWith('Tags.'));
  // What the standby itself is to get is refused for its own sake.
  if (deployment.strategy !== 'warm-standby' || fix === undefined || isTouched('standby') || !isTouched('active'))
    return [];
  const { environment, region } = deployment.sites[standby];
  const message = `The environment ${environment} in ${region}, the standby, is ${status}: the active site is changed only while the standby could take over.`;
  return [refusal('MDR-PLAN-STATE', 'Status', message, fix)];
}

function incomplete({ region, environment }: Place, { state, wanted }: ComparedSite): readonly Refusal[] {
  if (state !== 'new') return [];
  return REQUIRED_FIELDS.filter((field) => wanted[field] === undefined).map((field) =>
    refusal(
      'MDR-PLAN-INCOMPLETE',
      field,
      `The environment ${environment} in ${region} is to be created, and nothing says its ${field}.`,
      `Add it to the \`mwaa\` block of the site ${region}.`,
    ),
  );
}

const RECREATE =
  'Take the change back. To really change it, create a second environment under another name, and bring it into the deployment as the standby.';

/** What to do about each member that the service cannot change. */
const WAYS_OUT: Readonly<Record<string, (place: Place) => { readonly why: string; readonly fix: string }>> = {
  KmsKey: () => ({ why: 'the key of an environment is chosen when it is created', fix: RECREATE }),
  EndpointManagement: () => ({
    why: 'who manages its endpoints is chosen when an environment is created',
    fix: RECREATE,
  }),
  'NetworkConfiguration.SubnetIds': () => ({
    why: 'an environment stays in the subnets in which it was created; only its security groups can be changed',
    fix: RECREATE,
  }),
};

function wayOut(field: string, place: Place): { readonly why: string; readonly fix: string } {
  const known = WAYS_OUT[field];
  if (known !== undefined) return known(place);
  const member = memberOf(field);
  const name = member === undefined ? field : (member.file ?? member.api);
  if (member?.absence === 'stuck')
    return {
      why: 'the service cannot take it away from an environment that has it',
      fix: `Let \`${name}\` name an empty file: that has the same effect.`,
    };
  const key = member === undefined ? '' : keyOf(member, field);
  return { why: 'the service cannot take it away', fix: `Declare \`${name}\`${key === '' ? '' : ` for ${key}`}.` };
}

const immutable = (place: Place, site: ComparedSite, compared: readonly ComparedField[]): readonly Refusal[] =>
  compared
    .filter(({ field, stuck }) => stuck.includes(site) && field !== 'AirflowVersion')
    .map(({ field }) => {
      const { why, fix } = wayOut(field, place);
      const message = `${field} of ${place.environment} in ${place.region} cannot be changed: ${why}.`;
      return refusal('MDR-PLAN-IMMUTABLE', field, message, fix);
    });

function versions({ region, environment }: Place, { state, wanted, observed }: ComparedSite): readonly Refusal[] {
  const [from, to] = [observed['AirflowVersion'], wanted['AirflowVersion']];
  if (state !== 'there' || typeof from !== 'string' || typeof to !== 'string') return [];
  const { kind, reason } = versionStep(from, to);
  if (kind !== 'not in place') return [];
  return [
    refusal(
      'MDR-PLAN-VERSION',
      'AirflowVersion',
      `${environment} in ${region} runs Airflow ${from}: ${reason}.`,
      `Leave \`airflowVersion\` at ${from}, or create a second environment with ${to} under another name.`,
    ),
  ];
}
