import { OBJECTS } from './bucket-facts.ts';
import type { EnvironmentInput, EnvironmentStatus, ModuleLogging } from './environment.ts';
import { validation } from './errors.ts';
import { requireWithinLimits } from './limits.ts';
import { reasonAgainst } from './versions.ts';

export interface UpdateEnvironmentInput extends Partial<Omit<EnvironmentInput, 'Teams'>> {
  Name: string;
  WorkerReplacementStrategy?: 'FORCED' | 'GRACEFUL';
  Teams?: { AddOrUpdate?: EnvironmentInput['Teams']; Remove?: string[] };
}

const UPDATABLE: readonly EnvironmentStatus[] = ['AVAILABLE', 'UPDATE_FAILED'];

export function requireUpdatable(name: string, status: EnvironmentStatus): void {
  if (!UPDATABLE.includes(status))
    throw validation(`Environment '${name}' is in status ${status} and can't be updated.`);
}

/**
 * Settings as they will be once the update has succeeded: a member that was left out stays, a map of options is
 * replaced, logging is merged by its modules. Throws ValidationException.
 */
export function settingsAfter(settings: EnvironmentInput, input: UpdateEnvironmentInput): EnvironmentInput {
  const { WorkerReplacementStrategy: _, NetworkConfiguration, LoggingConfiguration, Teams, ...plain } = input;
  const next: EnvironmentInput = {
    ...settings,
    ...plain,
    NetworkConfiguration: { ...settings.NetworkConfiguration, ...NetworkConfiguration },
    LoggingConfiguration: mergedLogging(settings.LoggingConfiguration, LoggingConfiguration),
  };
  const teams = { ...settings.Teams, ...Teams?.AddOrUpdate };
  for (const name of Teams?.Remove ?? []) Reflect.deleteProperty(teams, name);
  if (Object.keys(teams).length > 0) next.Teams = teams;
  replaceObjects(settings, input, next);
  const against = reasonAgainst(settings.AirflowVersion ?? '', next.AirflowVersion ?? '');
  if (against !== undefined) throw validation(against);
  requireWithinLimits(next);
  return next;
}

/** Whether nothing but files changes that are installed at the start of a worker. */
export function touchesFilesOnly(input: UpdateEnvironmentInput): boolean {
  const files: string[] = OBJECTS.flatMap(({ path, version }) => [path, version]);
  const ignored = ['Name', 'WorkerReplacementStrategy'];
  return Object.keys(input).every((member) => files.includes(member) || ignored.includes(member));
}

/** A new path without a version means the current version there; the path of plugins or requirements can't be emptied. */
function replaceObjects(settings: EnvironmentInput, input: UpdateEnvironmentInput, next: EnvironmentInput): void {
  for (const { path, version } of OBJECTS) {
    if (input[path] === undefined) continue;
    if (input[path] === '' && settings[path] && path !== 'StartupScriptS3Path')
      throw validation(`${path} can't be removed once it is set: let it name an empty file.`);
    if (input[version] === undefined) Reflect.deleteProperty(next, version);
    if (input[path] === '') Reflect.deleteProperty(next, path);
  }
}

function mergedLogging(
  before: Record<string, ModuleLogging> = {},
  changes: Record<string, ModuleLogging> = {},
): Record<string, ModuleLogging> {
  const merged = Object.entries(changes).map(([module, change]) => [module, { ...before[module], ...change }] as const);
  return { ...before, ...Object.fromEntries(merged) };
}
