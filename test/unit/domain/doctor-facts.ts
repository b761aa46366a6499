import type { Deployment, SiteIndex } from '../../../action/src/domain/deployment.ts';
import type { BucketReport, DoctorFacts, KeyReport, SiteFacts } from '../../../action/src/domain/doctor-facts.ts';
import type { BucketRule } from '../../../action/src/domain/doctor-ports.ts';
import { settingsOf } from '../../../action/src/domain/doctor-settings.ts';
import { firstRecord } from '../../../action/src/domain/first-record.ts';
import { drBucket, keyAliasArn } from '../../../action/src/domain/names.ts';
import type { Probe } from '../../../action/src/domain/reading.ts';
import { iso } from '../../../action/src/domain/stored-json.ts';
import { EXAMPLE_DEPLOYMENT } from '../../doubles/universe.ts';

export const NOW = Date.parse('2026-11-24T10:00:00Z');
export const answer = <T>(value: T): Probe<T> => ({ answer: value });

const DEPLOYMENT: Deployment = { ...EXAMPLE_DEPLOYMENT, strategy: 'warm-standby' };
const ALL = { blockPublicAcls: true, ignorePublicAcls: true, blockPublicPolicy: true, restrictPublicBuckets: true };

export const rule = (prefix: string, destination: string): BucketRule => ({
  enabled: true,
  prefix,
  onlyTagged: false,
  destination,
  copiesDeletions: false,
  copiesKmsEncrypted: true,
});

const bucket = (name: string, region: string, keyId: string, rules: readonly BucketRule[]): BucketReport => ({
  name,
  location: answer(region),
  setup: {
    versioning: answer('Enabled'),
    publicAccessBlock: answer(ALL),
    encryption: answer({ algorithm: 'aws:kms', keyId }),
    rules: answer(rules),
  },
});

const policy = (account: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' },
    ],
  });

export const key = (name: string, arn: string, account: string): KeyReport => ({
  name,
  key: answer({ arn, state: 'Enabled', multiRegion: false, spec: 'SYMMETRIC_DEFAULT' }),
  policy: answer(policy(account)),
});

/** A site where nothing is wrong. */
function soundSite(index: SiteIndex): SiteFacts {
  const site = DEPLOYMENT.sites[index];
  const peer = DEPLOYMENT.sites[index === 0 ? 1 : 0];
  const { region, account } = site;
  const keyArn = (id: string) => `arn:aws:kms:${region}:${account}:key/${id}`;
  const role = `arn:aws:iam::${account}:role/execution-${region}`;
  const raw = {
    KmsKey: keyArn('own'),
    ExecutionRoleArn: role,
    SourceBucketArn: `arn:aws:s3:::${site.dagsBucket}`,
    DagS3Path: site.dagsPath,
    WebserverAccessMode: 'PUBLIC_ONLY',
    NetworkConfiguration: { SubnetIds: ['subnet-a', 'subnet-b'], SecurityGroupIds: ['sg-a'] },
  };
  const isActive = index === 0;
  const hold = { installed: true, held: !isActive, unpausedUserDags: 0, liveUserRuns: 0 };
  return {
    site,
    isActive,
    environment: answer({
      name: site.environment,
      status: 'AVAILABLE',
      airflowVersion: DEPLOYMENT.airflowVersion,
      lastUpdate: undefined,
      environmentClass: 'mw1.small',
      dagS3Path: site.dagsPath,
      raw,
    }),
    settings: settingsOf(raw),
    room: undefined,
    dagsBucket: bucket(site.dagsBucket, region, keyArn('own'), [rule('', peer.dagsBucket)]),
    drBucket: bucket(drBucket(site), region, keyArn('dr'), [
      rule(`snapshots/${DEPLOYMENT.deployment}/`, drBucket(peer)),
      rule('evidence/', drBucket(peer)),
    ]),
    drKey: key(keyAliasArn(DEPLOYMENT, site), keyArn('dr'), account),
    environmentKey: key(keyArn('own'), keyArn('own'), account),
    subnets: answer([
      { id: 'subnet-a', vpc: 'vpc-1', zone: 'a' },
      { id: 'subnet-b', vpc: 'vpc-1', zone: 'b' },
    ]),
    groups: answer([{ id: 'sg-a', vpc: 'vpc-1' }]),
    artifacts: [],
    execution: { principal: role, whose: 'the execution role', decisions: answer([]) },
    control: answer(firstRecord(DEPLOYMENT, region, [], NOW)),
    files: answer([
      { path: 'deployment.json', state: 'same' },
      { path: 'mwaadr_dags.py', state: 'same' },
    ]),
    beat: answer({
      schemaVersion: 1 as const,
      deployment: DEPLOYMENT.deployment,
      site: region,
      at: iso(NOW),
      role: isActive ? ('active' as const) : ('standby' as const),
      epoch: 0,
      hold,
      fence: null,
      ageMilliseconds: 1_000,
    }),
    importErrors: answer([]),
    reportsHeartbeat: answer(true),
  };
}

/** A deployment where nothing is wrong, with site 1 as its standby. */
export const soundFacts = (): DoctorFacts => ({
  deployment: DEPLOYMENT,
  now: NOW,
  roles: { active: 0, standby: 1 },
  sites: [soundSite(0), soundSite(1)],
  record: firstRecord(DEPLOYMENT, DEPLOYMENT.sites[0].region, [], NOW),
  snapshot: answer('20261124T095500Z-e0-0123abcd'),
  workflows: [],
});

/** The same with another standby. */
export function withStandby(change: (site: SiteFacts) => Partial<SiteFacts>, facts = soundFacts()): DoctorFacts {
  const [active, standby] = facts.sites;
  return { ...facts, sites: [active, { ...standby, ...change(standby) }] };
}
