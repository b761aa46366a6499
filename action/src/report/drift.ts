import { driftMarker, SAME_MATTER, sinceOf, type DriftState } from '../domain/drift.ts';
import type { DriftFinding } from '../domain/drift-findings.ts';
import { hidden } from '../domain/hidden-state.ts';
import { MAX_BODY } from './comment.ts';
import { code, prose, t, type Block, type Document, type Inline } from './document.ts';
import { toMarkdown } from './markdown.ts';
import { bounded, duration, moment, plural, sentence } from './words.ts';

export const driftTitle = (deployment: string): string => `Drift: ${deployment} is not what Git says`;

/** The issue of a deployment that has drifted: what, since when, what it means; shortened until GitHub takes it. */
export function driftBody(state: DriftState, findings: readonly DriftFinding[]): string {
  for (const maxRows of [300, 100, 30, 0]) {
    const body = written(state, driftDocument(state, findings, maxRows));
    if (body.length <= MAX_BODY) return body;
  }
  return written(state, [answer(state, findings)]);
}

const written = (state: DriftState, document: Document): string =>
  [driftMarker(state.deployment), toMarkdown(document), hidden(state), ''].join('\n');

const seconds = (from: string, to: string): number => Math.max(0, (Date.parse(to) - Date.parse(from)) / 1_000);

const oldest = (state: DriftState, findings: readonly DriftFinding[]): string =>
  findings.map((finding) => sinceOf(state, finding)).toSorted()[0] ?? state.checkedAt;

const answer = (state: DriftState, findings: readonly DriftFinding[]): Block => ({
  kind: 'answer',
  mood: 'attention',
  text: t`${state.deployment} is not what Git says: ${plural(findings.length, 'difference')}, ${age(state, oldest(state, findings))}`,
});

/** `since 2026-11-20, 4 d`. */
function age({ checkedAt }: DriftState, since: string): string {
  const lasting = seconds(since, checkedAt);
  return lasting < 1 ? 'new' : `since ${since.slice(0, 10)}, ${duration(lasting)}`;
}

function driftDocument(state: DriftState, findings: readonly DriftFinding[], maxRows: number): Document {
  const rows = bounded(findings, { file: '', onGitHub: true, maxRows }, (finding): readonly Inline[] => [
    prose(finding.what),
    age(state, sinceOf(state, finding)),
    finding.consequence === '' ? '' : prose(sentence(finding.consequence)),
  ]);
  return [
    answer(state, findings),
    { kind: 'table', head: ['Difference', 'age', 'what it means'], rows: maxRows === 0 ? [] : rows },
    {
      kind: 'paragraph',
      text: t`To cure it, make Git say what is wanted and merge, or run the ${code('reconcile')} workflow. A difference that is meant goes under ${code('ignore')} in the deployment file, with its reason.`,
    },
    ...episodes(state),
    {
      kind: 'paragraph',
      text: `Last looked at ${moment(state.checkedAt)}. This issue is kept up to date, and closed once nothing differs. Whoever closes it before hears of these differences again after ${duration(SAME_MATTER / 1_000)}, of others, other values, or one that comes back at once.`,
    },
  ];
}

const episodes = ({ episodes: all }: DriftState): readonly Block[] =>
  all.length === 0
    ? []
    : [
        {
          kind: 'details',
          summary: `Before: ${plural(all.length, 'time')}`,
          blocks: [
            {
              kind: 'table',
              head: ['From', 'to', 'lasting'],
              rows: all.map(({ from, to }) => [moment(from), moment(to), duration(seconds(from, to))]),
            },
          ],
        },
      ];

/** The issue once nothing differs any more: the note it is closed with. */
export function cleanBody(state: DriftState): string {
  const [last] = state.episodes;
  const lasting = last === undefined ? '' : ` after ${duration(seconds(last.from, last.to))}`;
  return written(state, [
    { kind: 'answer', mood: 'good', text: `${state.deployment} is what Git says again${lasting}` },
    ...episodes(state),
    {
      kind: 'paragraph',
      text: `Seen ${moment(state.checkedAt)}. Drift within ${duration(SAME_MATTER / 1_000)} from now opens this issue again.`,
    },
  ]);
}

/** The issue of a run that raced with another; without the marker, so that it is none of ours any more. */
export const duplicateBody = (first: number): string => `Two runs opened an issue at once: see #${first}.\n`;
