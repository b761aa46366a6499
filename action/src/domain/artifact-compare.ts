import { deletedPaths, deployedPaths } from './bundle-manifest.ts';
import type { Manifests } from './bundle-manifest.ts';
import { isNeverOurs } from './bundle.ts';
import type { Bundle, BundleFile } from './bundle.ts';
import type { ArtifactRow } from './plan-model.ts';

/** The objects below one site's DAGs path, by path below it. */
export interface SiteDags {
  readonly objects: ReadonlyMap<string, { readonly size: number; readonly etag: string }>;
  /** Hex, of those whose content is known. */
  readonly sha256: ReadonlyMap<string, string>;
}
export type BothDags = readonly [SiteDags, SiteDags];

type Verdict = ArtifactRow['verdict'];
/** What a site has under a path of the repository. */
export type Content = 'same' | 'other' | 'none';

/** By what the active site and the standby have of a file of the repository. */
const VERDICTS: Readonly<Record<Content, Readonly<Record<Content, Verdict>>>> = {
  same: { same: 'in sync', other: 'differs at the standby', none: 'missing at the standby' },
  other: { same: 'changed', other: 'changed', none: 'changed' },
  none: { same: 'new', other: 'new', none: 'new' },
};
export const verdictOf = (active: Content, standby: Content): Verdict => VERDICTS[active][standby];

/** Which contents have to be looked at before {@link compareDags} can be asked, by site: all else is known already. */
export function unknownContents(
  bundle: Bundle,
  manifests: Manifests,
  objects: SiteDags['objects'],
  known: ReadonlyMap<string, string>,
): readonly string[] {
  const deployed = deployedPaths(manifests);
  const files = (bundle.dags?.files ?? []).filter(({ path, size }) => objects.get(path)?.size === size);
  const deleted = [...deletedPaths(bundle, manifests).keys()].filter((path) => !deployed.has(path));
  return [...files.map(({ path }) => path), ...deleted].filter((path) => objects.has(path) && !known.has(path));
}

export function contentAt({ objects, sha256 }: SiteDags, file: BundleFile): Content {
  const object = objects.get(file.path);
  if (object === undefined) return 'none';
  return object.size === file.size && sha256.get(file.path) === file.sha256 ? 'same' : 'other';
}

export interface DagsComparison {
  readonly rows: readonly { readonly path: string; readonly verdict: Verdict }[];
  /** Paths of the rows that are not ours. */
  readonly others: readonly string[];
  /** By site index. */
  readonly uploads: readonly [readonly BundleFile[], readonly BundleFile[]];
  /** Paths below the DAGs folder, by site index. */
  readonly deletions: readonly [readonly string[], readonly string[]];
}

/** The DAG files of the repository beside what both buckets have. `sites` is by site index, `active` one of them. */
export function compareDags(bundle: Bundle, manifests: Manifests, sites: BothDags, active: 0 | 1): DagsComparison {
  const files = bundle.dags?.files ?? [];
  const [here, there] = [sites[active], sites[active === 0 ? 1 : 0]];
  const uploads = (site: SiteDags) => files.filter((file) => contentAt(site, file) !== 'same');
  const deleted = deletionsAt(bundle, manifests);
  const deletions = [deleted(sites[0]), deleted(sites[1])] as const;
  const gone = new Set(deletions.flat());
  const own = new Set([...files.map(({ path }) => path), ...gone]);
  const found = bundle.dags === undefined ? [] : [...here.objects.keys(), ...there.objects.keys()];
  const others = [...new Set(found.filter((path) => !own.has(path)))];
  const rows = [
    ...files.map((file) => ({ path: file.path, verdict: verdictOf(contentAt(here, file), contentAt(there, file)) })),
    ...[...gone].map((path) => ({ path, verdict: 'deleted' as const })),
    ...others.map((path) => ({ path, verdict: foreign(here, there, path) })),
  ].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return { rows, others, uploads: [uploads(sites[0]), uploads(sites[1])], deletions };
}

/** Never what we have not written ourselves: its path is one of the last bundle, or its content one of ours. */
function deletionsAt(bundle: Bundle, manifests: Manifests): (site: SiteDags) => readonly string[] {
  const deployed = deployedPaths(manifests);
  const candidates = [...deletedPaths(bundle, manifests)].filter(([path]) => !isNeverOurs(path));
  return ({ objects, sha256 }) =>
    candidates
      .filter(([path, contents]) => objects.has(path) && (deployed.has(path) || contents.has(sha256.get(path) ?? '')))
      .map(([path]) => path)
      .toSorted();
}

/** A file that is not ours: only what a failover would miss is said of it. Sizes are all that we know of its content. */
function foreign(active: SiteDags, standby: SiteDags, path: string): Verdict {
  const [here, there] = [active.objects.get(path), standby.objects.get(path)];
  if (here !== undefined && there === undefined) return 'missing at the standby';
  return here !== undefined && here.size !== there?.size ? 'differs at the standby' : 'foreign';
}
