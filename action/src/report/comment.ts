import { hidden } from '../domain/hidden-state.ts';
import { digestOfAll, PLAN_MARKER, type EarlierPlan, type PlanState } from '../domain/sticky.ts';
import { code, t, type Block, type Document, type Inline } from './document.ts';
import { toMarkdown } from './markdown.ts';
import type { Detail } from './plan.ts';
import { moment, plural } from './words.ts';

/** GitHub takes so many characters for the body of a comment, an issue or a pull request. */
export const MAX_BODY = 65_536;
/** GitHub takes 1 MiB for the summary of a step; some of it is left to others who write there. */
const MAX_SUMMARY = 1_000_000;

/** Room for the state: what people read comes first. */
const MAX_STATE = 16_000;

/** A report at a level of detail. */
export type Render = (detail: Detail) => Document;

interface Step {
  readonly document: () => Document;
  /** What the reader has to know about what is missing; '' when nothing is. */
  readonly leftOut: string;
}

/** From all of it to nearly nothing. */
const steps = (render: Render): readonly Step[] => [
  { document: () => render('full'), leftOut: '' },
  { document: () => render('differences'), leftOut: 'what is in sync' },
  { document: () => folded(render('differences')), leftOut: 'what is in sync, and details' },
  { document: () => render('counts'), leftOut: 'everything but counts' },
];

/** Of folded details only their headings are left. */
const folded = (document: Document): Document =>
  document.map((part) => (part.kind === 'details' ? { kind: 'paragraph', text: part.summary } : part));

/**
 * The comment on a pull request: the plan, shortened step by step until GitHub takes it, the plans before it, and the
 * state by which a merge recognises what was reviewed. `run`: address of the run, whose summary has all of it.
 */
export function planComment(whole: PlanState, render: Render, run: string | undefined): string {
  const state = hidden(whole).length <= MAX_STATE ? whole : { ...whole, fingerprints: {} };
  const end = [...historyBlocks(state.history), footer(state)];
  for (const { document, leftOut } of steps(render)) {
    const body = comment([...document(), ...shortened(leftOut), ...end], run, state);
    if (body.length <= MAX_BODY) return body;
  }
  const bare: Document = [
    { kind: 'paragraph', text: state.answer },
    ...shortened('everything but this line'),
    footer(state),
  ];
  const body = comment(bare, run, state);
  // Digests of a thousand deployments: a merge then finds no plan that was reviewed, and says so.
  return body.length <= MAX_BODY ? body : comment(bare, run, undefined);
}

const comment = (document: Document, run: string | undefined, state: PlanState | undefined): string =>
  [PLAN_MARKER, toMarkdown(document), ...link(run), ...(state === undefined ? [] : [hidden(state)]), ''].join('\n');

/** Only what GitHub itself says is the address of a run; anything else is left out. */
const link = (run: string | undefined): readonly string[] =>
  run !== undefined && /^https?:\/\/[\w.:-]+\/[\w./-]+$/.test(run) ? [`[The run, with the whole plan](${run})\n`] : [];

const shortened = (leftOut: string): readonly Block[] =>
  leftOut === ''
    ? []
    : [
        {
          kind: 'alert',
          level: 'NOTE',
          text: `Left out, since GitHub takes ${MAX_BODY} characters: ${leftOut}. The summary of the run has as much as fits there, its artifact the whole plan.`,
        },
      ];

const short = (id: string): Inline => code(id.slice(0, 12));

const historyBlocks = (history: readonly EarlierPlan[]): readonly Block[] =>
  history.length === 0
    ? []
    : [
        {
          kind: 'details',
          summary: plural(history.length, 'earlier plan'),
          blocks: [
            {
              kind: 'table',
              head: ['Made', 'commit', 'digest', 'answer'],
              rows: history.map(({ at, commit, digest, answer }) => [moment(at), short(commit), short(digest), answer]),
            },
          ],
        },
      ];

const footer = ({ at, commit, digests }: PlanState): Block => ({
  kind: 'paragraph',
  text: t`Made ${moment(at)} for ${short(commit)}, digest ${short(digestOfAll(digests))}. This comment is kept up to date.`,
});

/** The same plan as the summary of a step, within GitHub's 1 MiB: every step is valid Markdown, nothing is cut off. */
export function planSummary(render: Render): string {
  for (const { document, leftOut } of steps(render)) {
    const left =
      leftOut === '' ? '' : `\nLeft out, to fit into a summary: ${leftOut}. The artifact has the whole plan.\n`;
    const markdown = toMarkdown(document()) + left;
    if (Buffer.byteLength(markdown) <= MAX_SUMMARY) return markdown;
  }
  const text = 'The plan does not fit into a summary: the artifact has it.';
  return toMarkdown([{ kind: 'answer', mood: 'attention', text }]);
}
