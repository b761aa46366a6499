import { randomBytes } from 'node:crypto';
import { setTimeout as elapsed } from 'node:timers/promises';
import { LIMITS } from './aws/call.ts';
import { defaultCredentials, roleCredentials } from './aws/credentials.ts';
import { parseEndpoints, type Endpoints } from './aws/endpoints.ts';
import { createRegions } from './aws/region.ts';
import type { Deployment } from './domain/deployment.ts';
import { WORKFLOW_OF, type Operation } from './domain/inputs.ts';
import { roleArn } from './domain/names.ts';
import type { Inspector, Inspectors } from './domain/doctor-ports.ts';
import type { Clock, RegionPorts, World } from './domain/ports.ts';
import { AIRFLOW_VERSIONS } from './domain/airflow-versions.ts';
import { createInspectors } from './aws/inspector.ts';
import { drDags } from './dr-dags.ts';
import type { Surface } from './surface.ts';

/** The regions of a deployment, that of the site first which is not to be left: its STS is the one to rely on. */
function regionsToTrust({ sites }: Deployment, target: string | undefined): readonly [string, string] {
  const [first, second] = [sites[0].region, sites[1].region];
  return target === first ? [first, second] : [second, first];
}

/** Node's own rejects when the signal fires. */
async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await elapsed(Math.max(0, milliseconds), undefined, { signal }).catch(() => undefined);
}

export const systemClock: Clock = { now: () => Date.now(), sleep };

/** The role that the run is to take, by its ARN; '' = the credentials that are there. */
function roleOf(asked: string, deployment: Deployment, operation: Operation): string {
  if (asked !== 'derived') return asked;
  return operation in WORKFLOW_OF ? roleArn(deployment, WORKFLOW_OF[operation as keyof typeof WORKFLOW_OF]) : '';
}

function credentialsOf(surface: Surface, role: string, regions: readonly [string, string], endpoints: Endpoints) {
  const keepSecret = (secret: string): void => {
    surface.keepSecret(secret);
  };
  if (role === '') return defaultCredentials(regions[0], keepSecret);
  const sessionName = `mwaadr-${process.env['GITHUB_RUN_ID'] ?? 'local'}`;
  return roleCredentials({
    roleArn: role,
    sessionName,
    regions,
    idToken: () => surface.idToken(),
    endpoints,
    keepSecret,
  });
}

/** The real world of each deployment, as AWS and this machine are it; what deployments can share, they share. */
export interface Worlds extends Inspectors {
  world(deployment: Deployment): World;
  anyRegion(name: string): RegionPorts;
}

interface Shared {
  readonly region: World['region'];
  readonly inspector: (region: string) => Inspector;
}

export function createWorlds(surface: Surface, operation: Operation, stop: AbortSignal): Worlds {
  const endpoints = parseEndpoints(process.env['MWAADR_ENDPOINTS']);
  const { 'role-to-assume': asked = '', target } = surface.inputs;
  const made = new Map<string, Shared>();
  const shared = (deployment: Deployment): Shared => {
    const role = roleOf(asked, deployment, operation);
    const trusted = regionsToTrust(deployment, target);
    const accounts = new Map(deployment.sites.map(({ region, account }) => [region, account]));
    const key = [role, ...trusted, ...accounts.values(), deployment.airflowVersion].join(' ');
    const known = made.get(key);
    if (known !== undefined) return known;
    const credentials = credentialsOf(surface, role, trusted, endpoints);
    const session = { credentials, endpoints, limits: LIMITS, accounts };
    const fresh = {
      region: createRegions(session, deployment.airflowVersion),
      inspector: createInspectors(session),
    };
    made.set(key, fresh);
    return fresh;
  };
  return {
    world: (deployment) => ({
      clock: systemClock,
      random: { hex: (bytes) => randomBytes(bytes).toString('hex') },
      log: surface,
      region: shared(deployment).region,
      actor: surface.actor,
      drDags,
      stop,
    }),
    inspector: (deployment, region) => shared(deployment).inspector(region),
    anyRegion(name) {
      const credentials = credentialsOf(surface, asked === 'derived' ? '' : asked, [name, name], endpoints);
      // Without a deployment nothing says whose the buckets are, and so none is asked for.
      const accounts = new Map<string, string>();
      return createRegions({ credentials, endpoints, limits: LIMITS, accounts }, AIRFLOW_VERSIONS[0])(name);
    },
  };
}
