import type { Finding } from '../domain/results.ts';
import { strong, type Block } from './document.ts';
import { command, sentence, type Context } from './words.ts';

/** The one command of these findings; two of one cause have the same. */
const leading = (findings: readonly Finding[]): Finding['command'] =>
  findings.find((finding) => finding.command !== undefined)?.command;

/** What is so, and the one command. Without a command the sentence says what a person does. */
export function findingBlocks(findings: readonly Finding[], deployment: string, context: Context): readonly Block[] {
  const lead = leading(findings);
  const [only, ...more] = findings.map(({ message }) => sentence(message));
  if (only === undefined) return [];
  return [
    more.length === 0 ? { kind: 'paragraph', text: only } : { kind: 'list', items: [only, ...more] },
    ...(lead === undefined
      ? []
      : [
          { kind: 'paragraph', text: strong('Do now:') } as const,
          command(context, lead.operation, deployment, lead.inputs),
        ]),
  ];
}

/** The same for the top of a run, one for each: title and words. */
export const findingLines = (
  findings: readonly Finding[],
  deployment: string,
  context: Context,
): readonly { readonly title: string; readonly message: string }[] =>
  findings.map(({ name, message, command: lead }) => {
    const said = `${deployment}: ${message}`;
    if (lead === undefined) return { title: name, message: said };
    const { text } = command(context, lead.operation, deployment, lead.inputs);
    return { title: name, message: `${said}\nDo now: ${text.replaceAll(/ \\\n\s*/g, ' ')}` };
  });
