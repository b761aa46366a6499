import type { ValidateResult } from '../domain/results.ts';
import { code, prose, t, type Document } from './document.ts';
import { failureBlocks } from './fleet-failures.ts';
import { plural, sentence } from './words.ts';

export function validateReport({ files, failures, warnings }: ValidateResult): Document {
  const all = files.length + failures.length;
  return [
    failures.length === 0
      ? { kind: 'answer', mood: 'good', text: `${plural(all, 'deployment file')}: schema and rules are met` }
      : {
          kind: 'answer',
          mood: 'bad',
          text: `${failures.length} of ${plural(all, 'deployment file')} ${failures.length === 1 ? 'is' : 'are'} wrong`,
        },
    ...failureBlocks(failures),
    ...warnings.map((warning) => ({ kind: 'alert', level: 'WARNING', text: prose(sentence(warning)) }) as const),
    ...(files.length === 0
      ? []
      : [
          {
            kind: 'details',
            summary: `${plural(files.length, 'file')} in order`,
            blocks: [{ kind: 'list', items: files.map(({ file, deployment }) => t`${code(file)}: ${deployment}`) }],
          } as const,
        ]),
  ];
}
