import type { LastRegion } from './last-region.ts';
import type { Outcome } from './schedule.ts';

/** As much of an outcome as a worker sends home. */
export type Summary = Omit<Outcome, 'lines'>;

interface Broken {
  readonly seeds: number[];
  readonly first: string;
}

/** What all schedules of a run came to. */
export class Totals {
  schedules = 0;
  operations = 0;
  samples = 0;
  /** By invariant. */
  readonly broken = new Map<string, Broken>();
  readonly #codes = new Map<string, number>();
  /** How it ended → seeds. */
  readonly #commands = new Map<string, number[]>();
  readonly #lastRegions = new Map<string, number[]>();

  add(summary: Summary): void {
    this.schedules += 1;
    this.operations += summary.operations;
    this.samples += summary.samples;
    for (const { invariant, seed, at, detail } of summary.violations) {
      const known = this.broken.get(invariant);
      if (known === undefined) this.broken.set(invariant, { seeds: [seed], first: `seed ${seed} at ${at}: ${detail}` });
      else known.seeds.push(seed);
    }
    for (const [code, count] of Object.entries(summary.codes)) {
      this.#codes.set(code, (this.#codes.get(code) ?? 0) + count);
    }
    if (summary.command !== undefined) note(this.#commands, summary.command, summary.seed);
    if (summary.lastRegion !== undefined) note(this.#lastRegions, inWords(summary.lastRegion), summary.seed);
  }

  /** The result, for a reader; its first line is the answer. */
  lines(seconds: number): readonly string[] {
    const perSecond = (this.schedules / Math.max(1, seconds)).toFixed(1);
    return [
      `${this.broken.size === 0 ? 'every promise held' : `${this.broken.size} promises broken`} in ${this.schedules} schedules`,
      `  ${this.operations} operations, ${this.samples} looks at the state, ${Math.round(seconds)} s, ${perSecond} schedules a second`,
      ...[...this.broken].map(([invariant, { seeds }]) => `  BROKEN ${invariant}: ${seeds.length} (${some(seeds)})`),
      ...[...this.broken].map(([invariant, { first }]) => `  ${invariant}, ${first}`),
      ...listed('how operations ended', this.#codes),
      ...withSeeds('the command that the last check printed', this.#commands),
      ...withSeeds('one Region left for good, and failover to it', this.#lastRegions),
    ];
  }
}

function note(ends: Map<string, number[]>, how: string, seed: number): void {
  ends.set(how, [...(ends.get(how) ?? []), seed]);
}

const inWords = (last: LastRegion): string => (last.end === 'cannot' ? `cannot be activated: ${last.code}` : last.end);

const some = (seeds: readonly number[]): string =>
  `seeds ${seeds.slice(0, 8).join(', ')}${seeds.length > 8 ? ' …' : ''}`;

function listed(title: string, counts: ReadonlyMap<string, number>): readonly string[] {
  if (counts.size === 0) return [];
  const sum = [...counts.values()].reduce((total, count) => total + count, 0);
  const rows = [...counts].toSorted(([, a], [, b]) => b - a);
  const share = (count: number) => `${((100 * count) / sum).toFixed(1)} %`;
  return [`  ${title}:`, ...rows.map(([key, count]) => `    ${count} (${share(count)}) ${key}`)];
}

const withSeeds = (title: string, ends: ReadonlyMap<string, readonly number[]>): readonly string[] =>
  listed(title, new Map([...ends].map(([how, seeds]) => [`${how} (${some(seeds)})`, seeds.length])));
