import { readFileSync } from 'node:fs';
import type { ControlRecord } from '../../../action/src/domain/control-record.ts';
import { parseDeployment } from '../../../action/src/domain/deployment-file.ts';
import { siteOfEpoch } from '../../../action/src/domain/deployment.ts';
import type { Deployment, SiteIndex } from '../../../action/src/domain/deployment.ts';
import { declaredOf } from '../../../action/src/domain/desired.ts';
import type { FoundEnvironment, SiteObservation } from '../../../action/src/domain/observed.ts';
import { planOf } from '../../../action/src/domain/planner.ts';
import type { PlanInput, PlannedWork } from '../../../action/src/domain/planner.ts';
import type { FieldRow } from '../../../action/src/domain/plan-model.ts';
import type { FieldValue, Settings } from '../../../action/src/domain/settings.ts';

const EXAMPLE = readFileSync(new URL('../../../environments/example.json', import.meta.url), 'utf8');
export const NOW = Date.parse('2026-11-24T10:00:00Z');
export const [EAST, WEST] = ['us-east-1', 'us-west-2'] as const;

type Edit = (file: File) => void;
/** The deployment file as it is written, loosely. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type File = Record<string, any>;

/** A small warm standby, `manage: full`, that says nothing but what it must. */
export function deploymentWith(edit: Edit = () => undefined): Deployment {
  const file = JSON.parse(EXAMPLE) as File;
  for (const key of ['ignore', 'siteLocal', 'freeze', 'paused', 'artifacts', 'active', 'selfHeal', 'plan'])
    Reflect.deleteProperty(file, key);
  file['manage'] = 'full';
  file['mwaa'] = { environmentClass: 'mw1.small', minWorkers: 1, maxWorkers: 5 };
  for (const [index, site] of (file['sites'] as File[]).entries())
    site['mwaa'] = {
      executionRoleArn: `arn:aws:iam::111122223333:role/airflow-${index}`,
      networkConfiguration: { subnetIds: [`subnet-${index}b`, `subnet-${index}a`], securityGroupIds: [`sg-${index}`] },
    };
  edit(file);
  return parseDeployment(JSON.stringify(file), 'environments/example.json');
}

const DEFAULTS: Settings = {
  Schedulers: 2,
  MinWebservers: 2,
  MaxWebservers: 2,
  WebserverAccessMode: 'PRIVATE_ONLY',
  EndpointManagement: 'SERVICE',
  WeeklyMaintenanceWindowStart: 'SUN:03:30',
  'LoggingConfiguration.TaskLogs.Enabled': true,
  'LoggingConfiguration.TaskLogs.LogLevel': 'INFO',
};

export type Differences = Readonly<Record<string, FieldValue | undefined>>;

/** An environment that is as the file wants it, but for the differences; `undefined` = not set. */
export function environment(deployment: Deployment, index: SiteIndex, differences: Differences = {}): FoundEnvironment {
  const settings = { ...DEFAULTS, ...declaredOf(deployment, index, {}).settings, ...differences };
  const { region, environment: name } = deployment.sites[index];
  return {
    status: 'AVAILABLE',
    arn: `arn:aws:airflow:${region}:111122223333:environment/${name}`,
    settings: Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Settings,
    lastUpdate: { status: 'SUCCESS', createdAt: NOW - 86_400_000, error: undefined },
  };
}

export function recordOf(deployment: Deployment, epoch: number): ControlRecord {
  const site = deployment.sites[siteOfEpoch(epoch)].region;
  return {
    schemaVersion: 1,
    deployment: deployment.deployment,
    site,
    epoch,
    phase: 'activated',
    activated: { site, epoch, at: '2026-11-01T00:00:00.000Z', snapshot: null },
    move: null,
    lease: null,
    debts: [],
    updatedAt: '2026-11-01T00:00:00.000Z',
    nonce: 'n',
  };
}

export interface Case {
  readonly deployment?: Deployment;
  readonly epoch?: number | undefined;
  readonly east?: SiteObservation | Differences;
  readonly west?: SiteObservation | Differences;
  readonly at?: number;
  readonly artifacts?: PlanInput['artifacts'];
  readonly record?: ControlRecord | undefined;
}

const isObservation = (site: SiteObservation | Differences): site is SiteObservation => 'status' in site;

/** The plan of a deployment that is installed and in sync, but for what the case says. */
export function planned(of: Case): PlannedWork {
  const deployment = of.deployment ?? deploymentWith();
  const site = (index: SiteIndex, given: SiteObservation | Differences = {}): SiteObservation =>
    isObservation(given) ? given : environment(deployment, index, given);
  const epoch = 'epoch' in of ? of.epoch : 0;
  const record = epoch === undefined ? undefined : recordOf(deployment, epoch);
  return planOf({
    deployment,
    file: 'environments/example.json',
    at: of.at ?? NOW,
    tool: '0.1.0',
    record: 'record' in of ? of.record : record,
    observed: [site(0, of.east), site(1, of.west)],
    artifacts: of.artifacts,
  });
}

export function rowOf({ plan }: PlannedWork, field: string): FieldRow {
  const row = plan.fields.find((other) => other.field === field);
  if (row === undefined) throw new Error(`the plan has no row ${field}`);
  return row;
}
