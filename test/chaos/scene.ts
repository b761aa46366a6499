import type { Call } from '../doubles/process.ts';
import { keys } from '../../action/src/domain/names.ts';
import type { ModelAirflow } from '../doubles/model-airflow.ts';
import { EAST, WEST } from '../doubles/story.ts';
import type { Story } from '../doubles/story.ts';
import type { Universe } from '../doubles/universe.ts';
import type { Ended, Operation } from './operations.ts';
import type { Profile } from './profiles.ts';
import type { Random } from './random.ts';
import { isLeap, viewOf } from './record-view.ts';
import type { RecordView, WrittenMove, WrittenRecord } from './record-view.ts';

export const REGIONS = [EAST, WEST] as const;
export type Region = (typeof REGIONS)[number];
export const otherRegion = (region: string): Region => (region === EAST ? WEST : EAST);

/** Index of the site in this Region: its epochs leave that rest when divided by two. */
export const siteOf = (region: string): number => (region === EAST ? 0 : 1);

export interface Violation {
  readonly seed: number;
  readonly invariant: string;
  readonly at: string;
  readonly detail: string;
}

export interface Activation {
  readonly region: string;
  readonly epoch: number;
  readonly snapshot: string;
  readonly move: string;
  readonly runId: string;
  readonly at: number;
}

/** What an invariant is told of; each is optional. */
export interface Watcher {
  /** Every five seconds. */
  readonly sample?: () => void;
  readonly activated?: (activation: Activation) => void;
  /** A process makes this call now, or tries to. */
  readonly tried?: (call: Call, by: Operation) => void;
  /** This call takes effect now. */
  readonly called?: (call: Call, by: Operation) => void;
  readonly ended?: (ended: Ended) => void;
  /** Somebody lost or rewrote this Region's record or state row. */
  readonly meddled?: (region: string) => void;
  /** Everything is healed, nobody is at work, and three checks were made. */
  readonly settled?: () => void;
}

const SAMPLE_EVERY = 5_000;

/** One schedule: the world that it happens in, its story so far, and those who watch. */
export class Scene {
  readonly seed: number;
  readonly profile: Profile;
  readonly random: Random;
  readonly story: Story;
  readonly universe: Universe;
  readonly lines: string[] = [];
  readonly violations: Violation[] = [];
  /** All activations that were committed, in their order. */
  readonly activations: Activation[] = [];
  readonly running = new Set<Operation>();
  readonly endings: Ended[] = [];
  /** Ends whatever still goes on by itself, when all is healed. */
  readonly undo: (() => void)[] = [];
  samples = 0;
  /** Nothing goes wrong any more. */
  isHealed = false;
  readonly #watchers: Watcher[] = [];
  readonly #isTold: boolean;
  #isOver = false;
  readonly #lastActive = new Map<string, number>();
  /** Each version of a record is read only once: there are thousands of samples. */
  readonly #views = new WeakMap<Uint8Array, { readonly view: RecordView | undefined }>();

  constructor(seed: number, profile: Profile, random: Random, story: Story, isTold: boolean) {
    this.#isTold = isTold;
    this.seed = seed;
    this.profile = profile;
    this.random = random;
    this.story = story;
    this.universe = story.universe;
    for (const region of REGIONS) {
      this.airflow(region).onActivated = ({ epoch, snapshot, move }, runId) => {
        const activation = { region, epoch, snapshot, move, runId, at: this.now };
        this.note(`>> ${region} ACTIVATED epoch ${epoch} from ${snapshot} by ${runId}; ${this.state}`);
        this.tell('activated', activation);
        this.activations.push(activation);
        this.#noteActive(region);
      };
    }
    this.#sample();
  }

  watch(watcher: Watcher): void {
    this.#watchers.push(watcher);
  }

  tell<K extends keyof Watcher>(what: K, ...about: Parameters<NonNullable<Watcher[K]>>): void {
    for (const watcher of this.#watchers) (watcher[what] as ((...args: unknown[]) => void) | undefined)?.(...about);
  }

  /** Nobody watches any more. */
  close(): void {
    this.#isOver = true;
  }

  get now(): number {
    return this.universe.clock.now();
  }

  get time(): string {
    return new Date(this.now).toISOString().slice(5, 19);
  }

  note(line: string): void {
    this.lines.push(`${this.time} ${line}`);
  }

  /** What only the reader of a single story wants to know. */
  detail(line: string): void {
    if (this.#isTold) this.note(line);
  }

  /** The first time in a schedule counts. */
  violate(invariant: string, detail: string): void {
    if (this.violations.some((known) => known.invariant === invariant)) return;
    this.violations.push({ seed: this.seed, invariant, at: this.time, detail: `${detail}; ${this.state}` });
    this.note(`!!! ${invariant}: ${detail}`);
  }

  minutes(count: number): Promise<void> {
    return this.universe.clock.sleep(count * 60_000);
  }

  airflow(region: string): ModelAirflow {
    return this.universe.airflow(region);
  }

  get actives(): readonly Region[] {
    return REGIONS.filter((region) => this.airflow(region).role === 'active');
  }

  /** The record in a bucket, read without any trouble; `undefined` = missing, damaged, or far above all that is known. */
  record(region: string): RecordView | undefined {
    const view = this.#view(region);
    const rows = REGIONS.map((each) => this.airflow(each).epoch);
    return view === undefined || isLeap(view.epoch, rows) ? undefined : view;
  }

  get controlKey(): string {
    return keys.control(this.universe.deployment.deployment);
  }

  /** The record in a bucket as it is written. */
  written(region: string): WrittenRecord | undefined {
    return this.#view(region)?.written;
  }

  #view(region: string): RecordView | undefined {
    const body = this.universe.s3(region).get(this.universe.bucket(region), this.controlKey)?.body;
    if (body === undefined) return undefined;
    const { view } = this.#views.get(body) ?? { view: viewOf(body) };
    this.#views.set(body, { view });
    return view;
  }

  /** Claimed ones, and those that are only planned, which end with their lease. */
  get moves(): readonly WrittenMove[] {
    const records = REGIONS.flatMap((region) => this.written(region) ?? []);
    return records.flatMap(({ move, lease }) => [...(move ? [move] : []), ...(lease?.move ? [lease.move] : [])]);
  }

  get debts(): readonly string[] {
    const all = REGIONS.flatMap((region) => this.written(region)?.debts ?? []);
    return all.map(({ kind, site, epoch }) => `${kind} of ${site} ${epoch}`);
  }

  /** Whether somebody holds the lease of a move. */
  get hasMoveAtWork(): boolean {
    const leases = REGIONS.flatMap((region) => this.written(region)?.lease ?? []);
    return leases.some(({ purpose, expiresAt }) => purpose === 'failover' && Date.parse(expiresAt) > this.now);
  }

  /** When the site was last seen active in that epoch, in milliseconds. */
  lastActive(region: string, epoch: number): number {
    return this.#lastActive.get(`${region} ${epoch}`) ?? -1;
  }

  /** The highest epoch in a record, as it counts. */
  get highest(): number {
    return Math.max(-1, ...REGIONS.map((region) => this.record(region)?.epoch ?? -1));
  }

  /** The same, of the records that this observer (a process, or a site by its Region) could read now. */
  readableTo(observer: string): number {
    const answering = REGIONS.filter((region) => this.universe.troubleOf(observer, 's3', region) === undefined);
    return Math.max(-1, ...answering.map((region) => this.record(region)?.epoch ?? -1));
  }

  /** Rows and records in a few words. */
  get state(): string {
    const rows = REGIONS.map((region) => `${this.airflow(region).role ?? 'no row'} ${this.airflow(region).epoch}`);
    const records = REGIONS.map((region) => {
      const view = this.#view(region);
      return view === undefined ? 'none' : `${view.written.epoch} ${view.isVoid ? 'void' : view.written.phase}`;
    });
    return `rows ${rows.join(' | ')}, records ${records.join(' | ')}`;
  }

  #noteActive(region: string): void {
    this.#lastActive.set(`${region} ${this.airflow(region).epoch}`, this.now);
  }

  #sample(): void {
    this.universe.clock.after(SAMPLE_EVERY, () => {
      if (this.#isOver) return;
      this.samples += 1;
      for (const region of this.actives) this.#noteActive(region);
      this.tell('sample');
      this.#sample();
    });
  }
}
