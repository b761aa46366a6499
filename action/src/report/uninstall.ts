import type { UninstallResult, UninstalledSite } from '../domain/results.ts';
import { code, prose, t, type Document, type Inline } from './document.ts';
import { plural, type Context } from './words.ts';

export function uninstallReport(result: UninstallResult, { file, maxRows }: Context): Document {
  const { deployment, sites, erased, epoch } = result;
  const late = sites.flatMap((site) => site.late);
  const standby = sites.find(({ role }) => role === 'standby');
  const active = sites.find(({ role }) => role === 'active');
  return [
    {
      kind: 'answer',
      mood: 'good',
      text:
        epoch === null
          ? t`Disaster recovery of ${deployment} was uninstalled already`
          : t`Disaster recovery of ${deployment} is uninstalled: ${active?.region ?? ''} works on alone`,
    },
    ...(standby === undefined || standby.database === 'no environment'
      ? []
      : [
          {
            kind: 'alert',
            level: 'WARNING',
            text: t`All DAGs of ${standby.region} are paused, and nothing holds them any more: one that is unpaused there runs beside that of ${active?.region ?? ''}. So does one that is parsed there for the first time, if Airflow creates DAGs unpaused.`,
          } as const,
        ]),
    ...(sites.length === 0
      ? []
      : [
          {
            kind: 'table' as const,
            head: ['Site', 'was', 'database', 'DAG files', 'DAGs', 'objects'],
            rows: sites.map((site) => rowOf(site)),
          },
        ]),
    ...(late.length === 0
      ? []
      : [
          {
            kind: 'details' as const,
            summary: `${plural(late.length, 'DAG')} had no file since the last move, and will come up paused`,
            blocks: [{ kind: 'list' as const, items: late.slice(0, maxRows).map(code) }],
          },
        ]),
    {
      kind: 'paragraph',
      text: prose(
        erased
          ? 'Snapshots, journals, results and evidence are deleted in both DR buckets: their earlier versions stay as long as the buckets keep them.'
          : 'Snapshots, journals, results and evidence are kept in both DR buckets, and `install` goes on from them; `erase: true` deletes them, too.',
      ),
    },
    {
      kind: 'paragraph',
      text: t`What is yours to remove: ${code(file)}, before a workflow installs it again; the stacks of ${code('infra/')}; the policy at the execution roles.`,
    },
  ];
}

const rowOf = ({ region, role, database, paused, files, dags, objects }: UninstalledSite): readonly Inline[] => [
  region,
  role,
  paused === 0 ? database : `${database}, ${plural(paused, 'DAG')} paused`,
  `${files} removed`,
  `${dags} removed`,
  `${objects} removed`,
];
