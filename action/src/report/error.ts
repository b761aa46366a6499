import { ERROR_CODES, type MdrError } from '../domain/errors.ts';
import { code, prose, strong, t, type Document } from './document.ts';
import { sentence, told } from './words.ts';

/** What happened, the state left behind, what to do now. */
export function errorReport(error: MdrError): Document {
  return [
    {
      kind: 'answer',
      mood: error.code === 'MDR-STOPPED' ? 'attention' : 'bad',
      text: t`${error.code}: ${ERROR_CODES[error.code]}`,
    },
    ...told(error.message),
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
