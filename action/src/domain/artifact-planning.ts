import { compareDags } from './artifact-compare.ts';
import type { BothDags } from './artifact-compare.ts';
import { dagConsequence, pinnedConsequence, pinnedContent, pinnedRow, pinsOf } from './artifact-pins.ts';
import type { PinnedSite } from './artifact-pins.ts';
import { PINNED } from './artifact-plan.ts';
import type { ArtifactPlan, ObjectChange } from './artifact-plan.ts';
import { isManifestOf } from './bundle-manifest.ts';
import type { Manifests } from './bundle-manifest.ts';
import { pinnedKey } from './bundle.ts';
import type { Bundle } from './bundle.ts';
import type { Deployment, SiteIndex } from './deployment.ts';
import { bundleKeys } from './names.ts';
import type { ArtifactRow } from './plan-model.ts';
import { isManaged } from './roles.ts';
import type { Roles } from './roles.ts';

export interface ArtifactFacts {
  readonly bundle: Bundle;
  /** All by site index. */
  readonly manifests: Manifests;
  readonly dags: BothDags;
  readonly pinned: readonly [PinnedSite, PinnedSite];
  /** Rows of pinned artifacts that the file does not declare. */
  readonly undeclared: readonly ArtifactRow[];
}

/** A deployment file without artifacts: only what both environments read is compared. */
export const undeclaredPlan = (rows: readonly ArtifactRow[]): ArtifactPlan => ({
  bundle: null,
  rows,
  others: [],
  pins: [{}, {}],
  before: [[], []],
  after: [[], []],
});

/** The repository's artifacts beside what both buckets have, and what is to be done about it. */
export function planArtifacts(deployment: Deployment, roles: Roles, facts: ArtifactFacts): ArtifactPlan {
  const { bundle, pinned, undeclared } = facts;
  const name = deployment.deployment;
  const comparison = compareDags(bundle, facts.manifests, facts.dags, roles.active);
  const folder = bundle.dags?.folder ?? '';
  const dagRows = comparison.rows.map(({ path, verdict }) => {
    const full = inFolder(folder, path);
    return { path: full, verdict, consequence: dagConsequence(full, verdict) };
  });
  const ours = <T>(site: SiteIndex, changes: readonly T[]) =>
    isManaged(deployment.manage, roles, site) ? changes : [];
  const before = (site: SiteIndex) => ours(site, pinnedUploads(name, bundle, pinned[site]));
  const after = (site: SiteIndex): readonly ObjectChange[] => {
    const key = (path: string) => `${deployment.sites[site].dagsPath}/${path}`;
    const written = comparison.uploads[site].map(({ path, sha256 }) =>
      upload(key(path), inFolder(folder, path), sha256),
    );
    const deleted = comparison.deletions[site].map((path): ObjectChange => ({
      kind: 'delete',
      key: key(path),
      path: '',
      sha256: '',
    }));
    const isSaid = isManifestOf(facts.manifests[site], name, bundle) && deleted.length === 0;
    return ours(site, [
      ...written,
      ...deleted,
      ...(isSaid ? [] : [upload(bundleKeys.manifest(name), '', bundle.digest)]),
    ]);
  };
  return {
    bundle: bundle.digest,
    rows: [...dagRows, ...pinnedRows(bundle, pinned, roles), ...undeclared],
    others: comparison.others.map((path) => inFolder(folder, path)),
    pins: [pinsOf(name, bundle, pinned[0]), pinsOf(name, bundle, pinned[1])],
    before: [before(0), before(1)],
    after: [after(0), after(1)],
  };
}

export const inFolder = (folder: string, path: string): string => (folder === '.' ? path : `${folder}/${path}`);

const upload = (key: string, path: string, sha256: string): ObjectChange => ({ kind: 'upload', key, path, sha256 });

function pinnedRows(bundle: Bundle, pinned: ArtifactFacts['pinned'], roles: Roles): readonly ArtifactRow[] {
  const [active, standby] = [pinned[roles.active], pinned[roles.standby]];
  return PINNED.flatMap((name) => {
    const file = bundle.pinned[name];
    if (file === undefined) return [];
    const row = pinnedRow(active, standby, name, file);
    const at = active[name]?.read ?? active[name]?.current;
    return [{ ...row, consequence: pinnedConsequence(name, row.verdict, at) }];
  });
}

const pinnedUploads = (deployment: string, bundle: Bundle, site: PinnedSite): readonly ObjectChange[] =>
  PINNED.flatMap((name) => {
    const file = bundle.pinned[name];
    if (file === undefined || pinnedContent(site, name, file) === 'same') return [];
    return [upload(pinnedKey(deployment, name), file.path, file.sha256)];
  });
