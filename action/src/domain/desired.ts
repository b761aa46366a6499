import { PINNED } from './artifact-plan.ts';
import type { Pinned, Pins } from './artifact-plan.ts';
import type { Deployment, Site, SiteIndex } from './deployment.ts';
import { MEMBERS, MODULE_PARTS, keyOf, memberOf } from './members.ts';
import type { Member } from './members.ts';
import type { SiteSettings } from './mwaa-settings.ts';
import type { FieldValue, Settings } from './settings.ts';
import { matchesAny } from './wildcard.ts';

/** What the deployment file says about one site's environment. */
export interface Declared {
  readonly settings: Settings;
  /** Maps that it names: whole sets, what is not in them is to go. */
  readonly whole: ReadonlySet<string>;
}

/** The API's name of what the environment reads by version: path and version have it as their beginning. */
export const PINNED_MEMBERS: Readonly<Record<Pinned, string>> = {
  requirements: 'Requirements',
  plugins: 'Plugins',
  startupScript: 'StartupScript',
};

/** A version that does not exist yet: it comes with the upload of this content. */
export const toBeUploaded = (sha256: string): string => `upload:${sha256}`;
export const isToBeUploaded = (value: unknown): boolean => typeof value === 'string' && value.startsWith('upload:');

/** The site's own settings over those of both; maps and logging are joined key by key. */
export function declaredOf(deployment: Deployment, index: SiteIndex, pins: Pins): Declared {
  const site = deployment.sites[index];
  const { mwaa: shared } = deployment;
  const settings: Record<string, FieldValue> = { ...derived(deployment, site), ...pinnedFields(pins) };
  const whole = new Set<string>();
  for (const member of MEMBERS) {
    const values = [shared, site.mwaa].map((block) => valueIn(block, member)).filter((value) => value !== undefined);
    for (const value of values) Object.assign(settings, declaredFields(member, value));
    if (member.shape === 'map' && values.length > 0) whole.add(member.api);
  }
  return { settings, whole };
}

function derived({ airflowVersion, partition }: Deployment, { dagsBucket, dagsPath, mwaa }: Site): Settings {
  const network = mwaa.networkConfiguration;
  return {
    AirflowVersion: airflowVersion,
    SourceBucketArn: `arn:${partition}:s3:::${dagsBucket}`,
    DagS3Path: dagsPath,
    ...(network === undefined
      ? {}
      : {
          'NetworkConfiguration.SubnetIds': network.subnetIds.toSorted(),
          'NetworkConfiguration.SecurityGroupIds': network.securityGroupIds.toSorted(),
        }),
  };
}

const pinnedFields = (pins: Pins): Settings =>
  Object.fromEntries(
    PINNED.flatMap((name) => {
      const pin = pins[name];
      if (pin === undefined) return [];
      const member = PINNED_MEMBERS[name];
      return [
        [`${member}S3Path`, pin.key],
        [`${member}S3ObjectVersion`, pin.version ?? toBeUploaded(pin.sha256)],
      ];
    }),
  );

const valueIn = (block: SiteSettings, { file }: Member): unknown =>
  file === undefined ? undefined : (block as Readonly<Record<string, unknown>>)[file];

function declaredFields({ api, shape }: Member, value: unknown): Settings {
  if (shape === 'value') return { [api]: value as FieldValue };
  if (shape === 'map') {
    const entries = Object.entries(value as Settings);
    return Object.fromEntries(entries.map(([key, of]) => [`${api}.${key}`, of]));
  }
  const modules = Object.entries(value as Readonly<Record<string, Settings>>);
  return Object.fromEntries(
    modules.flatMap(([module, parts]) =>
      Object.entries(MODULE_PARTS).flatMap(([part, key]) => {
        const of = parts[key];
        return of === undefined ? [] : [[`${api}.${capital(module)}.${part}`, of]];
      }),
    ),
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Whether a field belongs to its Region: by its nature, or since the file says so. */
export function siteLocalTest({ siteLocal }: Deployment): (field: string) => boolean {
  const patterns: Readonly<Record<string, readonly string[]>> = {
    AirflowConfigurationOptions: siteLocal.airflowConfigurationOptions,
    Tags: siteLocal.tags,
  };
  return (field) => {
    const member = memberOf(field);
    if (member === undefined || member.siteLocal) return true;
    return matchesAny(patterns[member.api] ?? [], keyOf(member, field));
  };
}

export interface Wish {
  readonly declared: Declared;
  /** What the site is now; `undefined` when there is no environment. */
  readonly own: Settings | undefined;
  /** What it follows where Git says nothing: the active site as it is to be; `undefined` of the active site itself. */
  readonly followed: Settings | undefined;
  readonly isLocal: (field: string) => boolean;
  readonly isIgnored: (field: string) => boolean;
}

/**
 * What the site is to be: what Git names; where Git is silent a standby follows the active site and the active site
 * stays as it is; what belongs to the Region and what is ignored stays.
 */
export function wantedOf(wish: Wish): Settings {
  const { declared, own = {}, followed = {} } = wish;
  const fields = new Set([...Object.keys(declared.settings), ...Object.keys(own), ...Object.keys(followed)]);
  return Object.fromEntries(
    [...fields].toSorted().flatMap((field) => {
      const value = wantedValue(wish, field);
      return value === undefined ? [] : [[field, value]];
    }),
  );
}

function wantedValue({ declared, own, followed, isLocal, isIgnored }: Wish, field: string): FieldValue | undefined {
  const live = own?.[field];
  const member = memberOf(field);
  if (member === undefined || (own !== undefined && isIgnored(field))) return live;
  if (field in declared.settings)
    return isSameKey(field, declared.settings[field], live) ? live : declared.settings[field];
  if (isLocal(field)) return live;
  if (declared.whole.has(member.api)) return undefined;
  if (followed === undefined) return live;
  return followed[field] ?? (member.absence === 'kept' ? live : undefined);
}

/** The service may show a key by its id alone. */
const isSameKey = (field: string, named: FieldValue | undefined, live: FieldValue | undefined): boolean =>
  field === 'KmsKey' && typeof live === 'string' && typeof named === 'string' && keyId(named) === keyId(live);

const keyId = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);
