import type { CommentResult } from '../domain/results.ts';
import { t, type Document } from './document.ts';
import { planSetReport } from './plan-set.ts';
import type { Context } from './words.ts';

const WORDS = {
  created: 'The plan is shown in a new comment',
  updated: 'The comment shows the plan',
  outdated: 'The comment shows a newer plan already, and was left',
} as const;

/** What became of the comment, and below it the plans that it shows. */
export function commentReport(result: CommentResult, context: Context): Document {
  const { outcome, pullRequest } = result;
  return [
    { kind: 'paragraph', text: t`${WORDS[outcome]} of pull request #${pullRequest}.` },
    ...planSetReport(
      result,
      context.maxRows >= 1_000 ? 'full' : context.maxRows >= 200 ? 'differences' : 'counts',
      context,
    ),
  ];
}
