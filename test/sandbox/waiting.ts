import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export type Log = (line: string) => void;

/** Says every few seconds that `work` still goes on, so that nobody watches a silent terminal. */
export async function narrated<T>(log: Log, what: string, work: () => Promise<T>): Promise<T> {
  const start = Date.now();
  const seconds = (): string => ((Date.now() - start) / 1000).toFixed(1);
  const timer = setInterval(() => {
    log(`… ${what} (${seconds()} s so far)`);
  }, 5000);
  try {
    const result = await work();
    log(`✓ ${what} (${seconds()} s)`);
    return result;
  } finally {
    clearInterval(timer);
  }
}

/** Polls until `probe` returns something other than undefined; an error in the probe counts as not yet. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  { seconds = 60, everyMs = 200, signal }: { seconds?: number; everyMs?: number; signal?: AbortSignal } = {},
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let last: unknown = 'never true';
  for (;;) {
    try {
      const result = await probe();
      if (result !== undefined) return result;
    } catch (error) {
      last = error;
    }
    signal?.throwIfAborted();
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s`, { cause: last });
    await delay(everyMs);
  }
}

/**
 * A port nobody listens on. Below the range from which the kernel takes ports for outgoing connections,
 * so that it stays free while its server is being started or restarted.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 18000 + Math.floor(Math.random() * 14000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () =>
      server.close(() => {
        resolve(true);
      }),
    );
  });
}

export interface Repetition {
  /** Resolves when the running round has ended. */
  stop(): Promise<void>;
}

/** Like a service of the cloud: goes on after a failed round, for the next may find the Region back. */
export function repeatedly(everyMs: number, round: () => Promise<void>): Repetition {
  const stopping = new AbortController();
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await round().catch(() => undefined);
      await delay(everyMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
    }
  };
  const ended = loop();
  return {
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}
