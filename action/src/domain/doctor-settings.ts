import { z } from 'zod';
import type { Deployment, Site } from './deployment.ts';

const text = z.string().nullish().catch(undefined);

/** As much of GetEnvironment's answer as `doctor` looks at; what is not as expected is left out. */
const observed = z.object({
  KmsKey: text,
  ExecutionRoleArn: text,
  SourceBucketArn: text,
  DagS3Path: text,
  WebserverAccessMode: text,
  NetworkConfiguration: z
    .object({ SubnetIds: z.array(z.string()).default([]), SecurityGroupIds: z.array(z.string()).default([]) })
    .nullish()
    .catch(undefined),
  AirflowConfigurationOptions: z.record(z.string(), z.string()).nullish().catch(undefined),
  RequirementsS3Path: text,
  RequirementsS3ObjectVersion: text,
  PluginsS3Path: text,
  PluginsS3ObjectVersion: text,
  StartupScriptS3Path: text,
  StartupScriptS3ObjectVersion: text,
});

export interface Artifact {
  readonly name: 'requirements' | 'plugins' | 'startup script';
  readonly key: string;
  readonly version: string;
}

/** What an environment is told, or would be told when it is made. */
export interface SiteSettings {
  readonly kmsKey: string | undefined;
  readonly executionRole: string | undefined;
  readonly sourceBucket: string | undefined;
  readonly dagsPath: string | undefined;
  readonly accessMode: string | undefined;
  readonly network: { readonly subnets: readonly string[]; readonly groups: readonly string[] } | undefined;
  readonly options: Readonly<Record<string, string>>;
  readonly artifacts: readonly Artifact[];
}

/** Settings of an environment that is there. */
export function settingsOf(raw: unknown): SiteSettings {
  const found = observed.safeParse(raw).data;
  const network = found?.NetworkConfiguration ?? undefined;
  return {
    kmsKey: found?.KmsKey ?? undefined,
    executionRole: found?.ExecutionRoleArn ?? undefined,
    sourceBucket: found?.SourceBucketArn?.replace(/^arn:[^:]+:s3:::/, ''),
    dagsPath: found?.DagS3Path?.replace(/\/$/, ''),
    accessMode: found?.WebserverAccessMode ?? undefined,
    network: network && { subnets: network.SubnetIds, groups: network.SecurityGroupIds },
    options: found?.AirflowConfigurationOptions ?? {},
    artifacts: [
      ...artifact('requirements', found?.RequirementsS3Path, found?.RequirementsS3ObjectVersion),
      ...artifact('plugins', found?.PluginsS3Path, found?.PluginsS3ObjectVersion),
      ...artifact('startup script', found?.StartupScriptS3Path, found?.StartupScriptS3ObjectVersion),
    ],
  };
}

const given = (value: string | null | undefined): value is string =>
  value !== null && value !== undefined && value !== '';

const artifact = (
  name: Artifact['name'],
  key: string | null | undefined,
  version: string | null | undefined,
): readonly Artifact[] => (given(key) && given(version) ? [{ name, key, version }] : []);

/** Settings that the file gives an environment which is yet to be made. */
export function declaredSettings(deployment: Deployment, site: Site): SiteSettings {
  const told = { ...deployment.mwaa, ...site.mwaa };
  const network = told.networkConfiguration;
  return {
    kmsKey: told.kmsKey,
    executionRole: told.executionRoleArn,
    sourceBucket: site.dagsBucket,
    dagsPath: site.dagsPath,
    accessMode: told.webserverAccessMode,
    network: network && { subnets: network.subnetIds, groups: network.securityGroupIds },
    options: told.airflowConfigurationOptions ?? {},
    artifacts: [],
  };
}
