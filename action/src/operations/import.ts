import { MdrError } from '../domain/errors.ts';
import { importDeployment } from '../domain/import.ts';
import type { Import } from '../domain/import.ts';
import type { Inputs } from '../domain/inputs.ts';
import type { RegionPorts } from '../domain/ports.ts';
import type { ImportResult } from '../domain/results.ts';
import type { Tools } from '../domain/tools.ts';

export interface ImportRequest {
  /** The deployment's name, which is also the file's. */
  readonly deployment: string;
  /** As in `us-east-1/orders-east us-west-2/orders-west`: site 0 first, its order is for ever. */
  readonly sites: string;
}

/** Reads both environments and writes their deployment file. Throws {@link MdrError} `MDR-INPUT-INVALID`, `MDR-IMPORT`. */
export async function importEnvironments(
  world: { region(name: string): Pick<RegionPorts, 'environments'> },
  { deployment, sites }: ImportRequest,
): Promise<Import> {
  const [one, other] = requireSites(sites);
  const described = async ({ region, environment }: NamedSite) => ({
    region,
    environment,
    raw: (await world.region(region).environments.describe(environment))?.raw,
  });
  return importDeployment(deployment, await Promise.all([described(one), described(other)]));
}

interface NamedSite {
  readonly region: string;
  readonly environment: string;
}

const SITE = /^([a-z]{2}(?:-[a-z]+)+-\d)\/([a-zA-Z][0-9a-zA-Z\-_]{0,79})$/;

function requireSites(text: string): readonly [NamedSite, NamedSite] {
  const named = text
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map((word) => {
      const [, region, environment] = SITE.exec(word) ?? [];
      return region === undefined || environment === undefined ? undefined : { region, environment };
    });
  const [one, other] = named;
  if (named.length === 2 && one !== undefined && other !== undefined && one.region !== other.region)
    return [one, other];
  throw new MdrError({
    code: 'MDR-INPUT-INVALID',
    message: `the input \`sites\` does not name two environments in two Regions: ${text}`,
    fix: 'Write it as in `us-east-1/orders-east us-west-2/orders-west`; the second need not exist yet: it becomes the standby of a backup and restore.',
    state: 'nothing was touched',
  });
}

/** Writes the deployment file of environments that exist; a file that is there already is not touched. */
export async function importFile(tools: Tools, { sites }: Inputs<'import'>, path: string): Promise<ImportResult> {
  const deployment = /(?:^|\/)([a-z][a-z0-9-]{0,31})\.json$/.exec(path)?.[1];
  if (deployment === undefined) throw noName(path);
  const { text, notes } = await importEnvironments({ region: (name) => tools.anyRegion(name) }, { deployment, sites });
  const written = await tools.workspace.write(path, text, { mustBeNew: true });
  if (written) return { operation: 'import', deployment, file: path, notes };
  throw new MdrError({
    code: 'MDR-IMPORT',
    message: `${path} is there already`,
    fix: 'Give another name, or remove the file first.',
    state: 'nothing was touched',
  });
}

const noName = (path: string): MdrError =>
  new MdrError({
    code: 'MDR-INPUT-INVALID',
    message: `the input \`deployment\` is no path of a file that could be written: ${path}`,
    fix: 'Write it as in environments/orders.json: lower case letters, digits and hyphens, at most 32.',
    state: 'nothing was touched',
  });
