import { ERROR_CODES, type MdrError } from '../domain/errors.ts';
import { code, prose, strong, t, type Document } from './document.ts';
import { sentence } from './words.ts';

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

/** Several lines are a list, and one that ends with a colon leads it in. */
function told(message: string): Document {
  const lines = message.split('\n').filter((line) => line.trim() !== '');
  const [first = 'No details are known', ...more] = lines;
  if (more.length === 0) return [{ kind: 'paragraph', text: prose(sentence(first)) }];
  if (!first.endsWith(':')) return [{ kind: 'list', items: lines.map(prose) }];
  return [
    { kind: 'paragraph', text: prose(sentence(first)) },
    { kind: 'list', items: more.map(prose) },
  ];
}
