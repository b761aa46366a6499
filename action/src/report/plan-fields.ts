import type { FieldRow, Plan, Shown } from '../domain/plan-model.ts';
import { code, t, type Block, type Inline } from './document.ts';
import { plural } from './words.ts';

/** A row that says that all is well. */
export const isQuiet = ({ verdict }: FieldRow): boolean =>
  verdict === 'in sync' || verdict === 'site-local' || verdict === 'ignored';

/** Longest value in a cell: a table is read, not copied from. */
const LONGEST = 120;

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST).toWellFormed()}…` : text);

function value(shown: Shown, nothing: string): Inline {
  if (shown === null) return nothing;
  return 'text' in shown ? code(cut(shown.text)) : `hidden ${shown.hidden}`;
}

const same = (one: Shown, other: Shown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Where Git is silent nothing is written; where it wants something gone that is said. */
function git({ git: { active, standby }, verdict }: FieldRow): Inline {
  const nothing = verdict === 'drift' ? 'not set' : '';
  if (same(active, standby)) return value(active, nothing);
  return t`${value(active, nothing || '–')}; standby ${value(standby, nothing || '–')}`;
}

const VERDICTS: Readonly<Record<FieldRow['verdict'], string>> = {
  'in sync': '✅ in sync',
  drift: '✏️ drift from Git',
  'parity drift': '✏️ parity drift',
  immutable: '🛑 cannot be changed',
  'site-local': '➖ site-local',
  ignored: '➖ ignored',
};

const cells = (row: FieldRow): readonly Inline[] => [
  code(row.field),
  git(row),
  value(row.active, 'not set'),
  value(row.standby, 'not set'),
  row.changes.length === 0 || row.changes.length === 2
    ? VERDICTS[row.verdict]
    : `${VERDICTS[row.verdict]}, changes the ${row.changes.join()}`,
];

const table = ({ active, standby }: Plan, rows: readonly FieldRow[]): Block => ({
  kind: 'table',
  head: ['Field', 'Git', `Active, ${active}`, `Standby, ${standby}`, 'Verdict'],
  rows: rows.map(cells),
});

export function differenceTable(plan: Plan): readonly Block[] {
  const rows = plan.fields.filter((row) => !isQuiet(row));
  return rows.length === 0 ? [] : [table(plan, rows)];
}

/** What is well, folded. */
export function quietDetails(plan: Plan): readonly Block[] {
  const rows = plan.fields.filter(isQuiet);
  if (rows.length === 0) return [];
  const counts = (['in sync', 'site-local', 'ignored'] as const)
    .map((verdict) => [verdict, rows.filter((row) => row.verdict === verdict).length] as const)
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} ${verdict}`);
  const summary = `${plural(rows.length, 'field')} that need nothing: ${counts.join(', ')}`;
  return [{ kind: 'details', summary, blocks: [table(plan, rows)] }];
}

/** What the differences would mean at a failover, each said once. */
export function consequences({ standby, fields, artifacts }: Plan): readonly Block[] {
  const all = [...fields, ...artifacts.rows].map(({ consequence }) => consequence).filter((text) => text !== '');
  if (all.length === 0) return [];
  return [
    { kind: 'heading', text: `Until the sites agree, with the standby ${standby} as it is` },
    { kind: 'list', items: [...new Set(all)] },
  ];
}

export function artifactBlocks({ artifacts: { rows } }: Plan): readonly Block[] {
  const loud = rows.filter(({ verdict }) => verdict !== 'in sync' && verdict !== 'foreign');
  if (loud.length === 0) return [];
  return [
    {
      kind: 'table',
      head: ['File', 'Verdict'],
      rows: loud.map(({ path, verdict }) => [code(cut(path)), verdict]),
    },
  ];
}
