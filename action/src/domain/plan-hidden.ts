import type { FieldRow, Shown } from './plan-model.ts';

/** Names of fields in a notice, as many as a line bears. */
const NAMED = 5;

/**
 * What the review cannot hold: a hidden value enters the plan's digest by its letter only, so one that only AWS has may
 * change between review and merge unseen. It is said where reconcile would copy such a value or write over one.
 */
export function hiddenNotices(rows: readonly FieldRow[]): readonly string[] {
  const what = [
    ...said(rows.filter(isCopied), 'would be copied to the standby as it is when reconcile runs'),
    ...said(rows.filter(isOverwritten), 'would be overwritten whatever it holds then'),
  ];
  return what.length === 0 ? [] : [`No hidden value that only AWS has is part of the review: ${what.join('; ')}.`];
}

const isHidden = (shown: Shown): boolean => shown !== null && 'hidden' in shown;

/** Git says nothing, and the standby gets what the active site has. */
const isCopied = ({ git, active, changes }: FieldRow): boolean =>
  changes.includes('standby') && git.standby === null && isHidden(active);

const isOverwritten = (row: FieldRow): boolean => row.changes.some((role) => isHidden(row[role]));

function said(rows: readonly FieldRow[], fate: string): readonly string[] {
  if (rows.length === 0) return [];
  const names = rows.slice(0, NAMED).map(({ field }) => `\`${field}\``);
  const more = rows.length > NAMED ? ['…'] : [];
  return [`${rows.length} ${rows.length === 1 ? 'field' : 'fields'} ${fate} (${[...names, ...more].join(', ')})`];
}
