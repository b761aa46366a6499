import { fleetFailure } from '../domain/fleet-failure.ts';
import type { Fleet } from '../domain/fleet.ts';
import { MdrError } from '../domain/errors.ts';
import type { FleetFailure, ValidateResult } from '../domain/results.ts';

/** Schema and rules of all files, and that no two of them name the same deployment. Asks nothing of AWS or GitHub. */
export function validate(
  fleet: Pick<Fleet, 'files'>,
  warningsOf: (file: Fleet['files'][number]) => readonly string[],
): ValidateResult {
  const { files } = fleet;
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
    warnings: files.flatMap(warningsOf),
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
