import { wantsEnvironment } from './doctor-facts.ts';
import type { DoctorFacts, SiteFacts } from './doctor-facts.ts';
import { doubtful, failing, look, outcome } from './doctor-outcome.ts';
import type { Outcome, Remark } from './doctor-outcome.ts';
import type { Probe } from './reading.ts';

const REST = 'airflow:InvokeRestApi';

/** What Airflow says, and which of its options stand in the way. */
export function airflowChecks(facts: DoctorFacts, site: SiteFacts): readonly Outcome[] {
  const where = `${site.site.region}, ${site.site.environment}`;
  if (site.importErrors === undefined && !wantsEnvironment(facts.deployment, site)) return [];
  return [
    ...optionChecks(facts, site, where),
    ...(site.importErrors === undefined ? [] : restChecks(site, site.importErrors, where)),
    ...(site.reportsHeartbeat === undefined ? [] : [metric(where, site.reportsHeartbeat)]),
  ];
}

/** With a private web server an answer shows that this machine is inside; no answer then is no riddle. */
function restChecks({ settings }: SiteFacts, importErrors: Probe<readonly string[]>, where: string) {
  const isPrivate =
    settings.accessMode === 'PRIVATE_ONLY' && 'fault' in importErrors && importErrors.fault !== 'denied';
  return [
    isPrivate
      ? outcome('rest-access', where, failing(PRIVATE, PRIVATE_CURE))
      : look('rest-access', where, REST, importErrors, () => undefined),
    ...('answer' in importErrors ? [outcome('import-errors', where, broken(importErrors.answer))] : []),
  ];
}

const PRIVATE =
  'its web server is PRIVATE_ONLY and did not answer: InvokeRestApi cannot be reached from outside the VPC';
const PRIVATE_CURE =
  "Run the workflows on runners inside the site's VPC, or set `webserverAccessMode` to PUBLIC_AND_PRIVATE or PUBLIC_ONLY.";

const SHOWN = 10;

function broken(files: readonly string[]): Remark | undefined {
  if (files.length === 0) return undefined;
  const more = files.length > SHOWN ? ` and ${files.length - SHOWN} more` : '';
  const what = `Airflow cannot import ${files.slice(0, SHOWN).join(', ')}${more}`;
  const cure = 'Look at the import errors in the Airflow UI; `check-dags` finds them before they are merged.';
  return files.some((file) => file.includes('mwaadr/')) ? failing(what, 'Run `install`.') : doubtful(what, cure);
}

const metric = (where: string, reports: Probe<boolean>): Outcome =>
  look('scheduler-metric', where, 'cloudwatch:GetMetricData', reports, (hasData) =>
    hasData
      ? undefined
      : doubtful(
          'CloudWatch has had no SchedulerHeartbeat of it for 24 hours: a verdict has to do without',
          'Look at its metrics options, and whether its execution role may use cloudwatch:PutMetricData.',
        ),
  );

function optionChecks({ deployment, roles }: DoctorFacts, { site, settings }: SiteFacts, where: string) {
  const isStandby = deployment.sites[roles.standby].region === site.region;
  const remarks = [
    ...neverScheduled(settings.options),
    ...(isStandby ? startsAtOnce(settings.options) : []),
    ...hidesHeartbeat(settings.options, deployment.airflowVersion),
  ];
  const checked = remarks.length === 0 ? [undefined] : remarks;
  return checked.map((remark) => outcome('configuration-options', where, remark));
}

type Options = Readonly<Record<string, string>>;

const isFalse = (value: string | undefined): boolean => /^(false|f|0|no|off)$/i.test(value?.trim() ?? '');

function neverScheduled(options: Options): readonly Remark[] {
  if (!isFalse(options['scheduler.use_job_schedule'])) return [];
  const what =
    '`scheduler.use_job_schedule` is False: no DAG starts by its schedule, nor do the canary and the snapshots';
  return [failing(what, 'Remove the option.')];
}

function startsAtOnce(options: Options): readonly Remark[] {
  if (!isFalse(options['core.dags_are_paused_at_creation'])) return [];
  const what =
    '`core.dags_are_paused_at_creation` is False at the standby: until the hold is in place, whatever DAG file arrives starts to run';
  return [doubtful(what, 'Remove the option: a move brings the pause state of every DAG along.')];
}

/** What the scheduler counts its beats as, before MWAA makes `SchedulerHeartbeat` of it. */
const STAT = 'scheduler_heartbeat';

/** Airflow Configuration Reference, section metrics: lists of prefixes in Airflow 2, of patterns where asked for and in 3. */
function hidesHeartbeat(options: Options, version: string): readonly Remark[] {
  const option = (name: string) => options[`metrics.metrics_${name}`] ?? options[`metrics.statsd_${name}`];
  const byPattern =
    version.startsWith('3.') || /^(true|t|1)$/i.test(options['metrics.metrics_use_pattern_match'] ?? '');
  const allowed = entries(option('allow_list'));
  const names = (entry: string) => (byPattern ? matches(entry) : STAT.startsWith(entry.toLowerCase()));
  const hidden = allowed.length > 0 ? !allowed.some(names) : entries(option('block_list')).some(names);
  const isOff = isFalse(options['metrics.statsd_on']);
  if (!hidden && !isOff) return [];
  const name = isOff ? 'metrics.statsd_on' : `metrics.metrics_${allowed.length > 0 ? 'allow' : 'block'}_list`;
  const what = `\`${name}\` keeps SchedulerHeartbeat from CloudWatch: a dead scheduler is recognised later, or not at all`;
  return [doubtful(what, `Let \`${STAT}\` pass.`)];
}

const entries = (list: string | undefined): readonly string[] =>
  (list ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

/** A pattern is Python's; what is none in JavaScript is taken by its letters. */
function matches(pattern: string): boolean {
  try {
    return new RegExp(pattern).test(STAT);
  } catch {
    return STAT.includes(pattern);
  }
}
