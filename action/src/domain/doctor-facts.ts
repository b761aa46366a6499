import type { ControlRecord } from './control-record.ts';
import type { Deployment, Site } from './deployment.ts';
import type {
  BucketEncryption,
  BucketRule,
  Decision,
  KeyDescription,
  PublicAccessBlock,
  SecurityGroup,
  Subnet,
} from './doctor-ports.ts';
import type { Artifact, SiteSettings } from './doctor-settings.ts';
import type { StoredBeat } from './heartbeat.ts';
import type { EnvironmentDescription } from './ports.ts';
import type { Probe } from './reading.ts';
import type { Roles } from './roles.ts';

/** A bucket as it is set up; only `location` when there is none. */
export interface BucketReport {
  readonly name: string;
  readonly location: Probe<string | undefined>;
  readonly setup:
    | {
        readonly versioning: Probe<string>;
        readonly publicAccessBlock: Probe<PublicAccessBlock | undefined>;
        readonly encryption: Probe<BucketEncryption | undefined>;
        readonly rules: Probe<readonly BucketRule[]>;
      }
    | undefined;
}

export interface KeyReport {
  /** As it was asked for: an alias ARN, or what the environment names. */
  readonly name: string;
  readonly key: Probe<KeyDescription | undefined>;
  /** `undefined` when there is no key to have one. */
  readonly policy: Probe<string> | undefined;
}

/** What IAM would decide for one principal; `undefined` = there is no such principal. */
export interface RightsReport {
  readonly principal: string;
  /** For whom it is asked, in words. */
  readonly whose: string;
  readonly decisions: Probe<readonly Decision[] | undefined>;
}

/** What `install` would write, beside what is there. */
export interface InstalledFile {
  readonly path: string;
  readonly state: 'same' | 'missing' | 'different';
}

/** What is known of one site. */
export interface SiteFacts {
  readonly site: Site;
  readonly isActive: boolean;
  readonly environment: Probe<EnvironmentDescription | undefined>;
  readonly settings: SiteSettings;
  /** Only asked where the environment is missing. */
  readonly room: Probe<{ readonly used: number; readonly quota: number | undefined }> | undefined;
  readonly dagsBucket: BucketReport;
  readonly drBucket: BucketReport;
  readonly drKey: KeyReport;
  /** The customer's key that the environment names; `undefined` = AWS's own. */
  readonly environmentKey: KeyReport | undefined;
  readonly subnets: Probe<readonly Subnet[]> | undefined;
  readonly groups: Probe<readonly SecurityGroup[]> | undefined;
  readonly artifacts: readonly { readonly artifact: Artifact; readonly isThere: Probe<boolean> }[];
  readonly execution: RightsReport | undefined;
  readonly control: Probe<ControlRecord | undefined>;
  readonly files: Probe<readonly InstalledFile[]>;
  readonly beat: Probe<StoredBeat | undefined>;
  /** Only asked where the environment is there, as is the next. */
  readonly importErrors: Probe<readonly string[]> | undefined;
  readonly reportsHeartbeat: Probe<boolean> | undefined;
}

/** Everything that the checks look at. */
export interface DoctorFacts {
  readonly deployment: Deployment;
  readonly now: number;
  readonly roles: Roles;
  /** By site index. */
  readonly sites: readonly [SiteFacts, SiteFacts];
  /** The record that rules; `undefined` when none could be read. */
  readonly record: ControlRecord | undefined;
  /** Id of the newest complete snapshot of the current lineage at the standby; only asked once installed. */
  readonly snapshot: Probe<string | undefined> | undefined;
  readonly workflows: readonly RightsReport[];
}

/** Whether the site has an environment now, by this deployment's strategy: that of a backup-restore's standby comes later. */
export const wantsEnvironment = ({ strategy }: Deployment, { isActive }: SiteFacts): boolean =>
  strategy === 'warm-standby' || isActive;
