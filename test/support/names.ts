/**
 * Keys of objects in the DR bucket as docs/formats.md gives them. Written down a second time on purpose: what runs the
 * bundle from outside takes nothing from its source.
 */
const D = 'sandbox';

export const DEPLOYMENT = D;
export const drBucket = (region: string): string => `mwaadr-111122223333-${region}`;

export const keys = {
  control: `control/${D}.json`,
  journal: (move: string) => `control/${D}/journal/${move}/`,
  journalEntry: (move: string, number: number) =>
    `control/${D}/journal/${move}/${String(number).padStart(4, '0')}.json`,
  heartbeat: (region: string) => `sites/${D}/${region}/heartbeat.json`,
  snapshot: (id: string) => `snapshots/${D}/${id}/`,
  manifest: (id: string) => `snapshots/${D}/${id}/manifest.json`,
  part: (id: string, table: string, part: string) => `snapshots/${D}/${id}/${table}/${part}`,
  result: (dagRunId: string) => `results/${D}/${dagRunId}.json`,
} as const;
