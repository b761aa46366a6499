import type { InstallResult } from '../domain/results.ts';
import { t, type Document, type Inline } from './document.ts';
import { command, plural, type Context } from './words.ts';

export function installReport({ deployment, changed, sites }: InstallResult, context: Context): Document {
  const waiting = sites.filter(({ holdInstalled }) => !holdInstalled).map(({ region }) => region);
  const text = changed
    ? t`Disaster recovery of ${deployment} is installed`
    : t`Disaster recovery of ${deployment} was installed already; nothing changed`;
  return [
    {
      kind: 'answer',
      mood: waiting.length === 0 ? 'good' : 'attention',
      text: waiting.length === 0 ? text : t`${text}, but its first heartbeat is missing`,
    },
    {
      kind: 'table',
      head: ['Site', 'files', 'control record', 'hold'],
      rows: sites.map(({ region, uploaded, unchanged, control, holdInstalled }): readonly Inline[] => [
        region,
        `${uploaded.length} uploaded, ${unchanged} unchanged`,
        control,
        holdInstalled ? '✅ in place' : '❔ not seen yet',
      ]),
    },
    ...(waiting.length === 0
      ? []
      : [
          {
            kind: 'alert',
            level: 'WARNING',
            text: `No heartbeat from ${waiting.join(' and ')} yet: Airflow takes some minutes to find new DAG files. Until then the standby is not held and there are no snapshots.`,
          } as const,
        ]),
    ...sites
      .filter(({ uploaded }) => uploaded.length > 0)
      .map(({ region, uploaded }) => ({
        kind: 'details' as const,
        summary: `${plural(uploaded.length, 'file')} uploaded in ${region}`,
        blocks: [{ kind: 'list' as const, items: uploaded.map((path) => ({ code: path })) }],
      })),
    { kind: 'paragraph', text: 'Next, see that both sites report:' },
    command(context, 'check', deployment),
  ];
}
