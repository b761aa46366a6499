import type { CheckDagsResult, DagFinding } from '../domain/dag-check.ts';
import { code, t, type Block, type Document, type Inline } from './document.ts';
import { bounded, duration, plural, sentence, type Context } from './words.ts';

const placeOf = ({ file, line }: DagFinding): Inline =>
  file === undefined ? '' : code(line === undefined ? file : `${file}:${line}`);

function findingsTable(title: string, findings: readonly DagFinding[], context: Context): readonly Block[] {
  if (findings.length === 0) return [];
  return [
    { kind: 'heading', text: title },
    {
      kind: 'table',
      head: ['Where', 'What', 'Do now'],
      rows: bounded(findings, context, (finding) => [placeOf(finding), sentence(finding.message), finding.fix]),
    },
  ];
}

function answer({ folder, airflowVersion, dags, files }: CheckDagsResult, errors: number, warnings: number): Block {
  const looked = t`${plural(dags, 'DAG')} in ${plural(files, 'file')} of ${code(folder)}`;
  if (errors > 0)
    return {
      kind: 'answer',
      mood: 'bad',
      text: t`Airflow ${airflowVersion} cannot take ${code(folder)} as it is: ${plural(errors, 'error')}`,
    };
  return warnings > 0
    ? { kind: 'answer', mood: 'attention', text: t`${looked}: usable, with ${plural(warnings, 'warning')}` }
    : { kind: 'answer', mood: 'good', text: t`${looked}: Airflow ${airflowVersion} imports them all` };
}

export function checkDagsReport(result: CheckDagsResult, context: Context): Document {
  const errors = result.findings.filter(({ level }) => level === 'error');
  const warnings = result.findings.filter(({ level }) => level === 'warning');
  return [
    answer(result, errors.length, warnings.length),
    ...findingsTable('Refused', errors, context),
    ...findingsTable('Worth a look', warnings, context),
    {
      kind: 'paragraph',
      text: t`Imported in Airflow ${result.airflowVersion}: ${plural(result.files, 'file')}, ${plural(result.dags, 'DAG')}, ${plural(result.tasks, 'task')}, in ${duration(result.seconds)}.`,
    },
    ...(result.slowest.length === 0
      ? []
      : [
          {
            kind: 'details' as const,
            summary: 'Slowest files',
            blocks: [
              {
                kind: 'table' as const,
                head: ['File', 'seconds', 'DAGs'],
                rows: result.slowest.map(({ file, seconds, dags }) => [code(file), seconds.toFixed(3), String(dags)]),
              },
            ],
          },
        ]),
  ];
}
