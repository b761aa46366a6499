import { pinnedConsequence, readsOf } from '../domain/artifact-pins.ts';
import type { Reads } from '../domain/artifact-pins.ts';
import { PINNED } from '../domain/artifact-plan.ts';
import type { Pinned } from '../domain/artifact-plan.ts';
import type { ArtifactRow } from '../domain/plan-model.ts';
import type { Artifacts } from '../domain/policies.ts';
import type { Settings } from '../domain/settings.ts';
import { contentOf } from './artifacts-look.ts';
import type { Side } from './sides.ts';

/** A site with what its environment is set to; `undefined` = there is no environment. */
export interface Reader {
  readonly side: Side;
  readonly settings: Settings | undefined;
}

/**
 * Pinned artifacts that the deployment file does not declare, by what both environments are set to read: whether a
 * failover would run the same. Without a standby's environment there is nothing to compare.
 */
export async function undeclaredRows(
  artifacts: Artifacts | undefined,
  active: Reader,
  standby: Reader,
): Promise<readonly ArtifactRow[]> {
  if (active.settings === undefined || standby.settings === undefined) return [];
  const undeclared = PINNED.filter((name) => artifacts?.[name] === undefined);
  const rows = await Promise.all(undeclared.map((name) => rowOf(name, active, standby)));
  return rows.flatMap((row) => row ?? []);
}

async function rowOf(pinned: Pinned, active: Reader, standby: Reader): Promise<ArtifactRow | undefined> {
  const [here, there] = [readsOf(active.settings, pinned), readsOf(standby.settings, pinned)];
  const path = here?.key ?? there?.key;
  if (path === undefined) return undefined;
  const verdict = await compare(active.side, here, standby.side, there);
  return { path, verdict, consequence: pinnedConsequence(pinned, verdict, here) };
}

/** Replication keeps ids of versions, and S3 gives none twice: the same id is the same content. */
async function compare(
  active: Side,
  here: Reads | undefined,
  standby: Side,
  there: Reads | undefined,
): Promise<ArtifactRow['verdict']> {
  if (there === undefined) return 'missing at the standby';
  if (here === undefined) return 'differs at the standby';
  const heads = await Promise.all([headOf(active, here), headOf(standby, there)]);
  const [a, b] = heads;
  if (b === undefined) return 'missing at the standby';
  if (a?.size !== b.size) return 'differs at the standby';
  if (a.version !== undefined && a.version === b.version) return 'in sync';
  const contents = await Promise.all([
    contentOf(active, here.key, a.version),
    contentOf(standby, there.key, b.version),
  ]);
  return contents[0]?.sha256 === contents[1]?.sha256 ? 'in sync' : 'differs at the standby';
}

const headOf = ({ site, ports }: Side, { key, version }: Reads) => ports.objects.head(site.dagsBucket, key, version);
