import { ERROR_CODES, type MdrError } from '../domain/errors.ts';
import { code, strong, t, type Document } from './document.ts';

const sentence = (text: string): string => {
  const trimmed = text.trim().replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());
  return /[.!?:]$/.test(trimmed) ? trimmed : `${trimmed}.`;
};

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
      ? { kind: 'list', items: lines }
      : { kind: 'paragraph', text: sentence(only ?? 'No details are known') },
    ...(error.place === undefined
      ? []
      : [
          {
            kind: 'paragraph',
            text: t`At ${code(`${error.place.file}:${error.place.line}:${error.place.column}`)}.`,
          } as const,
        ]),
    { kind: 'paragraph', text: t`${strong('State now:')} ${sentence(error.state ?? 'not known')}` },
    { kind: 'paragraph', text: t`${strong('Do now:')} ${sentence(error.fix)}` },
  ];
}
