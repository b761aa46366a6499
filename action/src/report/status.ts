import type { SiteStatus, StatusResult } from '../domain/results.ts';
import { debtLine } from './check.ts';
import { code, t, type Block, type Document, type Inline } from './document.ts';
import { command, duration, moment, objectiveRow, type Context } from './words.ts';

function answer({ move, phase, deployment, active, standby, debts }: StatusResult): Block {
  if (move !== undefined)
    return {
      kind: 'answer',
      mood: 'attention',
      text: t`A move of ${deployment} from ${move.from} to ${move.to} is under way; its last finished step is ${move.step}`,
    };
  if (phase === 'claimed')
    return {
      kind: 'answer',
      mood: 'attention',
      text: t`${deployment} is claimed for ${active}, but not active there yet`,
    };
  if (debts.length > 0)
    return {
      kind: 'answer',
      mood: 'attention',
      text: t`${deployment} is active in ${active}; something is still owed`,
    };
  return {
    kind: 'answer',
    mood: 'good',
    text: t`${deployment} is active in ${active}, with ${standby} as its standby`,
  };
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

function underWay({ move, lease, deployment }: StatusResult, context: Context): readonly Block[] {
  const held: Block[] =
    lease === undefined
      ? []
      : [
          {
            kind: 'paragraph',
            text: t`Held for ${lease.purpose} by ${code(lease.holder)} until ${moment(lease.expiresAt)}.`,
          },
        ];
  if (move === undefined) return held;
  return [
    ...held,
    {
      kind: 'paragraph',
      text: t`Move ${code(move.id)}, begun ${moment(move.startedAt)} by ${move.actor}: ${move.reason}. If no run works on it any more, finish it:`,
    },
    command(context, 'failover', deployment, { target: move.to, reason: move.reason, confirm: deployment }),
  ];
}

export function statusReport(result: StatusResult, context: Context): Document {
  const { snapshots, debts } = result;
  return [
    answer(result),
    ...underWay(result, context),
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
