import { ERROR_CODES, type MdrError } from '../domain/errors.ts';
import { code, prose, strong, t, type Document } from './document.ts';
import { sentence } from './words.ts';

/** What happened, the state left behind, what to do now. */
export function errorReport(error: MdrError): Document {
  const lines = error.message.split('\n').filter((line) => line.trim() !== '');
  const [only] = lines;
  return [
    {
      kind: 'answer',
      mood: error.code === 'MDR-STOPPED' ? 'attention' : 'bad',
      text: t`${error.code}: ${ERROR_CODES[error.code]}`,
    },
    lines.length > 1
      ? { kind: 'list', items: lines.map(prose) }
      : { kind: 'paragraph', text: prose(sentence(only ?? 'No details are known')) },
    ...(error.place === undefined
      ? []
      : [
          {
            kind: 'paragraph',
            text: t`At ${code(`${error.place.file}:${error.place.line}:${error.place.column}`)}.`,
          } as const,
        ]),
    { kind: 'paragraph', text: t`${strong('State now:')} ${prose(sentence(error.state ?? 'not known'))}` },
    { kind: 'paragraph', text: t`${strong('Do now:')} ${prose(sentence(error.fix))}` },
  ];
}
