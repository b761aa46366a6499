import { z } from 'zod';
import { MEMBERS, MODULE_PARTS } from './members.ts';
import type { Member } from './members.ts';
import type { EnvironmentDescription } from './ports.ts';
import { recordOf, textAt, valueAt } from './raw.ts';
import { updateErrorOf } from './service-words.ts';
import type { FieldValue, Settings } from './settings.ts';

/**
 * What GetEnvironment says of the last update: CreatedAt in milliseconds, the service's ErrorCode when it failed. Its
 * words are left out: they may quote a value that was sent, and that nobody who reads them knows to be a secret.
 */
export interface LastUpdate {
  readonly status: string;
  readonly createdAt: number;
  readonly error: string | undefined;
}

export interface FoundEnvironment {
  /** GetEnvironment's Status. */
  readonly status: string;
  readonly arn: string;
  readonly settings: Settings;
  readonly lastUpdate: LastUpdate | undefined;
}

export type SiteObservation = { readonly status: 'missing' } | FoundEnvironment;

export const isFound = (site: SiteObservation): site is FoundEnvironment => 'settings' in site;

/** What is there, of what `describe` answered. */
export function observationOf(description: EnvironmentDescription | undefined): SiteObservation {
  if (description === undefined) return { status: 'missing' };
  const { status, lastUpdate, raw } = description;
  return {
    status,
    arn: textAt(raw, 'Arn'),
    settings: observedSettings(raw),
    lastUpdate:
      lastUpdate === undefined
        ? undefined
        : { status: lastUpdate.status, createdAt: lastUpdate.createdAt, error: updateErrorOf(raw)?.code },
  };
}

/** GetEnvironment's `Environment` in the flat form; members that we do not know are left out. */
export function observedSettings(raw: unknown): Settings {
  // Environments from before the member existed do not say so; the service's default is theirs.
  const known = { EndpointManagement: 'SERVICE', ...recordOf(raw) };
  // `dags/` and `dags` are one folder.
  const dags = textAt(raw, 'DagS3Path').replaceAll(/^\/+|\/+$/g, '');
  return Object.fromEntries(
    MEMBERS.flatMap((member) => fieldsOf(member, valueAt({ ...known, DagS3Path: dags }, member.api))),
  );
}

type Field = readonly [string, FieldValue];

function fieldsOf({ api, shape }: Member, value: unknown): readonly Field[] {
  if (shape === 'value') return field(api, value);
  const entries = Object.entries(recordOf(value));
  if (shape === 'map')
    return entries.filter(([key]) => !isMadeByAws(api, key)).flatMap(([key, of]) => field(`${api}.${key}`, of));
  return entries.flatMap(([module, parts]) =>
    Object.keys(MODULE_PARTS).flatMap((part) => field(`${api}.${module}.${part}`, recordOf(parts)[part])),
  );
}

const isMadeByAws = (api: string, key: string): boolean => api === 'Tags' && key.startsWith('aws:');

const fieldValue = z.union([z.string().min(1), z.number(), z.boolean(), z.array(z.string()).min(1)]);

/**
 * Lists of the API are sets: their order means nothing. An empty text is how the service says "none". A folder may be
 * written with or without a slash at its end.
 */
function field(name: string, value: unknown): readonly Field[] {
  const { data } = fieldValue.safeParse(value);
  if (data === undefined) return [];
  if (name === 'DagS3Path') return [[name, String(data).replace(/\/+$/, '')]];
  return [[name, Array.isArray(data) ? data.toSorted() : data]];
}
