import { optionWarnings } from '../domain/airflow-options.ts';
import { fleetFailure } from '../domain/fleet-failure.ts';
import { supportOf } from '../domain/airflow-versions.ts';
import type { DeploymentFile, Fleet } from '../domain/fleet.ts';
import type { World } from '../domain/ports.ts';
import { MdrError } from '../domain/errors.ts';
import type { FleetFailure, ValidateResult } from '../domain/results.ts';

/** Schema and rules of all files, and that no two of them name the same deployment. Asks nothing of AWS or GitHub. */
export function validate({ files, clock }: Pick<Fleet, 'files'> & Pick<World, 'clock'>): ValidateResult {
  const names = Map.groupBy(files, (file) => ('deployment' in file ? file.deployment.deployment : ''));
  const failures = files.flatMap((file): FleetFailure[] => {
    if ('error' in file) return [fleetFailure(file, file.error)];
    const [first] = names.get(file.deployment.deployment) ?? [];
    return first === undefined || first === file
      ? []
      : [fleetFailure(file, twice(file.path, first.path, file.deployment.deployment))];
  });
  const failed = new Set(failures.map(({ file }) => file));
  return {
    operation: 'validate',
    files: files.flatMap((file) =>
      'deployment' in file && !failed.has(file.path)
        ? [{ file: file.path, deployment: file.deployment.deployment }]
        : [],
    ),
    failures,
    warnings: files.flatMap((file) => warningsOf(file, clock.now())),
  };
}

const twice = (path: string, first: string, deployment: string): MdrError =>
  new MdrError({
    code: 'MDR-FILE-RULE',
    message: `${path}: the deployment ${deployment} has a file already: ${first}`,
    fix: 'Give each deployment one file, named after it.',
    state: 'nothing was touched',
    place: { file: path, line: 1, column: 1 },
  });

/** An end that is announced leaves time to move on: a lost environment of an ended version cannot be made again. */
function warningsOf(file: DeploymentFile, now: number): readonly string[] {
  if (!('deployment' in file)) return [];
  const { deployment, airflowVersion } = file.deployment;
  const support = supportOf(airflowVersion, now);
  const mistyped = optionWarnings(file.deployment).map((warning) => `${deployment}: ${warning}`);
  return support.kind === 'ending'
    ? [`${deployment}: MWAA ends its support of Airflow ${airflowVersion} on ${support.on}`, ...mistyped]
    : mistyped;
}
