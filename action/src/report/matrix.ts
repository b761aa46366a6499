import type { MatrixResult } from '../domain/results.ts';
import { code, t, type Document } from './document.ts';
import { plural } from './words.ts';

export function matrixReport({ matrix, files, reason }: MatrixResult): Document {
  const { names, groups, broken, tooMany } = matrix;
  return [
    {
      kind: 'answer',
      mood: broken.length > 0 || tooMany !== '' ? 'attention' : 'good',
      text: `${names.length} of ${plural(files, 'deployment')} in ${plural(groups.length, 'group')}: ${reason}`,
    },
    ...(tooMany === ''
      ? []
      : [
          {
            kind: 'alert',
            level: 'CAUTION',
            text: `${tooMany} do not fit: GitHub runs at most 256 jobs for one matrix. Split the fleet over repositories.`,
          } as const,
        ]),
    ...(broken.length === 0
      ? []
      : [
          {
            kind: 'alert',
            level: 'WARNING',
            text: t`Left out, since nothing could be read from them: ${broken.map(code)}`,
          } as const,
        ]),
    ...groups.map(({ name, deployments }) => ({
      kind: 'details' as const,
      summary: name,
      blocks: [{ kind: 'list' as const, items: deployments.split(' ').map(code) }],
    })),
  ];
}
