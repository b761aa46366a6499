import { randomBytes } from 'node:crypto';
import { setTimeout as elapsed } from 'node:timers/promises';
import { LIMITS } from './aws/call.ts';
import { defaultCredentials, roleCredentials } from './aws/credentials.ts';
import { parseEndpoints } from './aws/endpoints.ts';
import { createRegions } from './aws/region.ts';
import type { Deployment } from './domain/deployment.ts';
import type { World } from './domain/ports.ts';
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

/** The real world, as AWS, GitHub and this machine are it. */
export function createWorld(surface: Surface, deployment: Deployment, stop: AbortSignal): World {
  const endpoints = parseEndpoints(process.env['MWAADR_ENDPOINTS']);
  const { 'role-to-assume': roleArn = '', target } = surface.inputs;
  const regions = regionsToTrust(deployment, target);
  const keepSecret = (secret: string): void => {
    surface.keepSecret(secret);
  };
  const credentials =
    roleArn === ''
      ? defaultCredentials(regions[0], keepSecret)
      : roleCredentials({
          roleArn,
          sessionName: `mwaadr-${process.env['GITHUB_RUN_ID'] ?? 'local'}`,
          regions,
          idToken: () => surface.idToken(),
          endpoints,
          keepSecret,
        });
  return {
    clock: { now: () => Date.now(), sleep },
    random: { hex: (bytes) => randomBytes(bytes).toString('hex') },
    log: surface,
    region: createRegions({ credentials, endpoints, limits: LIMITS }, deployment.airflowVersion),
    actor: surface.actor,
    drDags,
    stop,
  };
}
