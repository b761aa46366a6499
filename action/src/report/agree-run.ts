import type { AgreeResult } from '../domain/results.ts';
import { code, t, type Block, type Document, type Inline } from './document.ts';

function words(result: AgreeResult): { readonly mood: 'good' | 'attention'; readonly text: Inline } {
  const { deployment, file, active, epoch } = result;
  switch (result.outcome) {
    case 'agrees':
      return {
        mood: 'good',
        text: t`${code(file)} says that ${deployment} is active in ${active} since epoch ${epoch}`,
      };
    case 'newer':
      return {
        mood: 'good',
        text: t`A later move is in ${code(file)} or proposed for it already; nothing is left to do for epoch ${epoch}`,
      };
    case 'pull request':
      return {
        mood: 'attention',
        text: t`Merge pull request #${result.number}: it makes ${code(file)} say that ${deployment} is active in ${active}`,
      };
    case 'issue':
      return {
        mood: 'attention',
        text: t`Issue #${result.number} has the patch that makes ${code(file)} say that ${deployment} is active in ${active}`,
      };
    case 'declined':
      return {
        mood: 'attention',
        text: t`Pull request #${result.number} was closed by somebody and is not opened again; ${code(file)} names an older epoch`,
      };
  }
}

/** What became of Git after a move. */
export function agreeReport(result: AgreeResult): Document {
  const { mood, text } = words(result);
  const open: readonly Block[] =
    result.outcome === 'agrees' || result.outcome === 'newer'
      ? []
      : [
          {
            kind: 'paragraph',
            text: 'The control record outranks Git until they agree: no push can move the workflows back, and no change of the file is carried out.',
          },
        ];
  return [{ kind: 'answer', mood, text }, ...open];
}
