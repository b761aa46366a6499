import type { DeploymentFile } from './fleet.ts';
import type { MdrError } from './errors.ts';
import type { FleetFailure } from './results.ts';

/** What an error means for one file of many. */
export const fleetFailure = (file: DeploymentFile, error: MdrError): FleetFailure => ({
  file: file.path,
  deployment: 'deployment' in file ? file.deployment.deployment : undefined,
  code: error.code,
  message: error.message,
  fix: error.fix,
  place: error.place,
});
