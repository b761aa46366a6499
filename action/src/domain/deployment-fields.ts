import { MEMBERS, MODULE_PARTS } from './members.ts';
import type { Member } from './members.ts';
import { matches } from './wildcard.ts';

/** The modules of the logging configuration, by the API's names. */
export const LOG_MODULES = ['DagProcessingLogs', 'SchedulerLogs', 'WebserverLogs', 'WorkerLogs', 'TaskLogs'] as const;

/** The fields of one member as a plan names them; of a map only its beginning, since its keys are free. */
const fieldsOf = ({ api, shape }: Member): readonly string[] => {
  if (shape !== 'modules') return [shape === 'map' ? `${api}.` : api];
  return LOG_MODULES.flatMap((module) => Object.keys(MODULE_PARTS).map((part) => `${api}.${module}.${part}`));
};

/** For suggestions. */
export const KNOWN_FIELDS: readonly string[] = MEMBERS.flatMap(fieldsOf);

/** The members of which a pattern, as in `ignore`, means at least one field; none when it names nothing that exists. */
export const fieldsMeant = (pattern: string): readonly Member[] =>
  MEMBERS.filter((member) => fieldsOf(member).some((field) => means(pattern, member, field)));

function means(pattern: string, { shape }: Member, field: string): boolean {
  if (shape !== 'map') return matches(pattern, field);
  const [head = ''] = pattern.split('*');
  return (pattern.startsWith(field) && pattern !== field) || (pattern.includes('*') && field.startsWith(head));
}
