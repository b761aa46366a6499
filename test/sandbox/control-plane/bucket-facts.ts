import type { EnvironmentInput } from './environment.ts';
import { validation } from './errors.ts';

/** What the service looks up in the customer's bucket before it takes a request. */
export interface BucketFacts {
  bucket(name: string): Promise<BucketFact | undefined>;
  /** Id of that version of the object, or of its current one; undefined when there is none. */
  version(bucket: string, key: string, versionId?: string): Promise<string | undefined>;
}

export interface BucketFact {
  region: string;
  isVersioned: boolean;
  isPublicAccessBlocked: boolean;
}

/** Members that name an object of the bucket, path and version. */
export const OBJECTS = [
  { path: 'PluginsS3Path', version: 'PluginsS3ObjectVersion' },
  { path: 'RequirementsS3Path', version: 'RequirementsS3ObjectVersion' },
  { path: 'StartupScriptS3Path', version: 'StartupScriptS3ObjectVersion' },
] as const;

/** Throws ValidationException when bucket or objects are not as the service needs them. */
export async function requireSources(
  facts: BucketFacts,
  settings: Partial<EnvironmentInput>,
  region: string,
): Promise<void> {
  const name = bucketOf(settings);
  const bucket = await facts.bucket(name);
  if (!bucket) throw validation(`The bucket '${name}' does not exist.`);
  if (bucket.region !== region) throw validation(`The bucket '${name}' is in ${bucket.region}, not in ${region}.`);
  if (!bucket.isVersioned) throw validation(`The bucket '${name}' must have versioning enabled.`);
  if (!bucket.isPublicAccessBlocked) throw validation(`The bucket '${name}' must block all public access.`);
  for (const { path, version } of OBJECTS) {
    const [key, id] = [settings[path], settings[version]];
    if (key && (await facts.version(name, key, id || undefined)) === undefined)
      throw validation(`The object '${key}'${id ? ` with version '${id}'` : ''} does not exist in '${name}'.`);
  }
}

/** For each object that is named without a version, its current one. */
export async function currentVersions(
  facts: BucketFacts,
  settings: Partial<EnvironmentInput>,
): Promise<Partial<EnvironmentInput>> {
  const found: Partial<EnvironmentInput> = {};
  for (const { path, version } of OBJECTS) {
    const key = settings[path];
    if (!key || settings[version]) continue;
    const current = await facts.version(bucketOf(settings), key);
    if (current !== undefined) found[version] = current;
  }
  return found;
}

export const bucketOf = ({ SourceBucketArn = '' }: Partial<EnvironmentInput>): string =>
  SourceBucketArn.split(':::')[1] ?? '';
