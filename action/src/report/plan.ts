import type { Plan } from '../domain/plan-model.ts';
import { code, prose, strong, t, type Block, type Document, type Inline, type Mood } from './document.ts';
import { artifactBlocks, consequences, differenceTable, isQuiet, quietDetails } from './plan-fields.ts';
import { command, moment, plural, type Context } from './words.ts';

/** `full`; `differences`: without what is in sync; `counts`: only numbers, refusals by their codes. */
export type Detail = 'full' | 'differences' | 'counts';

const contextOf = ({ file }: Plan): Context => ({ file, onGitHub: true, maxRows: 1_000 });

/** One plan, answer first; what a merge would do, why it would not, and the digest by which it is recognised. */
export function planReport(plan: Plan, detail: Detail, context: Context = contextOf(plan)): Document {
  return [
    answer(plan),
    ...held(plan),
    ...(detail === 'counts' ? counts(plan) : [...refusals(plan), ...notices(plan), ...body(plan)]),
    ...(detail === 'full' ? quietDetails(plan) : []),
    footer(plan),
    ...next(plan, context),
  ];
}

const MOODS: Readonly<Record<Plan['outcome'], Mood>> = {
  'in sync': 'good',
  changes: 'attention',
  differs: 'attention',
  refused: 'bad',
};

const ANSWERS: Readonly<Record<Plan['outcome'], (plan: Plan) => Inline>> = {
  'in sync': ({ deployment, active, standby }) =>
    t`${deployment} is in sync: ${active} and its standby ${standby} are as Git wants them`,
  changes: (plan) => t`${plan.deployment} would be changed: ${changedSites(plan)}`,
  differs: ({ deployment, manage }) =>
    t`${deployment} is not as Git wants it, and ${code(`manage: ${manage}`)} leaves that to others`,
  refused: ({ deployment, refusals: { length } }) =>
    t`${deployment} would not be changed: ${plural(length, 'reason')} against this plan`,
};

const answer = (plan: Plan): Block => ({
  kind: 'answer',
  mood: MOODS[plan.outcome],
  text: ANSWERS[plan.outcome](plan),
});

function changedSites({ sites }: Plan): string {
  const changed = sites.filter(({ changes }) => changes.length > 0);
  return changed
    .map(({ region, role, changes }) => {
      const isNew = changes.some(({ kind }) => kind === 'create');
      return `${isNew ? 'a new environment' : plural(fieldsOf(changes), 'change')} at ${region} (${role})`;
    })
    .join(', then ');
}

const fieldsOf = (changes: Plan['sites'][number]['changes']): number =>
  changes.reduce((count, { fields }) => count + fields.length, 0);

const held = ({ heldUntil }: Plan): readonly Block[] =>
  heldUntil === null
    ? []
    : [
        {
          kind: 'alert',
          level: 'NOTE',
          text: t`Nothing is changed before ${moment(heldUntil.until)}: ${heldUntil.reason}. A failover does not wait for that.`,
        },
      ];

const refusals = ({ refusals: all }: Plan): readonly Block[] =>
  all.length === 0
    ? []
    : [
        {
          kind: 'list',
          items: all.map(({ code: name, message, fix }) => t`${strong(name)}: ${prose(message)} ${prose(fix)}`),
        },
      ];

const notices = ({ notices: all }: Plan): readonly Block[] =>
  all.map((text) => ({ kind: 'alert', level: 'WARNING', text: prose(text) }) as const);

const body = (plan: Plan): readonly Block[] => [
  ...differenceTable(plan),
  ...consequences(plan),
  ...artifactBlocks(plan),
  ...order(plan),
];

const KINDS = {
  create: 'create the environment',
  update: 'update',
  tag: 'tag',
  untag: 'remove the tags',
  upload: 'upload',
  'delete object': 'delete from the bucket',
} as const;

/** Names of changed things, as many as a line bears. */
const NAMED = 8;

/** What happens on merge, in its order: the second site only when the first one is well. */
function order({ sites, outcome }: Plan): readonly Block[] {
  if (outcome !== 'changes') return [];
  const items = sites.flatMap(({ region, role, changes, usualMinutes }, index): readonly Inline[] => {
    if (changes.length === 0) return [];
    const words = changes.map(({ kind, fields }) =>
      kind === 'create' ? KINDS.create : `${KINDS[kind]} ${named(fields)}`,
    );
    const time = usualMinutes === null ? '' : `; usually ${minutes(usualMinutes)}`;
    const gate = index === 1 && sites[0].changes.length > 0 ? 'when the standby is healthy, ' : '';
    return [t`${strong(`${region}, ${role}`)}: ${gate}${words.join('; ')}${time}`];
  });
  return [
    { kind: 'heading', text: 'On merge, in this order' },
    { kind: 'list', items },
  ];
}

function named(fields: readonly string[]): string {
  const left = fields.length - NAMED;
  return left <= 0 ? fields.join(', ') : `${fields.slice(0, NAMED).join(', ')} and ${left} more`;
}

const minutes = ({ from, to }: { readonly from: number; readonly to: number }): string =>
  to <= 1 ? 'less than a minute' : to > 120 ? `${from} min to ${Math.round(to / 60)} h` : `${from} to ${to} min`;

function counts(plan: Plan): readonly Block[] {
  const loud = plan.fields.filter((row) => !isQuiet(row));
  const codes = [...new Set(plan.refusals.map(({ code: name }) => name))];
  return [
    {
      kind: 'paragraph',
      text: t`${plural(loud.length, 'field')} not as Git wants; ${plural(plan.notices.length, 'notice')}; ${plural(plan.refusals.length, 'refusal')}${codes.length === 0 ? '' : ` (${codes.join(', ')})`}. The whole plan is in the summary of the run and in its artifact.`,
    },
  ];
}

const footer = ({ digest, tool, at, epoch, active, standby, role }: Plan): Block => ({
  kind: 'paragraph',
  text: t`Active ${active}, standby ${standby}, ${epoch === null ? 'not installed yet' : `epoch ${epoch}`}${role.verdict === 'agrees' ? ', as the file says' : ''}. Digest ${code(digest)}, seen ${moment(at)} by release ${tool}.`,
});

const next = (plan: Plan, context: Context): readonly Block[] =>
  plan.outcome === 'changes' && !context.onGitHub
    ? [
        { kind: 'paragraph', text: 'Apply exactly this plan:' },
        command(context, 'reconcile', plan.deployment, { digest: plan.digest }),
      ]
    : [];
