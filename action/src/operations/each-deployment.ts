import pLimit from 'p-limit';
import type { Deployment } from '../domain/deployment.ts';
import { fleetFailure } from '../domain/fleet-failure.ts';
import type { DeploymentFile, Fleet } from '../domain/fleet.ts';
import type { World } from '../domain/ports.ts';
import type { FleetFailure } from '../domain/results.ts';
import { knownError } from '../report/known-error.ts';

/** As many as the control plane of one Region bears without throttling. */
const AT_ONCE = 8;

export interface Outcomes<T> {
  /** In the order of the files. */
  readonly results: readonly T[];
  readonly failures: readonly FleetFailure[];
}

/** Does the same for every deployment of a fleet, some at a time; what fails for one is said and hides no other. */
export async function eachDeployment<T>(
  fleet: Fleet,
  work: (world: World, deployment: Deployment, file: DeploymentFile) => Promise<T>,
): Promise<Outcomes<T>> {
  const limit = pLimit(AT_ONCE);
  const all = await Promise.all(
    fleet.files.map((file) =>
      limit(async (): Promise<{ result: T } | { failure: FleetFailure }> => {
        if ('error' in file) return { failure: fleetFailure(file, file.error) };
        try {
          return { result: await work(fleet.world(file.deployment), file.deployment, file) };
        } catch (error) {
          return { failure: fleetFailure(file, knownError(error)) };
        }
      }),
    ),
  );
  return {
    results: all.flatMap((one) => ('result' in one ? [one.result] : [])),
    failures: all.flatMap((one) => ('failure' in one ? [one.failure] : [])),
  };
}
