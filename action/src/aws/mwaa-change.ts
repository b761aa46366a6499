import { ResourceNotFoundException, ValidationException } from '@aws-sdk/client-mwaa';
import type { AwsFault } from '../domain/faults.ts';
import type { ChangeAnswer, EnvironmentMembers } from '../domain/ports.ts';
import { call } from './call.ts';
import { harmless, toFault, type CallName } from './fault-mapping.ts';
import type { AwsSession } from './session.ts';

interface Request {
  body?: unknown;
}
type Handler = (args: { request: Request }) => Promise<unknown>;
interface Stack {
  add(
    middleware: (next: Handler) => Handler,
    options: { step: 'serialize'; priority: 'low'; name: 'mwaadrSendMembers' },
  ): void;
}

/**
 * Sends all members that are given. The client's last published release, 3.523.0, knows the API of that day and
 * silently drops what came later: MinWebservers, MaxWebservers, WorkerReplacementStrategy.
 */
export function sendMembers(command: { readonly middlewareStack: unknown }, members: EnvironmentMembers): void {
  (command.middlewareStack as Stack).add(
    (next) => (args) => {
      args.request.body = JSON.stringify(members);
      return next(args);
    },
    // Low priority in this step comes after the client's own serializer, and before length and signature are taken.
    { step: 'serialize', priority: 'low', name: 'mwaadrSendMembers' },
  );
}

/**
 * One change, at most once: after a reply that was lost it is not repeated, since the second answer would be about the
 * first request. Throttled requests were not taken, and are.
 * @throws AwsFault
 */
export async function changeOnce(
  session: AwsSession,
  name: CallName,
  members: EnvironmentMembers,
  send: (signal: AbortSignal) => Promise<unknown>,
): Promise<ChangeAnswer> {
  const outcome = await call<ChangeAnswer | AwsFault>(
    session,
    name,
    async (signal) => {
      try {
        await send(signal);
        return { accepted: true };
      } catch (error) {
        if (error instanceof ValidationException) return refused('refused', error, members);
        if (error instanceof ResourceNotFoundException) return refused('missing', error, members);
        const fault = toFault(name, error);
        if (fault.quality === 'throttled') throw fault;
        return fault;
      }
    },
    true,
  );
  if ('accepted' in outcome) return outcome;
  throw outcome;
}

const refused = (why: 'refused' | 'missing', error: Error, members: EnvironmentMembers): ChangeAnswer => ({
  accepted: false,
  why,
  message: withoutOptions(harmless(error.message), members),
});

/** The service quotes what it does not like; an option of Airflow may be a secret. */
function withoutOptions(message: string, members: EnvironmentMembers): string {
  const options = Object.values((members['AirflowConfigurationOptions'] ?? {}) as Readonly<Record<string, unknown>>);
  return options
    .filter((value): value is string => typeof value === 'string' && value.length >= SHORTEST_SECRET)
    .toSorted((a, b) => b.length - a.length)
    .reduce((text, value) => text.replaceAll(harmless(value), '***').replaceAll(value, '***'), message);
}

/** Shorter values are numbers and switches, and would take the words of the message along. */
const SHORTEST_SECRET = 6;
