import { mayBeSecret } from './deployment-secrets.ts';
import type { ImportedSite } from './import.ts';
import { MEMBERS, MODULE_PARTS } from './members.ts';
import type { Member } from './members.ts';
import { siteSettings } from './mwaa-settings.ts';
import type { Ignored } from './policies.ts';
import { isSameJson, recordOf, valueAt } from './raw.ts';

/** A block `mwaa` as it is written: keys of the file. */
export type Found = Readonly<Record<string, unknown>>;

export interface ImportedSettings {
  /** What both environments are. */
  readonly shared: Found;
  /** By site: what it alone is. */
  readonly sites: readonly [Found, Found];
  /** Fields that cannot be written down, and so have to be left alone. */
  readonly ignore: readonly Ignored[];
  readonly notes: readonly string[];
}

/** What could be read of one site. */
interface Reading {
  readonly block: Record<string, unknown>;
  readonly ignore: readonly Ignored[];
  readonly notes: readonly string[];
}

/** The settings of both environments, what they have in common taken together. A site without environment has none. */
export function importedSettings(sites: readonly [ImportedSite, ImportedSite]): ImportedSettings {
  const readings = [readingOf(sites[0]), readingOf(sites[1])] as const;
  const notes = readings.flatMap((reading) => reading.notes);
  const keyless = readings.filter(({ block }) => !('kmsKey' in block)).length;
  if (keyless === 1 && sites.every(({ raw }) => raw !== undefined)) {
    for (const { block } of readings) delete block['kmsKey'];
    notes.push('kmsKey is left out at both sites: one of them has none that a deployment file can name.');
  }
  const [one, other] = [readings[0].block, readings[1].block];
  const alone = sites[0].raw === undefined ? other : one;
  const together = sites.some(({ raw }) => raw === undefined)
    ? { ...split(alone, alone), sites: [onlyLocal(one), onlyLocal(other)] as const }
    : split(one, other);
  return {
    ...together,
    ignore: distinct(readings.flatMap((reading) => reading.ignore)),
    notes: [...new Set(notes), ...differences(together.sites, sites)],
  };
}

const distinct = (all: readonly Ignored[]): readonly Ignored[] => [
  ...new Map(all.map((entry) => [entry.field, entry])).values(),
];

function readingOf({ environment, raw }: ImportedSite): Reading {
  const block: Record<string, unknown> = {};
  const ignore: Ignored[] = [];
  const notes: string[] = [];
  for (const { member, file, value } of raw === undefined ? [] : membersIn(raw)) {
    if (member.shape === 'map') {
      const written = Object.entries(recordOf(value)).filter(([key, of]) => {
        const why = reasonAgainst(file, key, of);
        if (why === undefined) return true;
        ignore.push({ field: `${member.api}.${key}`, reason: why });
        notes.push(`${member.api}.${key} is not written: ${why}. An "ignore" leaves it as it is.`);
        return false;
      });
      block[file] = Object.fromEntries(written);
    } else if (isTaken(file, value)) block[file] = value;
    else notes.push(`${member.api} of ${environment} is not written: a deployment file cannot say it.`);
  }
  return { block, ignore, notes };
}

interface MemberValue {
  readonly member: Pick<Member, 'api' | 'shape'>;
  readonly file: string;
  readonly value: unknown;
}

const NETWORK = { api: 'NetworkConfiguration', shape: 'value' } as const;

/** The members that the environment has and the file can name. */
function membersIn(raw: unknown): readonly MemberValue[] {
  const values = MEMBERS.flatMap((member): MemberValue[] => {
    const value = valueAt(raw, member.api);
    return member.file === undefined || isAbsent(value)
      ? []
      : [{ member, file: member.file, value: inFile(member, value) }];
  });
  const network = recordOf(valueAt(raw, 'NetworkConfiguration'));
  const networkConfiguration = { subnetIds: network['SubnetIds'], securityGroupIds: network['SecurityGroupIds'] };
  return [...values, { member: NETWORK, file: 'networkConfiguration', value: networkConfiguration }];
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === '';

function inFile({ api, shape }: Member, value: unknown): unknown {
  const entries = Object.entries(recordOf(value));
  if (shape === 'map')
    return Object.fromEntries(entries.filter(([key]) => !(api === 'Tags' && key.startsWith('aws:'))));
  if (shape === 'value') return value;
  return Object.fromEntries(
    entries.map(([module, parts]) => [
      module.charAt(0).toLowerCase() + module.slice(1),
      // What else the service says, as the log group's ARN, is not told by anybody.
      Object.fromEntries(Object.entries(MODULE_PARTS).map(([part, key]) => [key, recordOf(parts)[part]])),
    ]),
  );
}

const isTaken = (file: string, value: unknown): boolean => siteSettings.safeParse({ [file]: value }).success;

function reasonAgainst(file: string, key: string, value: unknown): string | undefined {
  if (mayBeSecret(key, String(value))) return 'it may be a credential, which does not belong into Git';
  return isTaken(file, { [key]: value }) ? undefined : 'a deployment file cannot say it';
}

/** Keys of the file whose value is a map or has modules: joined key by key when the file is read. */
const JOINED = new Set(MEMBERS.filter(({ shape }) => shape !== 'value').map(({ file }) => file));
const LOCAL = new Set([
  ...MEMBERS.filter(({ siteLocal }) => siteLocal).map(({ file }) => file),
  'networkConfiguration',
]);

const onlyLocal = (block: Found): Found => Object.fromEntries(Object.entries(block).filter(([key]) => LOCAL.has(key)));

/** Two blocks as one that both share and what is left of each. */
function split(one: Found, other: Found): { shared: Found; sites: readonly [Found, Found] } {
  const shared: Record<string, unknown> = {};
  const rest: [Record<string, unknown>, Record<string, unknown>] = [{}, {}];
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const [here, there] = [one[key], other[key]];
    if (JOINED.has(key)) {
      const parts = splitMap(recordOf(here), recordOf(there));
      // Also when it is empty: that a set is declared for both sites is what leaves nothing over at either.
      shared[key] = parts.shared;
      for (const index of [0, 1] as const)
        if (Object.keys(parts.sites[index]).length > 0) rest[index][key] = parts.sites[index];
    } else if (!LOCAL.has(key) && isSameJson(here, there)) shared[key] = here;
    else {
      if (here !== undefined) rest[0][key] = here;
      if (there !== undefined) rest[1][key] = there;
    }
  }
  return { shared, sites: rest };
}

function splitMap(one: Found, other: Found): { shared: Found; sites: readonly [Found, Found] } {
  const isShared = (key: string) => isSameJson(one[key], other[key]);
  const own = (map: Found, shared: boolean) =>
    Object.fromEntries(Object.entries(map).filter(([key]) => isShared(key) === shared));
  return { shared: own(one, true), sites: [own(one, false), own(other, false)] };
}

function differences(blocks: readonly [Found, Found], sites: readonly [ImportedSite, ImportedSite]): readonly string[] {
  const keys = new Set(blocks.flatMap((block) => Object.keys(block)).filter((key) => !LOCAL.has(key)));
  return [...keys].map((key) => {
    const without = sites.find((_, index) => !(key in (blocks[index] ?? {})));
    return without === undefined || JOINED.has(key)
      ? `${key} differs between the sites and is written for each: decide whether it should.`
      : `${without.environment} has no ${key}, the other has one: a plan will show it.`;
  });
}
