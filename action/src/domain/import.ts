import { isRestorable, reasonAgainstVersion } from './airflow-versions.ts';
import type { Deployment } from './deployment.ts';
import { readDeployment } from './deployment-file.ts';
import { MdrError } from './errors.ts';
import { importedSettings } from './import-settings.ts';
import type { Found } from './import-settings.ts';
import { jsonText } from './json-text.ts';
import { textAt } from './raw.ts';

/** One environment that the file is to name, in the order of the sites. */
export interface ImportedSite {
  readonly region: string;
  readonly environment: string;
  /** GetEnvironment's `Environment`; `undefined` = there is none yet. */
  readonly raw: unknown;
}

export interface Import {
  /** The deployment file, formatted. */
  readonly text: string;
  /** What the reader has to know or to decide; no values that must not be seen. */
  readonly notes: readonly string[];
}

/**
 * A deployment file of environments that exist. Two: a warm standby. One: backup and restore, with the other site as it
 * was named and its bucket as a proposal. It only observes: nothing changes before somebody sets `manage`. Throws
 * {@link MdrError} `MDR-IMPORT` when no file can be written.
 */
export function importDeployment(deployment: string, sites: readonly [ImportedSite, ImportedSite]): Import {
  const model = sites.find(({ raw }) => raw !== undefined);
  if (model === undefined) throw nothingThere(sites);
  const version = requireVersion(model);
  const isWarm = sites.every(({ raw }) => raw !== undefined);
  const settings = importedSettings(sites);
  const file = {
    $schema: './schema.json',
    deployment,
    strategy: isWarm ? 'warm-standby' : 'backup-restore',
    manage: 'observe',
    airflowVersion: version,
    ...partitionOf(model),
    sites: sites.map((site, index) => siteOf(site, model, settings.sites[index])),
    mwaa: nonEmpty(settings.shared),
    ignore: settings.ignore.length === 0 ? undefined : settings.ignore,
  };
  const text = jsonText(file);
  return { text, notes: [...settings.notes, ...notesOf(sites, model), ...toBeCorrected(text)] };
}

const nonEmpty = (block: Found): Found | undefined => (Object.keys(block).length === 0 ? undefined : block);

const arnPart = (site: ImportedSite, position: number): string => textAt(site.raw, 'Arn').split(':')[position] ?? '';

/** Only where it is not the default. */
const partitionOf = (site: ImportedSite): { partition?: Deployment['partition'] } => {
  const partition = arnPart(site, 1);
  return partition === 'aws-cn' || partition === 'aws-us-gov' ? { partition } : {};
};

/** The site of an environment that is not there yet gets what its sister has, with the Region's name exchanged. */
function siteOf(site: ImportedSite, model: ImportedSite, mwaa: Found | undefined): object {
  const own = site.raw === undefined ? model : site;
  const bucket = textAt(own.raw, 'SourceBucketArn').split(':').at(-1) ?? '';
  return {
    region: site.region,
    account: arnPart(own, 4),
    environment: site.environment,
    dagsBucket: site.raw === undefined ? proposedBucket(bucket, site, model) : bucket,
    dagsPath: textAt(own.raw, 'DagS3Path').replaceAll(/^\/+|\/+$/g, ''),
    mwaa: nonEmpty(mwaa ?? {}),
  };
}

const proposedBucket = (bucket: string, { region }: ImportedSite, model: ImportedSite): string =>
  bucket.includes(model.region) ? bucket.replaceAll(model.region, region) : `${bucket}-${region}`.slice(0, 63);

function notesOf(sites: readonly [ImportedSite, ImportedSite], model: ImportedSite): readonly string[] {
  const missing = sites.find(({ raw }) => raw === undefined);
  const versions = sites.map(({ raw }) => textAt(raw, 'AirflowVersion'));
  return [
    ...(missing === undefined
      ? versions[0] === versions[1]
        ? []
        : [
            `${sites[0].environment} runs Airflow ${versions[0] ?? ''}, ${sites[1].environment} ${versions[1] ?? ''}: no snapshot of the one can be restored at the other; the file names the first.`,
          ]
      : [
          `There is no environment ${missing.environment} in ${missing.region}: the strategy is backup-restore, and the account and DAGs bucket of that site are proposals. Correct them to what exists.`,
        ]),
    ...(textAt(model.raw, 'Arn') === '' ? ['The answer of the service names no ARN: fill in the accounts.'] : []),
  ];
}

/** A file may be right about what exists and yet describe what cannot be protected. */
function toBeCorrected(text: string): readonly string[] {
  const read = readDeployment(text);
  if ('deployment' in read) return [];
  return read.problems.map(
    ({ place, message, fix }) =>
      `Line ${place.line} has to be corrected before the file is accepted: ${message}.${fix === undefined ? '' : ` ${fix}`}`,
  );
}

function requireVersion({ environment, raw }: ImportedSite): string {
  const version = textAt(raw, 'AirflowVersion');
  if (isRestorable(version)) return version;
  throw new MdrError({
    code: 'MDR-IMPORT',
    message: `${environment} runs Airflow ${version}: ${reasonAgainstVersion(version) ?? ''}`,
    fix: 'Upgrade the environments to a version that this release restores, then import them.',
    state: 'nothing was touched',
  });
}

const nothingThere = (sites: readonly ImportedSite[]): MdrError =>
  new MdrError({
    code: 'MDR-IMPORT',
    message: `there is no environment ${sites.map(({ region, environment }) => `${environment} in ${region}`).join(', and none ')}`,
    fix: 'Name at least one that exists: `aws mwaa list-environments --region <Region>` lists them. See also that the credentials are of the right account.',
    state: 'nothing was touched',
  });
