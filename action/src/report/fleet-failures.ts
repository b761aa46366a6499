import type { FleetFailure } from '../domain/results.ts';
import { prose, t, type Block } from './document.ts';
import { sentence } from './words.ts';

/** What kept deployments from being worked on, one heading each; nothing when all went well. */
export function failureBlocks(failures: readonly FleetFailure[]): readonly Block[] {
  return failures.flatMap((failure): Block[] => [
    { kind: 'heading', text: `${failure.deployment ?? failure.file}: ${failure.code}` },
    ...wordsOf(failure),
    { kind: 'paragraph', text: t`Do now: ${prose(sentence(failure.fix))}` },
  ]);
}

function wordsOf({ message }: FleetFailure): readonly Block[] {
  const lines = message.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 1
    ? [{ kind: 'list', items: lines.map(prose) }]
    : [{ kind: 'paragraph', text: prose(sentence(lines[0] ?? '')) }];
}
