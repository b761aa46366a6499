import { ResourceNotFoundException, ValidationException } from '@aws-sdk/client-mwaa';
import type { AwsFault } from '../domain/faults.ts';
import type { ChangeAnswer, EnvironmentMembers } from '../domain/ports.ts';
import { isHarmlessOption } from '../domain/plan-shown.ts';
import { harmless, leftOut, mayBeRepeated } from '../domain/service-words.ts';
import { call } from './call.ts';
import { toFault, type CallName } from './fault-mapping.ts';
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
  message: mayBeRepeated(isHarmlessOption, members['AirflowConfigurationOptions'])
    ? harmless(error.message)
    : leftOut(error.name, 'CloudTrail has them, in the event of this call'),
});
