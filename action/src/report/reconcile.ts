import type { AppliedStep, ReconcileOutcome, ReconcileResult } from '../domain/reconcile-result.ts';
import { code, t, type Block, type Document, type Inline, type Mood } from './document.ts';
import { bounded, command, duration, moment, plural, took, type Context } from './words.ts';

type Answer = readonly [Mood, (result: ReconcileResult) => Inline];

const ANSWERS: Readonly<Record<ReconcileOutcome, Answer>> = {
  applied: [
    'good',
    ({ deployment, scope }) =>
      scope === 'self-heal'
        ? t`Self-heal has set ${deployment} right, in what the file leaves to it`
        : t`${deployment} is as Git says, at both sites`,
  ],
  'in sync': ['good', ({ deployment }) => t`${deployment} was as Git says already; nothing was changed`],
  differs: [
    'attention',
    ({ deployment, scope }) =>
      scope === 'self-heal'
        ? t`${deployment} differs from Git in what self-heal leaves alone; nothing was changed`
        : t`${deployment} differs from Git where it is not ours to change; nothing was changed`,
  ],
  held: [
    'attention',
    ({ deployment, heldUntil, steps, objects }) =>
      t`${deployment} is held until ${moment(heldUntil?.until ?? '')}; ${steps.length === 0 && objects === 0 ? 'nothing was changed' : 'it was stopped half-way'}`,
  ],
  busy: [
    'attention',
    ({ deployment }) =>
      t`${deployment} is being changed, or a reviewed change of it has come to no end; self-heal did nothing`,
  ],
  tried: ['bad', ({ deployment }) => t`Self-heal has tried this once for ${deployment}, and leaves it to you now`],
};

/** What the reader has to know beyond the answer. */
const EXPLAINED: Readonly<Partial<Record<ReconcileOutcome, (result: ReconcileResult) => Inline>>> = {
  held: ({ heldUntil, scope }) =>
    scope === 'self-heal'
      ? t`Reason: ${heldUntil?.reason ?? ''}. The next drift check after that looks at it again; a failover is never held.`
      : t`Reason: ${heldUntil?.reason ?? ''}. Nothing starts by itself afterwards: then run this again, or the workflow ${code('reconcile')} by hand. A failover is never held.`,
  differs: ({ plan }) => t`The deployment file says ${code(`manage: ${plan.manage}`)}. The plan shows what differs.`,
  busy: () => 'It is looked at again by the next drift check.',
  tried: ({ digest }) =>
    t`One try is made for each plan, here ${code(digest)}. Look why it came back: something else may be changing the environment.`,
};

const KINDS: Readonly<Record<AppliedStep['kind'], string>> = {
  create: 'created',
  update: 'updated',
  tag: 'tagged',
  untag: 'tags removed',
};

function stepRow(step: AppliedStep): readonly Inline[] {
  const { region, role, kind, fields, followed } = step;
  const named = fields.length > 8 ? t`${plural(fields.length, 'field')}` : fields.map(code).flatMap(spaced);
  return [
    `${region}, ${role}`,
    `${KINDS[kind]}${followed ? ', begun by an earlier run' : ''}`,
    named,
    took(step.startedAt, step.endedAt),
  ];
}

const spaced = (item: Inline, index: number): readonly Inline[] => (index === 0 ? [item] : [', ', item]);

const gateLine = ({ region, role, seconds }: ReconcileResult['gates'][number]): Inline =>
  `${region}, the ${role === 'active' ? 'active site' : 'standby'}, proved itself healthy ${duration(seconds)} after its change.`;

function done(result: ReconcileResult, context: Context): readonly Block[] {
  const { steps, gates, objects } = result;
  return [
    ...(steps.length === 0
      ? []
      : [
          {
            kind: 'table',
            head: ['Site', 'done', 'fields', 'took'],
            rows: bounded(steps, context, stepRow),
          } as const,
        ]),
    ...(gates.length === 0 ? [] : [{ kind: 'list', items: gates.map(gateLine) } as const]),
    ...(objects === 0
      ? []
      : [{ kind: 'paragraph', text: `${plural(objects, 'object')} written or deleted in the DAGs buckets.` } as const]),
  ];
}

export function reconcileReport(result: ReconcileResult, context: Context): Document {
  const { outcome, resumed, pullRequest, digest, plan, deployment } = result;
  const [mood, answer] = ANSWERS[outcome];
  const explained = EXPLAINED[outcome];
  const by =
    result.scope === 'self-heal'
      ? 'by self-heal'
      : pullRequest === null
        ? 'not of a pull request'
        : `reviewed in pull request #${pullRequest}`;
  return [
    { kind: 'answer', mood, text: answer(result) },
    ...(explained === undefined ? [] : [{ kind: 'paragraph', text: explained(result) } as const]),
    ...(resumed ? [{ kind: 'paragraph', text: 'This run finished what an earlier one had begun.' } as const] : []),
    ...done(result, context),
    ...plan.notices.map((text) => ({ kind: 'alert', level: 'NOTE', text }) as const),
    { kind: 'paragraph', text: t`Plan ${code(digest)}, ${by}; it took ${took(result.startedAt, result.endedAt)}.` },
    ...(outcome === 'applied' || outcome === 'in sync'
      ? []
      : [{ kind: 'paragraph', text: 'To see what differs:' } as const, command(context, 'plan', deployment)]),
  ];
}
