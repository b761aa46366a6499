import type { Debt, Move } from '../domain/control-record.ts';
import type { CheckResult, FindingName, GradedDebt } from '../domain/results.ts';
import type { VerdictKey } from '../domain/verdict.ts';
import { code, t, type Block, type Document, type Inline, type Mood } from './document.ts';
import { findingBlocks } from './findings.ts';
import { command, moment, plural, sentence, snapshotWords, type Context } from './words.ts';

type Answer = (result: CheckResult) => Inline;

const ANSWERS: Readonly<
  Record<VerdictKey, { readonly mood: Mood; readonly text: Answer; readonly advice: Answer | undefined }>
> = {
  HEALTHY: {
    mood: 'good',
    text: ({ deployment, active }) => t`${deployment} runs in ${active} and is HEALTHY`,
    advice: undefined,
  },
  DEGRADED: {
    mood: 'attention',
    text: ({ deployment, active }) => t`${deployment} runs in ${active}, DEGRADED`,
    advice: () => 'The workflows run. Look at what is marked below; this is no reason to move.',
  },
  'UNHEALTHY(region)': {
    mood: 'bad',
    text: ({ deployment, active }) => t`The Region ${active} is lost, and ${deployment} with it: UNHEALTHY`,
    advice: ({ standby }) => t`Move to ${standby} if the loss of the work since the newest snapshot is acceptable:`,
  },
  'UNHEALTHY(stopped)': {
    mood: 'bad',
    text: ({ deployment, findings }) =>
      findings.length > 0 && !findings.some(({ name }) => name === 'nobody-active')
        ? t`A move of ${deployment} stands half done: UNHEALTHY`
        : t`Nobody is active, no DAG of ${deployment} runs anywhere: UNHEALTHY`,
    advice: undefined,
  },
  'UNHEALTHY(airflow)': {
    mood: 'bad',
    text: ({ deployment, active }) => t`Airflow of ${deployment} is dead, but its Region ${active} answers: UNHEALTHY`,
    advice: ({ standby }) =>
      t`Look at the environment first: whatever stops it (a DAG file, a full database) may move along to ${standby}. If it cannot be repaired, move:`,
  },
  UNKNOWN: {
    mood: 'unclear',
    text: ({ deployment, active }) => t`Nobody can tell whether ${deployment} runs in ${active}: UNKNOWN`,
    advice: () =>
      'Not knowing is no reason to move. Find out first why the evidence below could not be read: usually credentials, permissions, a bucket of another account, or throttling.',
  },
};

const NAMES: Readonly<Record<string, (active: string, standby: string) => string>> = {
  activeEnvironment: (active) => `MWAA environment, ${active}`,
  activeMetric: (active) => `SchedulerHeartbeat in CloudWatch, ${active}`,
  activeAirflow: (active) => `Airflow's own health, ${active}`,
  activeStorage: (active) => `S3, ${active}`,
  activeIdentity: (active) => `STS, ${active}`,
  standbyEnvironment: (_active, standby) => `MWAA environment, ${standby}`,
  standbyStorage: (_active, standby) => `S3, ${standby}`,
  standbyIdentity: (_active, standby) => `STS, ${standby}`,
  standbyAirflow: (_active, standby) => `DAGs by Airflow's REST API, ${standby}`,
  heartbeat: (active) => `Heartbeat of ${active}`,
  hold: (_active, standby) => `Hold on the DAGs of ${standby}`,
  snapshot: (_active, standby) => `Newest snapshot in ${standby}`,
  fence: (_active, standby) => `Fence of ${standby}`,
  role: () => 'Who is active, by records and heartbeats',
  work: (active) => `Tasks, ${active}`,
  slots: (active) => `Worker slots for DR, ${active}`,
  extraMetrics: (active) => `Metrics of your own, ${active}`,
  activePeer: (active) => `What ${active} cannot read`,
  standbyPeer: (_active, standby) => `What ${standby} cannot read`,
};

const QUALITIES: Readonly<Record<string, string>> = {
  good: '✅ good',
  bad: '🛑 bad',
  none: '➖ nothing yet',
  dark: '⚫ no answer',
  denied: '🔒 denied',
  throttled: '🐢 throttled',
};

/** A line of evidence is `signal: quality, value`. */
function evidenceRow(line: string, active: string, standby: string): readonly Inline[] {
  const [, name = '', quality = '', value = line] = /^(\w+): (\w+), (.*)$/s.exec(line) ?? [];
  return [NAMES[name]?.(active, standby) ?? name, QUALITIES[quality] ?? quality, value];
}

/** The evidence of a verdict as a table; empty when there is none. */
export const evidenceTable = (evidence: readonly string[], active: string, standby: string): readonly Block[] =>
  evidence.length === 0
    ? []
    : [
        {
          kind: 'table',
          head: ['Evidence', 'Reading', 'What was seen'],
          rows: evidence.map((line) => evidenceRow(line, active, standby)),
        },
      ];

/** What is owed because a site did not answer. */
export const debtLine = ({ kind, site, move, since, grade }: Debt & Partial<GradedDebt>): Inline =>
  kind === 'fence' && grade === 'paused'
    ? t`${site} was stopped by its REST API alone, for the move ${code(move)}, ${moment(since)}: its canary does not run there, so nothing holds what is unpaused or parsed from now on but the next check`
    : kind === 'fence'
      ? t`${site} is not proven to have stopped its DAGs since the move ${code(move)}, ${moment(since)}`
      : t`${site} has not been told of the move ${code(move)}, ${moment(since)}`;

/** What is added to the verdict where it alone would sound well. */
const BUT: Readonly<Record<FindingName, string>> = {
  'nobody-active': 'nobody is active',
  'move-stands': 'a move stands unfinished',
  'all-paused': 'all its DAGs are paused',
  'peer-unreadable': 'a site cannot read its control records',
  unprotected: 'nothing of it has been saved for long',
  'nothing-runs': 'no task starts',
  'two-active': 'two sides may be at work',
  'record-lost': 'a control record is lost',
  'dr-waits': 'its DR tasks wait for a worker',
  'canary-silent': 'its canary is silent',
  'standby-unready': 'the standby could not take over',
  'dags-missing': 'DAGs of before the move do not run',
  'database-replaced': 'the active database was made anew',
};

function answerOf(result: CheckResult): Block {
  const { mood, text } = ANSWERS[result.verdict.key];
  const [first] = result.findings;
  if (first === undefined || result.verdict.key.startsWith('UNHEALTHY'))
    return { kind: 'answer', mood, text: text(result) };
  const joint = result.verdict.key === 'UNKNOWN' ? 'and' : 'but';
  return { kind: 'answer', mood: 'bad', text: t`${text(result)}, ${joint} ${BUT[first.name]}` };
}

/** A finding says it already, or it is about something else than what is well. */
function because({ verdict: { key, reason }, findings }: CheckResult): readonly Block[] {
  const isSaid = findings.some(({ message }) => message.includes(reason));
  const isWell = findings.length > 0 && (key === 'HEALTHY' || key === 'DEGRADED');
  return isSaid || isWell ? [] : [{ kind: 'paragraph', text: `Because ${reason}.` }];
}

/** A finding's command is the one that leads on; without one the verdict says whether a move does. */
function wayOn(result: CheckResult, context: Context): readonly Block[] {
  const { verdict, findings, deployment, standby } = result;
  const { advice } = ANSWERS[verdict.key];
  const found = findingBlocks(findings, deployment, context);
  if (findings.some((finding) => finding.command !== undefined)) return found;
  const paragraph: Block[] = advice === undefined ? [] : [{ kind: 'paragraph', text: advice(result) }];
  if (!verdict.key.startsWith('UNHEALTHY')) return found.length > 0 ? found : paragraph;
  const inputs = { target: standby, reason: 'why this move is made', confirm: deployment };
  return [...paragraph, command(context, 'failover', deployment, inputs), ...found];
}

const withdrawnLine = ({ id, to, step, startedAt }: Move): string =>
  `${id} to ${to}, begun ${moment(startedAt)}, was withdrawn: its run ended at ${step}, before anything was claimed. Nothing was touched.`;

function debts({ debts: { paid, owed } }: CheckResult): readonly Block[] {
  return [
    ...(owed.length === 0
      ? []
      : [
          { kind: 'heading', text: 'Still owed, tried again at every check' } as const,
          { kind: 'list', items: owed.map(debtLine) } as const,
        ]),
    ...(paid.length === 0
      ? []
      : [
          {
            kind: 'paragraph',
            text: `Paid now: ${paid.map(({ kind, site, grade }) => (kind === 'fence' ? `${site} is fenced (${grade})` : `${site} knows of the move`)).join(', ')}.`,
          } as const,
        ]),
  ];
}

function unprotected({ snapshot, verdict, standby, active }: CheckResult): readonly Block[] {
  if (snapshot !== undefined) return [];
  if (verdict.key === 'UNKNOWN')
    return [{ kind: 'alert', level: 'WARNING', text: `No snapshot could be read in ${standby}.` }];
  const text = `UNPROTECTED: there is no snapshot of the current lineage in ${standby}. If ${active} is lost, its state is lost.`;
  return [{ kind: 'alert', level: 'CAUTION', text }];
}

export function checkReport(result: CheckResult, context: Context): Document {
  const { verdict, snapshot, standby, active } = result;
  return [
    answerOf(result),
    ...because(result),
    ...wayOn(result, context),
    ...[...result.notes.map(sentence), ...result.withdrawn.map(withdrawnLine)].map(
      (text) => ({ kind: 'paragraph', text }) as const,
    ),
    ...unprotected(result),
    ...evidenceTable(verdict.evidence, active, standby),
    ...(snapshot === undefined
      ? []
      : [{ kind: 'paragraph', text: t`Newest snapshot: ${snapshotWords(snapshot)}.` } as const]),
    ...debts(result),
    ...result.warnings.map((text) => ({ kind: 'alert', level: 'WARNING', text: sentence(text) }) as const),
    {
      kind: 'paragraph',
      text: t`Epoch ${result.epoch ?? 'unknown'}, standby ${standby}, checked ${moment(result.at)} by ${plural(result.readings, 'reading')}.`,
    },
  ];
}
