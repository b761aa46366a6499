import { PINNED } from './artifact-plan.ts';
import type { Pin, Pinned, Pins } from './artifact-plan.ts';
import { verdictOf } from './artifact-compare.ts';
import type { Content } from './artifact-compare.ts';
import { pinnedKey } from './bundle.ts';
import type { Bundle, BundleFile } from './bundle.ts';
import type { ArtifactRow } from './plan-model.ts';
import type { Settings } from './settings.ts';

/** MWAA's members that name a pinned artifact and the version of it. */
export const MEMBERS: Readonly<Record<Pinned, { readonly path: string; readonly version: string }>> = {
  requirements: { path: 'RequirementsS3Path', version: 'RequirementsS3ObjectVersion' },
  plugins: { path: 'PluginsS3Path', version: 'PluginsS3ObjectVersion' },
  startupScript: { path: 'StartupScriptS3Path', version: 'StartupScriptS3ObjectVersion' },
};

/** What an environment is set to read; `version` undefined = the current one. */
export interface Reads {
  readonly key: string;
  readonly version: string | undefined;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

export function readsOf(settings: Settings | undefined, pinned: Pinned): Reads | undefined {
  const key = text(settings?.[MEMBERS[pinned].path]);
  return key === undefined ? undefined : { key, version: text(settings?.[MEMBERS[pinned].version]) };
}

export interface KnownVersion {
  readonly version: string | undefined;
  readonly sha256: string;
}

/** One pinned artifact at one site. */
export interface PinnedAt {
  /** The newest object of our key. */
  readonly current: KnownVersion | undefined;
  /** The version of our key that the environment is set to read, if it reads our key. */
  readonly read: KnownVersion | undefined;
}
export type PinnedSite = Readonly<Partial<Record<Pinned, PinnedAt>>>;

/** What the environment is to read: what it reads already when the content is right, since another id means an update. */
export function pinsOf(deployment: string, bundle: Bundle, site: PinnedSite): Pins {
  const pin = (pinned: Pinned, { sha256 }: BundleFile): Pin => {
    const { read, current } = site[pinned] ?? {};
    const right = [read, current].find((version) => version?.sha256 === sha256);
    return { key: pinnedKey(deployment, pinned), sha256, version: right?.version };
  };
  return Object.fromEntries(
    PINNED.flatMap((pinned) => {
      const file = bundle.pinned[pinned];
      return file === undefined ? [] : [[pinned, pin(pinned, file)]];
    }),
  );
}

export const pinnedContent = (site: PinnedSite, pinned: Pinned, { sha256 }: BundleFile): Content => {
  const current = site[pinned]?.current;
  if (current === undefined) return 'none';
  return current.sha256 === sha256 ? 'same' : 'other';
};

export const pinnedRow = (active: PinnedSite, standby: PinnedSite, pinned: Pinned, file: BundleFile) => ({
  path: file.path,
  verdict: verdictOf(pinnedContent(active, pinned, file), pinnedContent(standby, pinned, file)),
});

const WORDS: Readonly<Record<Pinned, readonly [name: string, effect: string]>> = {
  requirements: ['requirements', 'would run old dependencies'],
  plugins: ['plugins', 'would run old plugins'],
  startupScript: ['startup script', 'would start with an old script'],
};

const version = (id: string | undefined): string => (id === undefined ? '' : ` version ${id}`);

/** What a row of a pinned artifact means at a failover; '' when nothing. `active` is what the active site reads. */
export function pinnedConsequence(
  pinned: Pinned,
  verdict: ArtifactRow['verdict'],
  active: Pick<Reads, 'version'> | undefined,
): string {
  const [name, effect] = WORDS[pinned];
  if (verdict === 'missing at the standby')
    return `the standby lacks ${name}${version(active?.version)}: a failover ${effect}`;
  return verdict === 'differs at the standby'
    ? `the standby has other ${name} than the active site${version(active?.version)}: a failover ${effect}`
    : '';
}

/** What a row of a DAG file means at a failover; '' when nothing. */
export function dagConsequence(path: string, verdict: ArtifactRow['verdict']): string {
  if (verdict === 'missing at the standby') return `the standby lacks ${path}: its DAGs would not run after a failover`;
  return verdict === 'differs at the standby' ? `the standby has another ${path}: a failover would run that one` : '';
}
