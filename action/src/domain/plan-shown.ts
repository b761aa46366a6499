import type { Pins } from './artifact-plan.ts';
import { PINNED } from './artifact-plan.ts';
import { looksSecret } from './deployment-secrets.ts';
import type { Deployment } from './deployment.ts';
import { PINNED_MEMBERS, isToBeUploaded } from './desired.ts';
import { keyOf, memberOf } from './members.ts';
import type { Shown } from './plan-model.ts';
import { sameValue } from './settings.ts';
import type { FieldValue } from './settings.ts';
import { matchesAny } from './wildcard.ts';

/** Options of Airflow whose values are no secrets anywhere; the file may name more. */
const HARMLESS_OPTIONS = [
  'celery.sync_parallelism',
  'celery.worker_autoscale',
  'celery.worker_concurrency',
  'core.dag_file_processor_timeout',
  'core.dagbag_import_timeout',
  'core.dags_are_paused_at_creation',
  'core.default_pool_task_slot_count',
  'core.default_task_*',
  'core.default_timezone',
  'core.load_examples',
  'core.max_active_*',
  'core.min_serialized_dag_*_interval',
  'core.parallelism',
  'dag_processor.*_interval',
  'dag_processor.parsing_processes',
  'logging.*_level',
  'metrics.metrics_allow_list',
  'metrics.metrics_block_list',
  'scheduler.*_interval',
  'scheduler.*_limit',
  'scheduler.*_timeout',
  'scheduler.catchup_by_default',
  'scheduler.max_*',
  'scheduler.parsing_processes',
  'secrets.backend',
  'triggerer.*capacity',
  'webserver.dag_default_view',
  'webserver.default_ui_timezone',
] as const;

/** Whether the values of a field's row may stand in comments and summaries. */
export type ShowsTest = (field: string, values: readonly (FieldValue | undefined)[]) => boolean;

/** What looks like a credential never may, be it an option that the file lists or a tag that somebody made by hand. */
export function showsTest({ plan }: Pick<Deployment, 'plan'>): ShowsTest {
  return (field, values) => {
    const member = memberOf(field);
    if (member?.shape !== 'map') return true;
    const key = keyOf(member, field);
    if (values.some((value) => value !== undefined && looksSecret(key, String(value)))) return false;
    return member.api !== 'AirflowConfigurationOptions' || isShownOption(key, plan.showOptions);
  };
}

const isShownOption = (option: string, more: readonly string[]): boolean =>
  matchesAny([...HARMLESS_OPTIONS, ...more], option);

/**
 * Whether the value of an option may stand anywhere. `more`: what a deployment file names besides. Where Airflow looks
 * for its secrets in Secrets Manager is none itself.
 */
export const isHarmlessOption = (option: string, value: string, more: readonly string[] = []): boolean =>
  !looksSecret(option, value) &&
  (isShownOption(option, more) || (option === 'secrets.backend_kwargs' && ONLY_PLACES.test(value)));

const ONLY_PLACES =
  /^\{(?:\s*"(?:(?:connections|variables|config)_(?:prefix|lookup_pattern)|region_name)"\s*:\s*"[^"\\]{0,100}"\s*(?:,(?!\s*\})|(?=\})))*\}$/;

/** Values of one row as they may be shown: hidden ones by letters, the same letter for the same value. */
export function shownRow(values: readonly (FieldValue | undefined)[], isShown: boolean): readonly Shown[] {
  const seen: FieldValue[] = [];
  return values.map((value) => {
    if (value === undefined) return null;
    if (isShown) return { text: Array.isArray(value) ? value.join(', ') : String(value) };
    const known = seen.findIndex((other) => sameValue(other, value));
    return { hidden: letter(known < 0 ? seen.push(value) - 1 : known) };
  });
}

const letter = (index: number): string => String.fromCodePoint(65 + index);

/**
 * The value that stands for a pinned object version: its content, which is the same before and after the upload and
 * in both Regions. Other values stay.
 */
export function contentOf(field: string, value: FieldValue | undefined, pins: Pins): FieldValue | undefined {
  const name = PINNED.find((pinned) => field === `${PINNED_MEMBERS[pinned]}S3ObjectVersion`);
  const pin = name === undefined ? undefined : pins[name];
  if (pin === undefined || value === undefined) return value;
  return isToBeUploaded(value) || value === pin.version ? `sha256 ${pin.sha256.slice(0, 12)}` : value;
}
