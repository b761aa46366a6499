import type { MoveStep } from '../domain/control-record.ts';
import { totalOf } from '../domain/dr-result.ts';
import type { ActivationReport } from '../domain/dr-result.ts';
import { readSnapshotId } from '../domain/manifest.ts';
import type { FailoverResult, SnapshotAge } from '../domain/results.ts';
import { millis } from '../domain/stored-json.ts';
import { debtLine, evidenceTable } from './check.ts';
import { code, t, type Block, type Document, type Inline } from './document.ts';
import {
  bounded,
  command,
  duration,
  moment,
  objectiveRow,
  plural,
  snapshotWords,
  took,
  type Context,
} from './words.ts';

const STEPS: Readonly<Record<MoveStep, string>> = {
  planned: 'Plan: verdict, snapshot, what will be lost',
  prepared: 'Prepare: verify the snapshot, load finished runs and configuration',
  rechecked: 'Read the verdict once more',
  claimed: 'Claim the epoch: the point of no return',
  fenced: 'Fence the old side',
  activated: 'Activate: runs in flight, pause set, epoch',
  confirmed: 'First heartbeat of the new side',
};

const FENCE: Readonly<Record<FailoverResult['fence'], (result: FailoverResult) => Block>> = {
  stopped: ({ from }) => ({
    kind: 'paragraph',
    text: `The old side is fenced: in ${from} every DAG is paused and every running task has ended.`,
  }),
  paused: ({ from }) => ({
    kind: 'alert',
    level: 'WARNING',
    text: `In ${from} every DAG is paused, but tasks that were running there may still end on their own.`,
  }),
  unproven: ({ from }) => ({
    kind: 'alert',
    level: 'WARNING',
    text: `${from} could not be reached, so nobody knows whether it still runs DAGs. It stops itself as soon as it reads this move, as its first act when it returns; every check tries to make sure.`,
  }),
};

/** A site that was left alive may have taken it while the move was prepared. */
const restored = (snapshot: SnapshotAge, startedAt: string): Inline =>
  millis(snapshot.takenAt) > millis(startedAt)
    ? t`Restored state: snapshot ${code(snapshot.id)}, taken ${moment(snapshot.takenAt)}, after the move began.`
    : t`Restored state: snapshot ${snapshotWords(snapshot)} when the move began.`;

function lossLines(result: FailoverResult): readonly Inline[] {
  const { loss, from, fence, startedAt } = result;
  const site = restoredSite(result);
  const until =
    fence === 'unproven' && site === from ? 'one heartbeat after the last that was seen' : `${site} was stopped`;
  return [
    restored(loss.snapshot, startedAt),
    `Last sign of life of ${site}: ${loss.lastSignOfLife === null ? 'none seen' : moment(loss.lastSignOfLife)}.`,
    `Lost: the work of ${loss.lostSeconds === null ? 'an unknown time' : `at most ${duration(loss.lostSeconds)}`} after that snapshot (until ${until}).`,
    ...(loss.deadlines ? [`Deadlines of runs in flight, whose alerts will not come: ${loss.deadlines}.`] : []),
  ];
}

/** A move home restores what its own target had done: epochs of one site are all even, those of the other odd. */
function restoredSite({ loss, epoch, from, to }: FailoverResult): string {
  const taken = readSnapshotId(loss.snapshot.id)?.epoch;
  return taken !== undefined && taken % 2 === epoch % 2 ? to : from;
}

type TaskRef = ActivationReport['rerun'][number];

const taskRow = (task: TaskRef): readonly Inline[] => [
  code(task.dagId),
  code(task.runId),
  code(task.taskId + (task.mapIndex == null || task.mapIndex < 0 ? '' : ` [${task.mapIndex}]`)),
  task.was ?? '',
];

/** A list by name: open when it is short, folded when it is long. */
function named(
  title: string,
  head: readonly string[],
  rows: readonly (readonly Inline[])[],
  count: number,
): readonly Block[] {
  if (count === 0) return [];
  const table: Block = { kind: 'table', head, rows };
  const summary = `${title}: ${count}`;
  return count > 10 ? [{ kind: 'details', summary, blocks: [table] }] : [{ kind: 'heading', text: summary }, table];
}

const TASK_HEAD = ['DAG', 'run', 'task', 'was'];

function work(report: ActivationReport, context: Context): readonly Block[] {
  const list = <T>(
    title: string,
    head: readonly string[],
    all: readonly T[],
    total: number,
    row: (item: T) => readonly Inline[],
  ) => named(title, head, bounded(all, context, row, total), total);
  return [
    ...list('Tasks that were cut off and run again', TASK_HEAD, report.rerun, totalOf(report, 'rerun'), taskRow),
    ...list('Tasks that go on where they were', TASK_HEAD, report.continued, totalOf(report, 'continued'), taskRow),
    ...list(
      'DAGs that the new side had not parsed; each comes up as it was, with its runs, once its file can be parsed',
      ['DAG'],
      report.missingDags,
      totalOf(report, 'missingDags'),
      (dagId) => [code(dagId)],
    ),
    ...list('Next scheduled runs', ['DAG', 'at'], report.nextRuns, totalOf(report, 'nextRuns'), ({ dagId, at }) => [
      code(dagId),
      at === null ? 'not scheduled' : moment(at),
    ]),
    ...(report.whole == null
      ? []
      : [{ kind: 'paragraph', text: t`All of them by name: ${code(report.whole)} in the DR bucket there.` } as const]),
    {
      kind: 'paragraph',
      text: `${plural(report.unpaused, 'DAG')} unpaused and ${report.paused} paused, as they were before.`,
    },
  ];
}

/** Whether something has paused, between the activation and the first beat, all that the activation had unpaused. */
export const isAllPaused = ({ activation, firstBeat }: FailoverResult): boolean =>
  (activation?.unpaused ?? 0) > 0 && firstBeat.unpausedUserDags === 0;

function answer(result: FailoverResult): readonly Block[] {
  const { deployment, to, activation, startedAt, confirmedAt } = result;
  const moved = t`${deployment} runs in ${to} now; the move took ${took(startedAt, confirmedAt)}`;
  if (!isAllPaused(result)) return [{ kind: 'answer', mood: 'good', text: moved }];
  const unpaused = plural(activation?.unpaused ?? 0, 'DAG');
  return [
    { kind: 'answer', mood: 'bad', text: t`${deployment} is active in ${to}, but every DAG there is paused` },
    {
      kind: 'alert',
      level: 'CAUTION',
      text: `The activation had unpaused ${unpaused}; at the first heartbeat all were paused: by a person, or by a later move that meant to leave ${to}. Unpause in Airflow of ${to} what has to run.`,
    },
  ];
}

function steps({ steps: times }: FailoverResult): Block {
  const rows = times.map(({ step, startedAt, milliseconds }): readonly Inline[] => [
    STEPS[step],
    moment(startedAt).slice(11),
    duration(milliseconds / 1_000),
  ]);
  return { kind: 'table', head: ['Step', 'began', 'took'], rows };
}

export function failoverReport(result: FailoverResult, context: Context): Document {
  const { activation, debts, verdict, firstBeat } = result;
  return [
    ...answer(result),
    ...(result.resumed
      ? [
          {
            kind: 'paragraph',
            text: t`This run finished the move ${code(result.move)}, which an earlier run had begun.`,
          } as const,
        ]
      : []),
    FENCE[result.fence](result),
    {
      kind: 'table',
      head: ['Objective', 'wanted', 'measured', ''],
      rows: [
        objectiveRow('RPO: work lost, at most', result.rpo),
        objectiveRow('RTO: start of the move to the first heartbeat', result.rto),
      ],
    },
    { kind: 'heading', text: 'What was lost' },
    { kind: 'list', items: lossLines(result) },
    ...(activation === undefined ? [] : work(activation, context)),
    { kind: 'heading', text: 'What was done' },
    steps(result),
    {
      kind: 'paragraph',
      text: `First heartbeat of ${result.to} at ${moment(firstBeat.at)}: ${plural(firstBeat.unpausedUserDags, 'DAG')} unpaused, ${plural(firstBeat.liveUserRuns, 'run')} under way.`,
    },
    ...(debts.length === 0
      ? []
      : [
          { kind: 'heading', text: 'Owed, tried at every check' } as const,
          { kind: 'list', items: debts.map(debtLine) } as const,
        ]),
    {
      kind: 'details',
      summary: t`Why: ${verdict.key}${result.overridden ? ', overridden' : ''}`,
      blocks: [
        { kind: 'paragraph', text: `Verdict on ${result.from}: ${verdict.reason}.` },
        ...evidenceTable(verdict.evidence, result.from, result.to),
        {
          kind: 'paragraph',
          text: t`Reason given: ${result.reason}. By ${result.actor}, epoch ${result.epoch}, move ${code(result.move)}.`,
        },
      ],
    },
    { kind: 'paragraph', text: 'Now see that the new side is healthy, and that the next snapshot comes from it:' },
    command(context, 'check', result.deployment),
  ];
}
