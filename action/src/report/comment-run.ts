import type { CommentResult } from '../domain/results.ts';
import { t, type Document } from './document.ts';
import { detailOf, planSetReport } from './plan-set.ts';
import type { Context } from './words.ts';

const WORDS = {
  created: 'The plan is shown in a new comment',
  updated: 'The comment shows the plan',
  closed: 'What was reviewed stays in the comment: nothing is written after the end',
  none: 'Nothing had to be said in a comment',
  outdated: 'The comment shows a newer plan already, and was left',
} as const;

/** The plans that the comment shows, and what became of it. */
export function commentReport(result: CommentResult, context: Context): Document {
  const { outcome, pullRequest } = result;
  return [
    ...planSetReport(result, detailOf(context), context),
    { kind: 'paragraph', text: t`${WORDS[outcome]} of pull request #${pullRequest}.` },
  ];
}
