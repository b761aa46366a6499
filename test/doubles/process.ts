import { createHash } from 'node:crypto';
import type { RegionPorts, World } from '../../action/src/domain/ports.ts';
import { fault, portsOf } from './memory-ports.ts';
import type { Request, Send } from './memory-ports.ts';
import type { Universe } from './universe.ts';

/** Thrown into a process that was killed: nothing of it runs on. */
export class Killed extends Error {}

export interface Call {
  /** Counts from 1 over all calls of the process. */
  readonly number: number;
  readonly operation: string;
  readonly region: string;
  /** S3 key, name of the environment, or method and path of a REST call that changes something: what there is. */
  readonly key: string;
}

/**
 * What befalls a call: the process dies before or after it took effect, the reply is lost, or the whole process stands
 * still for so many milliseconds: before it signs the request, or with the signed request not yet sent.
 */
export type Mishap =
  'kill before' | 'kill after' | 'lose reply' | { readonly freeze: number; readonly inFlight?: boolean } | undefined;

export interface ProcessOptions {
  readonly name: string;
  readonly mishap?: (call: Call) => Mishap;
  /** Told of each call right before it takes effect. */
  readonly watch?: (call: Call) => void;
  /** Told of each line of the live log. */
  readonly say?: (line: string) => void;
  /** At its first write to a key with this in it the whole process stands still for so many milliseconds. */
  readonly freezeAt?: string | undefined;
  readonly freezeFor?: number;
  /** Added to what the process believes to be the time. */
  readonly skew?: number | (() => number);
  /** From the call with this number on its credentials are expired. */
  readonly expiresAt?: number;
}

const CALL_TAKES = 20;
const DARK_TAKES = 6_000;
/** AWS takes no request that arrives later than this after it was signed. */
const SIGNATURE_HOLDS = 300_000;

/** One run of the action in the universe: its own ports, its own death. */
export class Process implements World {
  readonly actor: string;
  readonly lines: string[] = [];
  readonly stopper = new AbortController();
  readonly stop = this.stopper.signal;
  calls = 0;
  dead = false;
  readonly clock: World['clock'];
  readonly random: World['random'];
  readonly log: World['log'];
  readonly #universe: Universe;
  #options: ProcessOptions;
  #frozenUntil = 0;
  #randoms = 0;

  constructor(universe: Universe, options: ProcessOptions) {
    const { skew = 0 } = options;
    this.#universe = universe;
    this.#options = options;
    this.actor = options.name;
    this.clock = {
      now: () => universe.clock.now() + (typeof skew === 'function' ? skew() : skew),
      sleep: (milliseconds, signal) => this.#sleep(milliseconds, signal),
    };
    this.random = { hex: (bytes) => this.#hex(bytes) };
    const say = (line: string): void => {
      this.lines.push(line);
      options.say?.(line);
    };
    this.log = {
      group: async (title, body) => {
        say(title);
        return body();
      },
      info: say,
      warning: (line) => {
        say(`warning: ${line}`);
      },
    };
  }

  drDags(): ReturnType<World['drDags']> {
    return Promise.resolve([{ path: 'mwaadr_dags.py', body: Buffer.from('# DAGs', 'utf8') }]);
  }

  region(name: string): RegionPorts {
    const send: Send = (request, effect, notAfter) => this.#send({ ...request, region: name }, effect, notAfter);
    return portsOf(this.#universe, name, send, (bytes) => this.#hex(bytes));
  }

  #sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (!this.dead) return this.#universe.clock.sleep(milliseconds, signal).then(() => this.#thaw());
    if (signal === undefined || signal === this.stop) return Promise.reject(new Killed());
    return signal.aborted
      ? Promise.resolve()
      : new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            resolve();
          });
        });
  }

  #hex(bytes: number): string {
    this.#randoms += 1;
    const seed = `${this.#options.name} ${this.#randoms} ${this.#universe.clock.now()}`;
    return createHash('sha256')
      .update(seed)
      .digest('hex')
      .slice(0, 2 * bytes);
  }

  /** `notAfter`: by the clock of this process; what comes too late is not sent. */
  async #send<T>(
    { service, region, operation, key }: Request & { readonly region: string },
    effect: () => T,
    notAfter = Number.POSITIVE_INFINITY,
  ): Promise<T> {
    if (this.dead) throw new Killed();
    this.calls += 1;
    const { number, mishap } = this.#befalls({ operation, region, key });
    if (mishap === 'kill before') throw this.#die();
    const isInFlight = typeof mishap === 'object' && mishap.inFlight === true;
    if (typeof mishap === 'object') this.#freeze(mishap.freeze);
    if (!isInFlight) await this.#thaw();
    if (this.clock.now() > notAfter) throw fault('error', service, region, operation, 'TooLate');
    const signed = this.#universe.clock.now();
    await this.#thaw();
    const trouble = this.#universe.troubleOf(this.actor, service, region);
    const quality = trouble ?? this.#denial(number, signed);
    await this.#universe.clock.sleep(trouble === 'dark' ? DARK_TAKES : CALL_TAKES);
    if (this.#isDead()) throw new Killed();
    if (typeof quality === 'object') throw fault('denied', service, region, operation, quality.denied);
    if (quality !== undefined) throw fault(quality, service, region, operation);
    this.#options.watch?.({ number, operation, region, key });
    const result = effect();
    if (mishap === 'kill after') throw this.#die();
    await this.#thaw();
    if (mishap === 'lose reply') throw fault('dark', service, region, operation);
    return result;
  }

  #befalls(call: Omit<Call, 'number'>): { readonly number: number; readonly mishap: Mishap } {
    const number = this.calls;
    const { freezeAt, freezeFor, mishap } = this.#options;
    if (call.operation === 'PutObject' && freezeAt !== undefined && call.key.includes(freezeAt)) {
      this.#options = { ...this.#options, freezeAt: undefined };
      return { number, mishap: { freeze: freezeFor ?? 0 } };
    }
    return { number, mishap: mishap?.({ number, ...call }) };
  }

  #freeze(milliseconds: number): void {
    this.#frozenUntil = this.#universe.clock.now() + milliseconds;
  }

  async #thaw(): Promise<void> {
    const { clock } = this.#universe;
    while (this.#frozenUntil > clock.now()) await clock.sleep(this.#frozenUntil - clock.now());
  }

  #denial(call: number, signed: number): { denied: string } | undefined {
    if (call >= (this.#options.expiresAt ?? Number.POSITIVE_INFINITY)) return { denied: 'ExpiredToken' };
    const isStale = this.#universe.clock.now() - signed > SIGNATURE_HOLDS;
    return isStale ? { denied: 'InvalidSignatureException' } : undefined;
  }

  #isDead(): boolean {
    return this.dead;
  }

  #die(): Killed {
    this.dead = true;
    return new Killed();
  }
}
