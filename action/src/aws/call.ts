import { setTimeout as sleep } from 'node:timers/promises';
import { toFault, worthRetrying, type CallName } from './fault-mapping.ts';
import type { AwsSession } from './session.ts';

/** Milliseconds. A Region that may be dead must not hold up a decision: docs/formats.md, Endpoints. */
export interface Limits {
  readonly connect: number;
  /** Of one try, where a second one makes sense. */
  readonly attempt: number;
  /** Of all tries together. */
  readonly total: number;
  /** Before the second try; a throttled one waits up to four times as long. */
  readonly pause: number;
}

export const LIMITS: Limits = { connect: 3_000, attempt: 6_000, total: 10_000, pause: 300 };

class TimeUp extends Error {
  override readonly name = 'TimeoutError';
}

/** One try. `alive` says that bytes are flowing and starts its time anew: long downloads are not cut, stalled ones are. */
export type Attempt<T> = (signal: AbortSignal, alive: () => void) => Promise<T>;

async function within<T>(milliseconds: number, attempt: Attempt<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      controller.abort();
      reject(new TimeUp(`no answer within ${milliseconds} ms`));
    }, milliseconds);
  });
  try {
    // A race, since not everything below obeys the signal: name resolution does not.
    return await Promise.race([attempt(controller.signal, () => timer?.refresh()), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The only way to AWS: a deadline, one retry where it can help, and no error but AwsFault. An attempt handles the
 * service's answers that it expects (404, 409, 412) itself.
 * @param patient a single try may use the whole time: for calls that wait for something behind AWS.
 * @throws AwsFault
 */
export async function call<T>(
  session: Pick<AwsSession, 'credentials' | 'limits'>,
  name: CallName,
  attempt: Attempt<T>,
  patient = false,
): Promise<T> {
  const { limits } = session;
  // Outside the deadline, since this is a call to another service which has its own.
  await session.credentials();
  const started = performance.now();
  const left = () => limits.total - (performance.now() - started);
  for (let tries = 1; ; tries++) {
    try {
      return await within(patient ? left() : Math.min(left(), limits.attempt), attempt);
    } catch (error) {
      const fault = toFault(name, error);
      const pause = limits.pause * (fault.quality === 'throttled' ? 2 + 2 * Math.random() : 1);
      if (tries === 2 || !worthRetrying(fault) || left() <= pause) throw fault;
      await sleep(pause);
    }
  }
}
