import { basename, normalize } from 'node:path/posix';
import type { Deployment } from './deployment.ts';
import { VERSIONS } from './airflow-versions.ts';
import type { DeploymentFile } from './fleet.ts';
import { githubEnvironment } from './names.ts';

/** Deployments of one job that only reads: few enough to be done in minutes, many enough to be worth a runner. */
const GROUP_SIZE = 25;
/** GitHub runs no more jobs than these for one matrix. */
const MATRIX_SIZE = 256;

/** A job over deployments that live in the same accounts and Regions, or over files that cannot be read. */
export interface Group {
  readonly name: string;
  /** The same, as the name of an artifact may be. */
  readonly id: string;
  /** Value of the input `deployment`. */
  readonly deployments: string;
}

/** A job over one deployment, in its own protected GitHub environment. */
export interface Leg {
  readonly deployment: string;
  readonly file: string;
  readonly environment: string;
}

export interface AirflowJob {
  readonly version: string;
  readonly python: string;
  readonly file: string;
  /** What the DAGs need beside Airflow: path in the repository; '' = nothing. */
  readonly requirements: string;
}

export interface Matrix {
  /** All deployments; one whose file cannot be read goes by the name of its file, so that its own job says so. */
  readonly names: readonly string[];
  readonly groups: readonly Group[];
  readonly legs: readonly Leg[];
  /** Deployments in which something may be set right by itself. */
  readonly heal: readonly Leg[];
  /** Airflow versions whose DAGs have to be checked, with one deployment file for each set of its artifacts. */
  readonly airflow: readonly AirflowJob[];
  /** Files that no deployment could be read from. */
  readonly broken: readonly string[];
  /** Deployments beyond what one matrix can have; '' when there are none. */
  readonly tooMany: string;
}

type Parsed = DeploymentFile & { readonly deployment: Deployment };
const isParsed = (file: DeploymentFile): file is Parsed => 'deployment' in file;

/** Place of what nobody knows the place of. */
const UNREADABLE = 'unreadable files';

const nameOf = (file: DeploymentFile): string =>
  isParsed(file) ? file.deployment.deployment : basename(file.path, '.json');

const placeOf = ({ deployment: { sites } }: Parsed): string =>
  [...new Set(sites.map(({ account }) => account))].join('+') + ` ${sites[0].region} + ${sites[1].region}`;

/** Jobs for a fleet: groups by account and Regions for what reads, a leg for each deployment for what changes. */
export function matrixOf(files: readonly DeploymentFile[]): Matrix {
  const parsed = files.filter(isParsed);
  const places = Map.groupBy(parsed, placeOf);
  const broken = files.filter((file) => !isParsed(file));
  const groups = [...places].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([place, members]) => chunks(place, members));
  // In the order of the groups, so that what shares an account's limits is spread no more than it has to be.
  const legs = [...places.values()].flat().map((file) => ({
    deployment: file.deployment.deployment,
    file: file.path,
    environment: githubEnvironment(file.deployment, 'reconcile'),
  }));
  const heals = new Set(parsed.filter(({ deployment }) => deployment.selfHeal.length > 0).map(({ path }) => path));
  return {
    names: files.map(nameOf).slice(0, MATRIX_SIZE),
    groups: [...groups, ...chunks(UNREADABLE, broken)],
    legs: legs.slice(0, MATRIX_SIZE),
    heal: legs.filter(({ file }) => heals.has(file)).slice(0, MATRIX_SIZE),
    airflow: airflowOf(parsed),
    broken: broken.map(({ path }) => path),
    tooMany: files.length <= MATRIX_SIZE ? '' : `${files.length - MATRIX_SIZE} of ${files.length} deployments`,
  };
}

function chunks(place: string, members: readonly DeploymentFile[]): readonly Group[] {
  const count = Math.ceil(members.length / GROUP_SIZE);
  return Array.from({ length: count }, (_, index) => ({
    name: count === 1 ? place : `${place} (${index + 1} of ${count})`,
    id: `${place.replaceAll(/[^a-z0-9]+/g, '-')}-${index + 1}`,
    deployments: members
      .slice(index * GROUP_SIZE, (index + 1) * GROUP_SIZE)
      .map(({ path }) => path)
      .join(' '),
  }));
}

function airflowOf(parsed: readonly Parsed[]): Matrix['airflow'] {
  const checks = Map.groupBy(
    parsed.filter(({ deployment }) => deployment.artifacts?.dags !== undefined),
    ({ deployment: { airflowVersion, artifacts } }) =>
      [airflowVersion, artifacts?.dags, artifacts?.plugins, artifacts?.requirements].join('\n'),
  );
  return [...checks.values()].flatMap(([first]) =>
    first === undefined
      ? []
      : [
          {
            version: first.deployment.airflowVersion,
            python: VERSIONS[first.deployment.airflowVersion]?.python ?? '3',
            file: first.path,
            requirements: first.deployment.artifacts?.requirements ?? '',
          },
        ],
  );
}

/**
 * The files that a change of these paths concerns: a deployment's own file, what lies below its artifacts, and all of
 * them when the action or the DR DAGs change.
 */
export function concerned(files: readonly DeploymentFile[], changed: readonly string[]): readonly DeploymentFile[] {
  if (changed.some((path) => /^(action|dags\/mwaadr)\//.test(path))) return files;
  return files.filter((file) => {
    const own = pathsOf(file);
    return changed.some((path) => own.some((one) => one === '.' || path === one || path.startsWith(`${one}/`)));
  });
}

/** What a deployment is made of, as Git would write it: `./dags/` is `dags`, and `.` the whole repository. */
function pathsOf(file: DeploymentFile): readonly string[] {
  const { dags, plugins, requirements, startupScript } = isParsed(file) ? (file.deployment.artifacts ?? {}) : {};
  return [file.path, dags, plugins, requirements, startupScript].flatMap((path) =>
    path === undefined ? [] : [normalize(path).replace(/(?<=.)\/$/, '')],
  );
}
