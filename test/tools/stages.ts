/** Runs named stages, says what each took, and is never silent for long. */

export interface Outcome {
  readonly ok: boolean;
  /** Shown when the stage failed, or always if `show` is set. */
  readonly output: string;
  readonly show?: boolean;
  readonly tests?: { readonly passed: number; readonly failed: number };
  /** Each failed test: its name, and what it said. */
  readonly failures?: readonly string[];
}

export interface Stage {
  readonly name: string;
  /** Text given to `print` is shown at once. */
  readonly run: (print: (text: string) => void) => Promise<Outcome>;
}

export interface Totals {
  readonly passed: number;
  /** Failed tests, and one for each failed stage that names none. */
  readonly failed: number;
}

const SILENCE_MS = 8_000;

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

export class StageRunner {
  readonly #print: (text: string) => void;
  #passed = 0;
  #failed = 0;
  readonly #failures: string[] = [];
  #lastOutput = performance.now();
  readonly #running = new Map<string, number>();

  constructor(print: (text: string) => void = (text) => process.stdout.write(text)) {
    this.#print = (text) => {
      this.#lastOutput = performance.now();
      print(text);
    };
  }

  get totals(): Totals {
    return { passed: this.#passed, failed: this.#failed };
  }

  /** What failed, once more, for the end of a long output: each failed test, or the stage that names none. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  /** Runs the stages in their order, at most `width` at a time. Answers whether all of them are well. */
  async run(stages: readonly Stage[], width: number): Promise<boolean> {
    const before = this.#failed;
    const queue = [...stages];
    const heartbeat = setInterval(() => {
      this.#sayWhatRuns();
    }, 1_000);
    const lane = async (): Promise<void> => {
      for (let stage = queue.shift(); stage !== undefined; stage = queue.shift()) await this.#runOne(stage);
    };
    await Promise.all(Array.from({ length: width }, lane));
    clearInterval(heartbeat);
    return this.#failed === before;
  }

  async #runOne(stage: Stage): Promise<void> {
    const started = performance.now();
    this.#running.set(stage.name, started);
    const outcome = await stage.run(this.#print).catch((error: unknown): Outcome => {
      return { ok: false, output: error instanceof Error ? error.message : String(error) };
    });
    this.#running.delete(stage.name);
    this.#passed += outcome.tests?.passed ?? 0;
    const failedTests = outcome.tests?.failed ?? 0;
    this.#failed += outcome.ok ? failedTests : Math.max(failedTests, 1);
    const ok = outcome.ok && failedTests === 0;
    if (!ok) this.#failures.push(...(outcome.failures?.length ? outcome.failures : [stage.name]));
    this.#print(`${ok ? 'ok    ' : 'FAILED'} ${stage.name} (${seconds(started)})\n`);
    if (!ok || outcome.show === true) this.#print(`${outcome.output.trimEnd().replaceAll(/^/gm, '       ')}\n`);
  }

  #sayWhatRuns(): void {
    if (performance.now() - this.#lastOutput < SILENCE_MS) return;
    const running = [...this.#running].map(([name, since]) => `${name} (${seconds(since)})`);
    this.#print(`...    ${running.join(', ')}\n`);
  }
}
