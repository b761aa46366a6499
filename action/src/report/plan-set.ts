import type { Plan } from '../domain/plan-model.ts';
import type { FleetFailure } from '../domain/results.ts';
import { code, strong, t, type Block, type Document, type Inline, type Mood } from './document.ts';
import { failureBlocks } from './fleet-failures.ts';
import { planReport, type Detail } from './plan.ts';
import { plural, type Context } from './words.ts';

/** Plans of several deployments, and why some have none. */
export interface PlanSet {
  readonly plans: readonly Plan[];
  readonly failures: readonly FleetFailure[];
}

/** The gravest first. */
const OUTCOMES = ['failed', 'refused', 'changes', 'differs', 'in sync'] as const;
export type SetOutcome = (typeof OUTCOMES)[number];

/** The worst of all; a set of none is in sync. */
export function outcomeOf({ plans, failures }: PlanSet): SetOutcome {
  if (failures.length > 0) return 'failed';
  return OUTCOMES.find((outcome) => plans.some((plan) => plan.outcome === outcome)) ?? 'in sync';
}

const MOODS: Readonly<Record<SetOutcome, Mood>> = {
  failed: 'bad',
  refused: 'bad',
  changes: 'attention',
  differs: 'attention',
  'in sync': 'good',
};

const WORDS: Readonly<Record<Plan['outcome'], string>> = {
  refused: 'refused',
  changes: 'to change',
  differs: 'left to others',
  'in sync': 'in sync',
};

const countsOf = ({ plans, failures }: PlanSet): string => {
  const parts = OUTCOMES.flatMap((outcome) => {
    const count = plans.filter((plan) => plan.outcome === outcome).length;
    return outcome === 'failed' || count === 0 ? [] : [`${count} ${WORDS[outcome]}`];
  });
  return [...(failures.length === 0 ? [] : [`${failures.length} could not be planned`]), ...parts].join(', ');
};

/** The first line, as text: of one deployment its own, of several their counts. */
export function answerOf(set: PlanSet): string {
  const [first, ...more] = set.plans;
  if (first === undefined && set.failures.length === 0) return 'No deployment is concerned';
  if (first !== undefined && more.length === 0 && set.failures.length === 0) return plainAnswer(first);
  return `${plural(set.plans.length + set.failures.length, 'deployment')}: ${countsOf(set)}`;
}

function plainAnswer(plan: Plan): string {
  const [answer] = planReport(plan, 'counts');
  return answer?.kind === 'answer' ? textOf(answer.text) : plan.deployment;
}

const textOf = (text: Inline): string => {
  if (typeof text === 'string') return text;
  if ('code' in text) return text.code;
  if ('strong' in text) return text.strong;
  return text.map(textOf).join('');
};

/** A summary that would be too long is made again with fewer rows, and then with less detail. */
export const detailOf = ({ maxRows }: Context): Detail =>
  maxRows >= 1_000 ? 'full' : maxRows >= 200 ? 'differences' : 'counts';

/** One plan as it is; several behind a table, those with work unfolded first. */
export function planSetReport(set: PlanSet, detail: Detail, context: Context): Document {
  const { plans, failures } = set;
  const [first] = plans;
  if (first !== undefined && plans.length === 1 && failures.length === 0)
    return planReport(first, detail, { ...context, file: first.file });
  return [
    { kind: 'answer', mood: MOODS[outcomeOf(set)], text: answerOf(set) },
    ...failureBlocks(failures),
    ...(detail === 'counts' ? [] : tableOf(plans, context)),
    ...sections(sorted(plans).slice(0, context.maxRows), detail, context),
  ];
}

/** In a word each where there is no room for more; what is in sync only where there is room for everything. */
function sections(plans: readonly Plan[], detail: Detail, context: Context): readonly Block[] {
  const loud = plans.filter(({ outcome }) => detail === 'full' || outcome !== 'in sync');
  if (detail !== 'counts') return loud.flatMap((plan) => section(plan, detail, context, plans.length <= UNFOLDED));
  return loud.length === 0 ? [] : [{ kind: 'list', items: loud.map((plan) => headOf(plan, plainAnswer(plan))) }];
}

/** A plan's answer where its reasons are not in sight: at least their codes are. */
function headOf({ refusals }: Plan, answer: Inline): Inline {
  const codes = [...new Set(refusals.map(({ code: name }) => name))];
  return codes.length === 0 ? answer : t`${answer} (${codes.join(', ')})`;
}

/** So many plans are read one below the other; more than these are unfolded one by one. */
const UNFOLDED = 3;

const sorted = (plans: readonly Plan[]): readonly Plan[] =>
  plans.toSorted((a, b) => OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome));

const tableOf = (plans: readonly Plan[], { maxRows }: Context): readonly Block[] =>
  plans.length === 0
    ? []
    : [
        {
          kind: 'table',
          head: ['Deployment', 'active', 'outcome', 'fields to change', 'digest'],
          rows: sorted(plans)
            .slice(0, maxRows)
            .map((plan): readonly Inline[] => [
              plan.deployment,
              plan.active,
              plan.outcome === 'in sync' ? WORDS[plan.outcome] : strong(WORDS[plan.outcome]),
              String(plan.fields.filter(({ changes }) => changes.length > 0).length),
              code(plan.digest.slice(0, 12)),
            ]),
        },
      ];

function section(plan: Plan, detail: Detail, context: Context, isOpen: boolean): readonly Block[] {
  const [answer, ...blocks] = planReport(plan, detail, { ...context, file: plan.file });
  if (answer?.kind !== 'answer') return [];
  return isOpen && plan.outcome !== 'in sync'
    ? [answer, ...blocks]
    : [{ kind: 'details', summary: headOf(plan, answer.text), blocks }];
}
