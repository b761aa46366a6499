import type { FleetFailure } from '../domain/results.ts';
import { prose, t, type Block } from './document.ts';
import { sentence, told } from './words.ts';

/** What kept deployments from being worked on, one heading each; nothing when all went well. */
export function failureBlocks(failures: readonly FleetFailure[]): readonly Block[] {
  return failures.flatMap((failure): Block[] => [
    { kind: 'heading', text: `${failure.deployment ?? failure.file}: ${failure.code}` },
    ...told(failure.message),
    { kind: 'paragraph', text: t`Do now: ${prose(sentence(failure.fix))}` },
  ]);
}
