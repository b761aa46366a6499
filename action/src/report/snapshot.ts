import type { SnapshotResult, VerifyResult } from '../domain/results.ts';
import { code, t, type Block, type Document, type Inline } from './document.ts';
import { bytes, duration, moment, objectiveRow, plural } from './words.ts';

const howVerified = (result: VerifyResult): Block => {
  const { parts, compared, read, bytes: size, downloaded, rows, milliseconds, site, lineage } = result;
  return {
    kind: 'paragraph',
    text: `Verified in ${site}: ${plural(parts, 'part')} with ${plural(rows, 'row')}, ${bytes(size)}, every checksum right and the key of ${site} opens it, in ${duration(milliseconds / 1_000)}. ${plural(compared, 'part')} compared by the checksum that S3 keeps, ${read} downloaded (${bytes(downloaded)}). Lineage: ${lineage.site}, epoch ${lineage.epoch}.`,
  };
};

const idLine = ({ snapshot }: VerifyResult): Block => ({
  kind: 'paragraph',
  text: t`Snapshot ${code(snapshot.id)}, taken ${moment(snapshot.takenAt)}.`,
});

export function snapshotReport({ outcome, verified, rpo, deployment }: SnapshotResult): Document {
  const { ageSeconds } = verified.snapshot;
  const missed = rpo.measuredSeconds === null || rpo.measuredSeconds > rpo.objectiveSeconds;
  const text: Inline =
    outcome === 'taken'
      ? t`A new snapshot of ${deployment} is verified in ${verified.site}`
      : t`The newest snapshot of ${deployment} is ${duration(ageSeconds)} old and verified in ${verified.site}`;
  return [
    { kind: 'answer', mood: missed ? 'attention' : 'good', text },
    idLine(verified),
    {
      kind: 'table',
      head: ['Objective', 'wanted', 'measured', ''],
      rows: [objectiveRow('RPO: age of the newest verified snapshot', rpo)],
    },
    howVerified(verified),
  ];
}

export const verifyReport = (result: VerifyResult): Document => [
  {
    kind: 'answer',
    mood: 'good',
    text: t`The snapshot of ${result.deployment} that is ${duration(result.snapshot.ageSeconds)} old can be restored in ${result.site}`,
  },
  idLine(result),
  howVerified(result),
];
