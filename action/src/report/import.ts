import type { ImportResult } from '../domain/results.ts';
import { code, prose, t, type Document } from './document.ts';
import { command, sentence, type Context } from './words.ts';

export function importReport({ deployment, file, notes }: ImportResult, context: Context): Document {
  return [
    {
      kind: 'answer',
      mood: notes.length === 0 ? 'good' : 'attention',
      text: t`${code(file)} describes ${deployment} as it is`,
    },
    ...(notes.length === 0 ? [] : [{ kind: 'list', items: notes.map((note) => prose(sentence(note))) } as const]),
    {
      kind: 'paragraph',
      text: prose('It only observes: nothing is changed before you set `manage`. See that its plan is empty:'),
    },
    command({ ...context, file, onGitHub: false }, 'plan', deployment),
  ];
}
