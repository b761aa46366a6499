import type { MatrixResult } from '../domain/results.ts';
import { code, type Document } from './document.ts';
import { failureBlocks } from './fleet-failures.ts';
import { plural } from './words.ts';

export const tooManyWords = (tooMany: string): string =>
  `${tooMany} do not fit: GitHub runs at most 256 jobs for one matrix. Split the fleet over repositories.`;

export function matrixReport({ matrix, files, failures, reason }: MatrixResult): Document {
  const { names, groups, tooMany } = matrix;
  const unread = failures.length === 0 ? '' : `, ${failures.length} of them unreadable`;
  return [
    {
      kind: 'answer',
      mood: failures.length > 0 || tooMany !== '' ? 'bad' : 'good',
      text: `${names.length} of ${plural(files, 'deployment')}${unread} in ${plural(groups.length, 'group')}: ${reason}`,
    },
    ...(tooMany === '' ? [] : [{ kind: 'alert', level: 'CAUTION', text: tooManyWords(tooMany) } as const]),
    ...failureBlocks(failures),
    ...groups.map(({ name, deployments }) => ({
      kind: 'details' as const,
      summary: name,
      blocks: [{ kind: 'list' as const, items: deployments.split(' ').map(code) }],
    })),
  ];
}
