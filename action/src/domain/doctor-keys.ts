import { z } from 'zod';
import type { DoctorFacts, KeyReport, SiteFacts } from './doctor-facts.ts';
import type { KeyDescription } from './doctor-ports.ts';
import { doubtful, failing, look, unclear } from './doctor-outcome.ts';
import type { Outcome, Remark } from './doctor-outcome.ts';
import { KEY_ALIAS } from './names.ts';

/** The DR key of the site, and the key of its environment where that is the customer's. */
export function keyChecks({ deployment, sites }: DoctorFacts, site: SiteFacts): readonly Outcome[] {
  const { region, account } = site.site;
  const principals = sites.flatMap(({ settings }) => settings.executionRole ?? []);
  const root = `arn:${deployment.partition}:iam::${account}:root`;
  const own = site.settings.executionRole;
  return [
    ...reportOf(`${region}, ${KEY_ALIAS}`, site.drKey, { region, root, principals, forMwaa: false }),
    ...(site.environmentKey === undefined
      ? []
      : reportOf(`${region}, key of ${site.site.environment}`, site.environmentKey, {
          region,
          root,
          principals: own === undefined ? [] : [own],
          forMwaa: true,
        })),
  ];
}

interface Wanted {
  readonly region: string;
  /** The account's own principal: a policy that trusts it leaves the decision to IAM. */
  readonly root: string;
  readonly principals: readonly string[];
  readonly forMwaa: boolean;
}

function reportOf(where: string, { name, key, policy }: KeyReport, wanted: Wanted): readonly Outcome[] {
  const found = look('key', where, 'kms:DescribeKey', key, (is) => unusable(name, is, wanted));
  if (policy === undefined) return [found];
  return [found, look('key-policy', where, 'kms:GetKeyPolicy', policy, (text) => locked(text, wanted))];
}

function unusable(name: string, key: KeyDescription | undefined, { region, forMwaa }: Wanted): Remark | undefined {
  const cure = forMwaa
    ? 'MWAA never changes the key of an environment: repair the key, or create the environment anew with another.'
    : 'Deploy the infrastructure (`npx cdk deploy --all`).';
  if (key === undefined) return failing(`there is no key ${name}`, cure);
  if (key.state !== 'Enabled') {
    const undo = key.state === 'PendingDeletion' ? 'cancel-key-deletion' : 'enable-key';
    return failing(
      `${key.arn} is ${key.state}: nothing can be read or written with it`,
      `\`aws kms ${undo} --key-id ${key.arn}\``,
    );
  }
  if (key.arn.split(':')[3] !== region) return failing(`${key.arn} is not a key of ${region}`, cure);
  if (key.spec !== 'SYMMETRIC_DEFAULT')
    return failing(`${key.arn} is ${key.spec}: only a symmetric key wraps data keys`, cure);
  if (!forMwaa) return undefined;
  if (key.multiRegion) return doubtful(`${key.arn} is a multi-Region key, which MWAA does not support`, cure);
  return name.includes('alias/') ? failing(`${name} is an alias, which MWAA does not take`, cure) : undefined;
}

const many = z.union([z.string(), z.array(z.string())]).transform((one) => (typeof one === 'string' ? [one] : one));

const statement = z.object({
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z
    .union([z.literal('*').transform(() => ['*']), z.object({ AWS: many.default([]) }).transform(({ AWS }) => AWS)])
    .optional(),
  Action: many.default([]),
  Condition: z.unknown().optional(),
});
type Statement = z.infer<typeof statement>;

const document = z.object({ Statement: z.union([statement.transform((one) => [one]), z.array(statement)]) });

/** What the DR DAGs and MWAA do with a key. */
const USES = ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'];

/** Key policies: AWS KMS Developer Guide, "Key policies in AWS KMS", default key policy. */
function locked(text: string, { root, principals }: Wanted): Remark | undefined {
  const policy = parsed(text);
  const cure = 'Let the key policy allow the account (its IAM policies decide then), or these roles by name.';
  if (policy === undefined) return unclear('its policy cannot be understood', 'Look at it in the KMS console.');
  const denied = policy.filter(({ Effect, Condition }) => Effect === 'Deny' && Condition === undefined);
  const forbids = principals.filter((principal) => denied.some((one) => names(one, ['*', principal]) && uses(one)));
  if (forbids.length > 0) return failing(`its policy denies ${forbids.join(' and ')} its use`, cure);
  const allowed = policy.filter(({ Effect }) => Effect === 'Allow');
  const account = root.split(':')[4] ?? '';
  if (allowed.some((one) => names(one, ['*', root, account]) && uses(one))) return undefined;
  const without = principals.filter((principal) => !allowed.some((one) => names(one, [principal]) && uses(one)));
  if (principals.length === 0) {
    return unclear('its policy does not trust the account, and the roles that should use it are not known', cure);
  }
  return without.length === 0 ? undefined : failing(`its policy lets ${without.join(' and ')} not use it`, cure);
}

function parsed(text: string): readonly Statement[] | undefined {
  try {
    return document.safeParse(JSON.parse(text)).data?.Statement;
  } catch {
    return undefined;
  }
}

const names = ({ Principal = [] }: Statement, wanted: readonly string[]): boolean =>
  Principal.some((principal) => wanted.includes(principal));

/** Whether it speaks of any use, for a Deny; an Allow of only some uses is looked at by the simulation. */
const uses = ({ Action }: Statement): boolean =>
  Action.some((pattern) => USES.some((use) => new RegExp(`^${escaped(pattern)}$`, 'i').test(use)));

const escaped = (pattern: string): string =>
  pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
