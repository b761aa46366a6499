import type { FleetLine, FleetState, FleetStatusResult } from '../domain/fleet-status.ts';
import { code, strong, t, type Block, type Document, type Inline } from './document.ts';
import { failureBlocks } from './fleet-failures.ts';
import { bounded, duration, moment, plural, type Context } from './words.ts';

const count = (lines: readonly FleetLine[], state: FleetState): number =>
  lines.filter((line) => line.state === state).length;

function answer({ deployments, failures }: FleetStatusResult): Block {
  const all = deployments.length + failures.length;
  const parts = [
    [count(deployments, 'protected'), 'protected'],
    [count(deployments, 'attention'), 'to look at'],
    [count(deployments, 'unprotected'), 'unprotected'],
    [failures.length, 'unreadable'],
  ] as const;
  const words = parts.filter(([many]) => many > 0).map(([many, word]) => `${many} ${word}`);
  const mood =
    count(deployments, 'unprotected') > 0
      ? 'bad'
      : count(deployments, 'attention') > 0
        ? 'attention'
        : failures.length > 0
          ? 'unclear'
          : 'good';
  return { kind: 'answer', mood, text: `${plural(all, 'deployment')}: ${words.join(', ') || 'none'}` };
}

const ICONS: Readonly<Record<FleetState, string>> = { unprotected: '🛑', attention: '⚠️', protected: '✅' };

const verdictWords = ({ verdict }: FleetLine): string =>
  verdict === undefined ? 'none' : `${verdict.key}, ${duration(verdict.ageSeconds)} ago`;

const rpoWords = ({ rpo }: FleetLine): string =>
  rpo.measuredSeconds === null
    ? 'none'
    : `${duration(rpo.measuredSeconds)}${rpo.measuredSeconds > rpo.objectiveSeconds ? ` (over ${duration(rpo.objectiveSeconds)})` : ''}`;

const rtoWords = ({ rto }: FleetLine): string =>
  rto?.measuredSeconds == null ? 'never' : `${duration(rto.measuredSeconds)}, ${rto.at.slice(0, 10)}`;

function driftWords({ drift }: FleetLine): string {
  if (drift === undefined) return 'never checked';
  if (drift.fields === 0) return 'none';
  return `${plural(drift.fields, 'field')} since ${(drift.since ?? drift.at).slice(0, 10)}`;
}

const busyWords = ({ move, lease }: FleetLine): string =>
  move === undefined ? (lease?.purpose ?? '') : `move to ${move.to}, ${move.step}`;

const HEAD = ['Deployment', 'active', 'verdict', 'RPO now', 'last proven RTO', 'drift', 'under way'];

const lineRow = (line: FleetLine): readonly Inline[] => [
  t`${ICONS[line.state]} ${strong(line.deployment)}`,
  line.nobodyActive ? `nobody, last ${line.active}` : line.active,
  verdictWords(line),
  rpoWords(line),
  rtoWords(line),
  driftWords(line),
  busyWords(line),
];

const table = (lines: readonly FleetLine[], context: Context): Block => ({
  kind: 'table',
  head: HEAD,
  rows: bounded(lines, context, lineRow),
});

/** Why each is not simply protected, folded: the table above says the most of it. */
function reasons(lines: readonly FleetLine[], context: Context): Block {
  return {
    kind: 'details',
    summary: `What to look at in ${plural(lines.length, 'deployment')}`,
    blocks: [
      {
        kind: 'table',
        head: ['Deployment', 'look at', 'file'],
        rows: bounded(lines, context, ({ deployment, concerns, file }): readonly Inline[] => [
          deployment,
          concerns.map(({ text }) => text).join('; '),
          code(file),
        ]),
      },
    ],
  };
}

/** One table for the fleet: those to look at open, those that are protected folded. */
export function fleetStatusReport(result: FleetStatusResult, context: Context): Document {
  const { deployments, failures } = result;
  const open = deployments.filter(({ state }) => state !== 'protected');
  const safe = deployments.filter(({ state }) => state === 'protected');
  return [
    answer(result),
    ...(open.length === 0 ? [] : [table(open, context), reasons(open, context)]),
    ...failureBlocks(failures.slice(0, context.maxRows)),
    ...(failures.length > context.maxRows
      ? [{ kind: 'paragraph', text: `… and ${failures.length - context.maxRows} more that are unreadable` } as const]
      : []),
    ...(safe.length === 0
      ? []
      : [{ kind: 'details', summary: `${safe.length} protected`, blocks: [table(safe, context)] } as const]),
    {
      kind: 'paragraph',
      text: `Read ${moment(result.at)} from what checks, snapshots and moves have stored; the verdicts are as old as they say.`,
    },
  ];
}
