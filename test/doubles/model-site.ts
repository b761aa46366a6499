import type { Deployment, Site, SiteIndex } from '../../action/src/domain/deployment.ts';
import type { Service, Unreadable } from '../../action/src/domain/faults.ts';
import { drBucket, keys } from '../../action/src/domain/names.ts';
import type { MemoryS3 } from './memory-s3.ts';
import { readingOf, siteOf } from './model-records.ts';
import type { RecordReading } from './model-records.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface Surroundings {
  readonly clock: VirtualClock;
  readonly deployment: Deployment;
  readonly index: SiteIndex;
  readonly s3: (of: SiteIndex) => MemoryS3;
  /** What keeps this site from using a service of a site's Region now; `undefined` = nothing. */
  readonly trouble: (service: Service, of: SiteIndex) => Unreadable | undefined;
}

/** How long a call takes that is answered, and one that is not (milliseconds). */
const CALL_TAKES = 300;
const DARK_TAKES = 6_000;

/** What the workers of one site see of the world: both Regions' S3 and KMS, as far as these answer them. */
export class ModelSite {
  readonly clock: VirtualClock;
  readonly deployment: Deployment;
  readonly index: SiteIndex;
  readonly peer: SiteIndex;
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
    this.clock = around.clock;
    this.deployment = around.deployment;
    this.index = around.index;
    this.peer = around.index === 0 ? 1 : 0;
  }

  get site(): Site {
    return this.deployment.sites[this.index];
  }

  get time(): string {
    return new Date(this.clock.now()).toISOString();
  }

  trouble(service: Service, of: SiteIndex = this.index): Unreadable | undefined {
    return this.#around.trouble(service, of);
  }

  /** Milliseconds that a call to the S3 of that site takes now. */
  takes(of: SiteIndex): number {
    return this.trouble('s3', of) === 'dark' ? DARK_TAKES : CALL_TAKES;
  }

  /** Whether the DR DAGs were delivered; what the workers have of them outlives any trouble of S3. */
  get isDelivered(): boolean {
    const { dagsBucket, dagsPath } = this.site;
    return this.#around.s3(this.index).get(dagsBucket, `${dagsPath}/mwaadr/deployment.json`) !== undefined;
  }

  record(of: SiteIndex): RecordReading {
    const quality = this.trouble('s3', of);
    if (quality !== undefined) return { quality };
    const reading = readingOf(this.get(of, keys.control(this.deployment.deployment)));
    const activated = reading.record?.activated;
    const isOfItsSite =
      activated === undefined || activated.site === this.deployment.sites[siteOf(activated.epoch)].region;
    return isOfItsSite ? reading : { quality: 'invalid' };
  }

  json(of: SiteIndex, key: string): Readonly<Record<string, unknown>> | undefined {
    if (this.trouble('s3', of) !== undefined) return undefined;
    const body = this.get(of, key);
    if (body === undefined) return undefined;
    try {
      return JSON.parse(Buffer.from(body).toString('utf8')) as Readonly<Record<string, unknown>>;
    } catch {
      return undefined;
    }
  }

  /** Whatever trouble there is: ask {@link trouble} first. */
  get(of: SiteIndex, key: string): Uint8Array | undefined {
    return this.#around.s3(of).get(this.#bucket(of), key)?.body;
  }

  /** False when S3 did not take it. */
  put(of: SiteIndex, key: string, body: string | Uint8Array, when: 'any' | { ifAbsent: true } = 'any'): boolean {
    if (this.trouble('s3', of) !== undefined) return false;
    this.#around.s3(of).put(this.#bucket(of), key, body, when);
    return true;
  }

  /** Keys below a prefix in a site's bucket. */
  keysBelow(of: SiteIndex, prefix: string): readonly string[] {
    if (this.trouble('s3', of) !== undefined) return [];
    return this.#around
      .s3(of)
      .list(this.#bucket(of), prefix)
      .map(({ key }) => key);
  }

  #bucket(of: SiteIndex): string {
    return drBucket(this.deployment.sites[of]);
  }
}

/** A part of a task's work. `again`: it has to be tried again soon. What else it answers is the end of the task. */
export interface Step<T> {
  /** Milliseconds after the step before it. */
  readonly after: () => number;
  readonly act: () => T | 'next' | 'again';
}

const TRIES_AGAIN = 1_000;

/** A task of a worker: its steps one after the other, as long as the site is there. `gone`: it was not. */
export function inSteps<T>(
  clock: VirtualClock,
  isThere: () => boolean,
  steps: readonly Step<T>[],
  done: (end: T | 'done' | 'gone') => void,
): void {
  const [step, ...rest] = steps;
  if (step === undefined) {
    done('done');
    return;
  }
  clock.after(step.after(), () => {
    const end = isThere() ? step.act() : 'gone';
    if (end === 'next') inSteps(clock, isThere, rest, done);
    else if (end === 'again') inSteps(clock, isThere, [{ ...step, after: () => TRIES_AGAIN }, ...rest], done);
    else done(end);
  });
}
