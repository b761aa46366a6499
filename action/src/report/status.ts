import type { SiteStatus, StatusResult } from '../domain/results.ts';
import { debtLine } from './check.ts';
import { code, prose, t, type Block, type Document, type Inline, type Mood } from './document.ts';
import { findingBlocks } from './findings.ts';
import { duration, moment, objectiveRow, type Context } from './words.ts';

const STATES: readonly [(result: StatusResult) => boolean, Mood, (result: StatusResult) => Inline][] = [
  [
    ({ nobodyActive, findings }) => nobodyActive && findings.length > 0,
    'bad',
    ({ deployment }) => t`Nobody is active: no DAG of ${deployment} runs anywhere`,
  ],
  [
    ({ findings }) => findings.length > 0,
    'bad',
    ({ deployment, move, active }) => t`A move of ${deployment} to ${move?.to ?? active} stands unfinished`,
  ],
  [
    ({ move, notes }) => move !== undefined && notes.length > 0,
    'attention',
    ({ deployment, move, active }) =>
      t`A move of ${deployment} to ${move?.to ?? active} is under way; its last finished step is ${move?.step ?? 'none'}`,
  ],
  [
    ({ nobodyActive }) => nobodyActive,
    'attention',
    ({ deployment }) => t`Nobody is active, and a run works on it: no DAG of ${deployment} runs anywhere`,
  ],
  [
    ({ move }) => move !== undefined,
    'attention',
    ({ deployment, active }) =>
      t`${deployment} is active in ${active}; a move was planned, and no run works on it any more`,
  ],
  [
    ({ debts }) => debts.length > 0,
    'attention',
    ({ deployment, active }) => t`${deployment} is active in ${active}; something is still owed`,
  ],
  [
    () => true,
    'good',
    ({ deployment, active, standby }) => t`${deployment} is active in ${active}, with ${standby} as its standby`,
  ],
];

function answer(result: StatusResult): Block {
  const [, mood, text] = STATES.find(([isSo]) => isSo(result)) ?? [undefined, 'unclear' as const, () => ''];
  return { kind: 'answer', mood, text: text(result) };
}

const beatWords = ({ ageSeconds, role, epoch }: NonNullable<SiteStatus['heartbeat']>): string =>
  `${duration(ageSeconds)} ago, ${role === null || epoch === null ? 'without a control record' : `as ${role} of epoch ${epoch}`}`;

const siteRow = (site: SiteStatus): readonly Inline[] => [
  site.region,
  site.role,
  t`${code(site.environment)} ${site.status}`,
  site.heartbeat === undefined ? 'none' : beatWords(site.heartbeat),
  site.control,
];

function underWay({ move, lease, notes, findings, deployment }: StatusResult, context: Context): readonly Block[] {
  const said: Inline[] = [
    ...(lease === undefined
      ? []
      : [t`Held for ${lease.purpose} by ${code(lease.holder)} until ${moment(lease.expiresAt)}.`]),
    ...(move === undefined
      ? []
      : [t`Move ${code(move.id)}, begun ${moment(move.startedAt)} by ${move.actor}: ${move.reason}.`]),
    ...(move === undefined || notes.length > 0 || findings.length > 0
      ? []
      : ['It was not claimed, and touched nothing: the next `check` withdraws it.']),
  ];
  return [
    ...findingBlocks(findings, deployment, context),
    ...said.map((text) => ({ kind: 'paragraph', text: typeof text === 'string' ? prose(text) : text }) as const),
  ];
}

/** A side that lost and has not heard of it: it stops when it has. */
const lateLines = ({ sites }: StatusResult): readonly Block[] =>
  sites.flatMap(({ region, role, heartbeat }) =>
    role === 'standby' && heartbeat?.role === 'active'
      ? [
          {
            kind: 'alert',
            level: 'WARNING',
            text: `${region} still called itself active ${duration(heartbeat.ageSeconds)} ago, in epoch ${heartbeat.epoch ?? 'unknown'}: it has not read yet that it no longer is.`,
          } as const,
        ]
      : [],
  );

export function statusReport(result: StatusResult, context: Context): Document {
  const { snapshots, debts } = result;
  return [
    answer(result),
    ...underWay(result, context),
    ...lateLines(result),
    {
      kind: 'table',
      head: ['Site', 'role', 'environment', 'heartbeat', 'control record'],
      rows: result.sites.map(siteRow),
    },
    {
      kind: 'table',
      head: ['Objective', 'wanted', 'measured', ''],
      rows: [objectiveRow('RPO: age of the newest snapshot', result.rpo)],
    },
    ...(debts.length === 0
      ? []
      : [
          { kind: 'heading', text: 'Owed, tried at every check' } as const,
          { kind: 'list', items: debts.map(debtLine) } as const,
        ]),
    ...(snapshots.length === 0
      ? [{ kind: 'alert', level: 'CAUTION', text: 'UNPROTECTED: there is no snapshot.' } as const]
      : [
          {
            kind: 'table',
            head: ['Snapshot', 'taken', 'epoch', ''],
            rows: snapshots.map(({ id, takenAt, epoch, deadBranch }): readonly Inline[] => [
              code(id),
              moment(takenAt),
              String(epoch),
              deadBranch ? 'of a side that was left: not restored' : '',
            ]),
          } as const,
        ]),
    { kind: 'paragraph', text: `Epoch ${result.epoch}, ${result.phase}, read ${moment(result.at)}.` },
  ];
}
