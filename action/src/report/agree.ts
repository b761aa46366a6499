import { createTwoFilesPatch } from 'diff';
import { agreeMarker, type ActiveRole } from '../domain/agreement.ts';
import { hidden } from '../domain/hidden-state.ts';
import { MAX_BODY } from './comment.ts';
import { code, strong, t, type Block, type Document } from './document.ts';
import { toMarkdown } from './markdown.ts';

/** A deployment file that has to agree with a move. */
export interface Disagreement {
  readonly deployment: string;
  /** Of the file, in the repository. */
  readonly path: string;
  /** What the control record says. */
  readonly role: ActiveRole;
  /** What the file says; `undefined` when nothing. */
  readonly file: ActiveRole | undefined;
  /** Why the file would be refused once it agrees; empty when it would not. */
  readonly refusals: readonly string[];
}

export const agreeTitle = ({ deployment, role }: Disagreement): string =>
  `${deployment}: ${role.site} is active since epoch ${role.since}`;

const answer = ({ deployment, role }: Disagreement): Block => ({
  kind: 'answer',
  mood: 'attention',
  text: t`${deployment} is active in ${role.site} since epoch ${role.since}, and Git does not say so yet`,
});

const why = ({ path, file }: Disagreement): Block => ({
  kind: 'paragraph',
  text: t`A move made it so; ${code(path)} ${
    file === undefined ? 'says nothing of it' : t`still says ${code(file.site)} since epoch ${file.since}`
  }. The control record outranks the file: nothing moves by it. But until both agree no change of the file is carried out.`,
});

const MAX_REFUSALS = 5;
const MAX_REFUSAL = 300;

/** The file would be as wrong without this change; with it somebody looks at it. */
function refused({ refusals }: Disagreement): readonly Block[] {
  if (refusals.length === 0) return [];
  const shown = refusals.slice(0, MAX_REFUSALS).map((refusal) => Array.from(refusal).slice(0, MAX_REFUSAL).join(''));
  const more = refusals.length > MAX_REFUSALS ? `; and ${refusals.length - MAX_REFUSALS} more` : '';
  const text = `The file would be refused with this change, so correct it too: ${shown.join('; ')}${more}`;
  return [{ kind: 'alert', level: 'WARNING', text }];
}

export const agreePullBody = (what: Disagreement): string =>
  toMarkdown([
    answer(what),
    why(what),
    ...refused(what),
    {
      kind: 'paragraph',
      text: t`Merging this changes nothing at AWS. ${strong('Reverting it later does not move anything back')}: for that, run the ${code('failover')} workflow. Closed without merging it is not opened again.`,
    },
  ]);

/** Instead of a pull request, where one would be without checks. */
export function agreeIssueBody(what: Disagreement, before: string, after: string): string {
  const { path, deployment, role } = what;
  const patch = createTwoFilesPatch(`a/${path}`, `b/${path}`, before, after);
  const written = (...change: readonly Block[]) => {
    const document: Document = [
      answer(what),
      why(what),
      ...refused(what),
      ...change,
      {
        kind: 'paragraph',
        text: t`There would be a pull request here if the action had the token of a GitHub App: one that is opened with the workflow's own token starts no checks. This issue is closed once the file agrees; closed before, it is not opened again for this move.`,
      },
    ];
    return [agreeMarker(deployment), toMarkdown(document), hidden({ epoch: role.since }), ''].join('\n');
  };
  const body = written(
    { kind: 'paragraph', text: t`Make this change, by ${code('git apply')} or by hand:` },
    { kind: 'patch', text: patch.slice(patch.indexOf('--- ')).trimEnd() },
  );
  if (body.length <= MAX_BODY) return body;
  return written({
    kind: 'paragraph',
    text: t`Give ${code(path)} the key ${code('active')}: ${code(JSON.stringify(role))}.`,
  });
}

/** The issue once the file agrees: the note it is closed with. */
export const agreedBody = (deployment: string, { site, since }: ActiveRole): string =>
  [
    agreeMarker(deployment),
    toMarkdown([
      { kind: 'answer', mood: 'good', text: `The file says it now: ${site} is active since epoch ${since}` },
    ]),
    hidden({ epoch: since }),
    '',
  ].join('\n');

/** A pull request that is of no use any more: the word it is closed with goes before what it said. */
export const closedPullBody = (body: string, word: string): string =>
  `${toMarkdown([{ kind: 'alert', level: 'NOTE', text: word }])}\n${body}`;
