import type { Pins } from './artifact-plan.ts';
import { PINNED } from './artifact-plan.ts';
import type { SiteIndex } from './deployment.ts';
import { PINNED_MEMBERS, isToBeUploaded } from './desired.ts';
import { keyOf, memberOf } from './members.ts';
import type { Member } from './members.ts';
import { differs } from './plan-fields.ts';
import type { ComparedSite } from './plan-fields.ts';
import type { EnvironmentMembers } from './ports.ts';
import type { FieldValue, Settings } from './settings.ts';

/** One request to the service, by the API's names. `fields`: what it changes, for people. */
export type WorkStep =
  | { readonly kind: 'create' | 'update'; readonly fields: readonly string[]; readonly members: EnvironmentMembers }
  | { readonly kind: 'tag'; readonly fields: readonly string[]; readonly tags: Readonly<Record<string, string>> }
  | { readonly kind: 'untag'; readonly fields: readonly string[]; readonly keys: readonly string[] };

export interface SiteWork {
  readonly index: SiteIndex;
  readonly role: 'active' | 'standby';
  /** ARN of the environment; '' before it is created. */
  readonly arn: string;
  readonly steps: readonly WorkStep[];
}

/**
 * What makes the site as it is to be: tags first, since they take no time, then one update of everything else. `fields`
 * are those that may be changed.
 */
export function stepsFor(site: ComparedSite, fields: readonly string[]): readonly WorkStep[] {
  if (site.state === 'new') {
    const all = Object.keys(site.wanted);
    return [{ kind: 'create', fields: all, members: membersOf(all, site.wanted) }];
  }
  const changed = fields.filter((field) => differs(site, field));
  const isTag = (field: string) => memberOf(field)?.changedBy === 'tags';
  const tags = changed.filter(isTag);
  const update = changed.filter((field) => !isTag(field));
  return [...tagSteps(tags, site.wanted), ...updateSteps(update, site)];
}

function tagSteps(fields: readonly string[], wanted: Settings): readonly WorkStep[] {
  const [set, gone] = [fields.filter((field) => field in wanted), fields.filter((field) => !(field in wanted))];
  const key = (field: string) => field.slice('Tags.'.length);
  const tags = Object.fromEntries(set.map((field) => [key(field), String(wanted[field])]));
  return [
    ...(set.length === 0 ? [] : [{ kind: 'tag', fields: set, tags } as const]),
    ...(gone.length === 0 ? [] : [{ kind: 'untag', fields: gone, keys: gone.map(key) } as const]),
  ];
}

function updateSteps(fields: readonly string[], { wanted, strategy }: ComparedSite): readonly WorkStep[] {
  if (fields.length === 0) return [];
  const members = membersOf(fields, wanted);
  const how = strategy === undefined ? {} : { WorkerReplacementStrategy: strategy };
  return [{ kind: 'update', fields, members: { ...members, ...how } }];
}

/**
 * The members that carry these fields. A map is sent whole, and a module of the logging with all its parts: so the
 * service wants them.
 */
export function membersOf(fields: readonly string[], wanted: Settings): EnvironmentMembers {
  const members: Record<string, unknown> = {};
  for (const field of fields) {
    const member = memberOf(field);
    if (member !== undefined) put(members, member, field, wanted);
  }
  return members;
}

function put(members: Record<string, unknown>, member: Member, field: string, wanted: Settings): void {
  const { api, shape } = member;
  if (shape === 'map') members[api] = below(api, wanted);
  else if (shape === 'modules') {
    const [module = ''] = keyOf(member, field).split('.');
    members[api] = { ...(members[api] as object | undefined), [module]: below(`${api}.${module}`, wanted) };
  } else if (api.includes('.')) {
    const [outer = '', inner = ''] = api.split('.');
    members[outer] = { ...(members[outer] as object | undefined), [inner]: wanted[field] };
  } else for (const name of together(api)) if (name in wanted) members[name] = wanted[name];
}

const below = (prefix: string, wanted: Settings): Readonly<Record<string, FieldValue>> =>
  Object.fromEntries(
    Object.entries(wanted).flatMap(([field, value]) =>
      field.startsWith(`${prefix}.`) ? [[field.slice(prefix.length + 1), value]] : [],
    ),
  );

/** A version is sent with its path; a path alone where the version that is there belongs to another path. */
const together = (api: string): readonly string[] =>
  api.endsWith('S3ObjectVersion') ? [api.replace('ObjectVersion', 'Path'), api] : [api];

/** The same work with the object versions that the upload has brought. Throws when one is still missing. */
export function withVersions(work: SiteWork, pins: Pins): SiteWork {
  return {
    ...work,
    steps: work.steps.map((step) => ('members' in step ? { ...step, members: versioned(step.members, pins) } : step)),
  };
}

function versioned(members: EnvironmentMembers, pins: Pins): EnvironmentMembers {
  const found = PINNED.flatMap((name) => {
    const member = `${PINNED_MEMBERS[name]}S3ObjectVersion`;
    if (!isToBeUploaded(members[member])) return [];
    const version = pins[name]?.version;
    if (version === undefined) throw new TypeError(`${member} was not uploaded before the update`);
    return [[member, version] as const];
  });
  return { ...members, ...Object.fromEntries(found) };
}
