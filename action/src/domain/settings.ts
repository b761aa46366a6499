/**
 * The settings of an MWAA environment in one flat form, in which Git, the active site and the standby are compared:
 * field → value. A field is a member of the API, or a part of one: `EnvironmentClass`,
 * `AirflowConfigurationOptions.core.parallelism`, `LoggingConfiguration.TaskLogs.LogLevel`, `Tags.team`,
 * `NetworkConfiguration.SubnetIds`. A field that is not there is not set.
 */
export type FieldValue = string | number | boolean | readonly string[];
export type Settings = Readonly<Record<string, FieldValue>>;

export const sameValue = (one: FieldValue | undefined, other: FieldValue | undefined): boolean =>
  one === other || (isList(one) && isList(other) && one.length === other.length && one.every((v, i) => v === other[i]));

const isList = (value: FieldValue | undefined): value is readonly string[] => Array.isArray(value);
