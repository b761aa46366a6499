import { OTHER_OWNER } from './aws-errors.ts';
import { wantsEnvironment } from './doctor-facts.ts';
import type { BucketReport, DoctorFacts, KeyReport, SiteFacts } from './doctor-facts.ts';
import type { BucketEncryption, BucketRule, PublicAccessBlock } from './doctor-ports.ts';
import { answerOf, doubtful, failing, look, outcome } from './doctor-outcome.ts';
import type { Outcome, Remark } from './doctor-outcome.ts';
import { drBucket, EVIDENCE_PREFIX, KEY_ALIAS, SNAPSHOTS_PREFIX } from './names.ts';

const DEPLOY = 'Deploy the infrastructure (`npx cdk deploy --all`).';

/** The two buckets of a site, and what brings their content to the peer. */
export function storageChecks(facts: DoctorFacts, site: SiteFacts): readonly Outcome[] {
  return [...drBucketChecks(facts, site), ...dagsBucketChecks(facts, site), ...artifactChecks(site)];
}

function drBucketChecks({ deployment }: DoctorFacts, site: SiteFacts): readonly Outcome[] {
  const { drBucket: bucket } = site;
  const where = `${site.site.region}, ${bucket.name}`;
  const exists = located(site, bucket, where, DEPLOY);
  if (bucket.setup === undefined) return [exists];
  const { versioning, publicAccessBlock, encryption, rules } = bucket.setup;
  const peer = peerOf(deployment, site);
  const copied = (prefix: string, level: typeof failing) =>
    look('replication', `${where}, ${prefix}`, 's3:GetReplicationConfiguration', rules, (all) =>
      uncovered(all, `${prefix}${deployment.deployment}/`, peer.drBucket, level, DEPLOY),
    );
  return [
    exists,
    look('bucket-versioning', where, 's3:GetBucketVersioning', versioning, (is) => unversioned(bucket.name, is)),
    look('bucket-public-access', where, 's3:GetBucketPublicAccessBlock', publicAccessBlock, (is) =>
      open(bucket.name, is, doubtful),
    ),
    look('bucket-encryption', where, 's3:GetEncryptionConfiguration', encryption, (is) => drKeyUsed(site.drKey, is)),
    copied(SNAPSHOTS_PREFIX, failing),
    copied(EVIDENCE_PREFIX, doubtful),
  ];
}

function dagsBucketChecks({ deployment }: DoctorFacts, site: SiteFacts): readonly Outcome[] {
  const { dagsBucket: bucket, settings } = site;
  const where = `${site.site.region}, ${bucket.name}`;
  const exists = located(site, bucket, where, 'Create it, or correct `dagsBucket` in the deployment file.');
  if (bucket.setup === undefined) return [exists];
  const { versioning, publicAccessBlock, encryption, rules } = bucket.setup;
  // MWAA refuses such a bucket when an environment is made, and bears it afterwards.
  const level = wantsEnvironment(deployment, site) && answerOf(site.environment) !== undefined ? doubtful : failing;
  const { dagsBucket: peer } = peerOf(deployment, site);
  const cure = 'Replicate it to the bucket of the other site: a failover runs the DAG files that are there.';
  return [
    exists,
    look('bucket-versioning', where, 's3:GetBucketVersioning', versioning, (is) => unversioned(bucket.name, is)),
    look('bucket-public-access', where, 's3:GetBucketPublicAccessBlock', publicAccessBlock, (is) =>
      open(bucket.name, is, level),
    ),
    look('bucket-encryption', where, 's3:GetEncryptionConfiguration', encryption, (is) =>
      mwaaKeyUsed(site.environmentKey, settings.kmsKey, is),
    ),
    look('replication', where, 's3:GetReplicationConfiguration', rules, (all) =>
      uncovered(all, `${site.site.dagsPath}/`, peer, doubtful, cure),
    ),
  ];
}

function peerOf({ sites }: DoctorFacts['deployment'], { site }: SiteFacts) {
  const peer = sites[0].region === site.region ? sites[1] : sites[0];
  return { dagsBucket: peer.dagsBucket, drBucket: drBucket(peer) };
}

function located({ site }: SiteFacts, { location }: BucketReport, where: string, cure: string): Outcome {
  const seen = look('bucket-exists', where, 's3:GetBucketLocation', location, (region) => {
    if (region === undefined) return failing('there is no such bucket', cure);
    if (region === site.region) return undefined;
    return failing(`it is in ${region}, not in ${site.region}: it would be lost with that Region`, cure);
  });
  // Said once for each bucket, by the first question about it.
  const isDenied = 'fault' in location && location.fault === 'denied';
  return isDenied ? { ...seen, cure: `${seen.cure} ${OTHER_OWNER}` } : seen;
}

function unversioned(bucket: string, is: string): Remark | undefined {
  if (is === 'Enabled') return undefined;
  const command = `aws s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled`;
  return failing(`its versioning is ${is}: MWAA and replication both need it`, `\`${command}\``);
}

const SWITCHES = ['blockPublicAcls', 'ignorePublicAcls', 'blockPublicPolicy', 'restrictPublicBuckets'] as const;

function open(bucket: string, block: PublicAccessBlock | undefined, level: typeof failing): Remark | undefined {
  const off = SWITCHES.filter((name) => block?.[name] !== true);
  if (off.length === 0) return undefined;
  const all = 'BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true';
  const command = `aws s3api put-public-access-block --bucket ${bucket} --public-access-block-configuration ${all}`;
  const what =
    block === undefined ? 'it has no public access block' : `its public access block lacks ${off.join(', ')}`;
  return level(`${what}: its content could be made public, and MWAA makes no environment on it`, `\`${command}\``);
}

/** What stands behind the last colon or slash: ids and aliases are given in several forms. */
const keyId = (name: string): string => name.slice(name.lastIndexOf(':') + 1).replace(/^key\//, '');
/** The encryption where it is KMS's. */
const kmsOf = (is: BucketEncryption | undefined): BucketEncryption | undefined =>
  is?.algorithm.startsWith('aws:kms') === true ? is : undefined;

function drKeyUsed({ key }: KeyReport, is: BucketEncryption | undefined): Remark | undefined {
  const arn = answerOf(key)?.arn;
  const ours = [KEY_ALIAS, ...(arn === undefined ? [] : [keyId(arn)])];
  const kms = kmsOf(is);
  if (kms?.keyId !== undefined && ours.includes(keyId(kms.keyId))) return undefined;
  const used = kms === undefined ? (is?.algorithm ?? 'nothing') : (kms.keyId ?? "S3's own KMS key");
  return doubtful(`its objects are encrypted with ${used}, not with ${KEY_ALIAS}`, DEPLOY);
}

/** "It must be the key of the bucket": Amazon MWAA User Guide, Encryption. */
function mwaaKeyUsed(
  environmentKey: KeyReport | undefined,
  kmsKey: string | undefined,
  is: BucketEncryption | undefined,
): Remark | undefined {
  const used = kmsOf(is)?.keyId;
  if (used === undefined || kmsKey === undefined) return undefined;
  const known = [keyId(kmsKey), keyId(answerOf(environmentKey?.key ?? { answer: undefined })?.arn ?? kmsKey)];
  if (known.includes(keyId(used)) || used.includes('alias/')) return undefined;
  const what = `it is encrypted with ${used}, the environment with ${kmsKey}: MWAA wants one key for both`;
  return doubtful(what, "Encrypt the bucket with the environment's key.");
}

/** A rule that copies less than all below the prefix, or nothing that is encrypted, is none. */
function uncovered(
  rules: readonly BucketRule[],
  prefix: string,
  to: string,
  level: typeof failing,
  cure: string,
): Remark | undefined {
  const meant = rules.filter((rule) => prefix.startsWith(rule.prefix) && !rule.onlyTagged);
  const right = meant.filter(({ destination }) => destination === to);
  if (right.length === 0) {
    const other = meant[0];
    const but = other === undefined ? '' : `, but goes to ${other.destination}`;
    return level(`no replication rule covers ${prefix} with the destination ${to}${but}`, cure);
  }
  if (!right.some(({ enabled }) => enabled)) return level(`the replication rule for ${prefix} is disabled`, cure);
  if (right.some(({ enabled, copiesDeletions }) => enabled && copiesDeletions)) {
    return doubtful(`replication of ${prefix} copies deletions: what is deleted at one site is gone at both`, cure);
  }
  return undefined;
}

/** An environment that names an object version which is not there can neither be made nor updated. */
function artifactChecks({ site, artifacts, settings }: SiteFacts): readonly Outcome[] {
  return artifacts.map(({ artifact: { name, key, version }, isThere }) => {
    const where = `${site.region}, ${settings.sourceBucket ?? site.dagsBucket}/${key}`;
    return look('object-versions', where, 's3:GetObjectVersion', isThere, (there) =>
      there
        ? undefined
        : failing(
            `the environment names version ${version} of its ${name}, which is not in the bucket`,
            'Upload the object again and update the environment to the new version.',
          ),
    );
  });
}

/** Outcomes of a bucket's rules for KMS: its objects are encrypted, so a rule has to say that these are copied as well. */
export function encryptedReplication({ sites }: DoctorFacts): readonly Outcome[] {
  return sites.flatMap(({ site, drBucket: bucket }) => {
    const [encryption, rules] = [bucket.setup?.encryption, bucket.setup?.rules];
    if (encryption === undefined || rules === undefined || !('answer' in encryption) || !('answer' in rules)) return [];
    const missing =
      kmsOf(encryption.answer) !== undefined && rules.answer.some((rule) => rule.enabled && !rule.copiesKmsEncrypted);
    const remark = missing
      ? failing('a replication rule leaves out objects that are encrypted with KMS, as all of this bucket are', DEPLOY)
      : undefined;
    return [outcome('replication', `${site.region}, ${bucket.name}, encrypted objects`, remark)];
  });
}
