import type { CheckResult, FailoverResult, OperationResult } from '../../action/src/domain/results.ts';
import { errorOf } from '../../action/src/domain/aws-errors.ts';
import { MdrError } from '../../action/src/domain/errors.ts';
import { AwsFault } from '../../action/src/domain/faults.ts';
import type { Solo } from '../../action/src/operations/index.ts';
import { Killed } from '../doubles/process.ts';
import type { Call, Mishap, ProcessOptions } from '../doubles/process.ts';
import type { Scene } from './scene.ts';

/** A run of the action in a schedule. */
export interface Operation {
  readonly name: string;
  readonly operation: Solo;
  readonly inputs: Readonly<Record<string, string>>;
  readonly startedAt: number;
  /** The highest epoch in a record that it could read when it began. */
  readonly couldRead: number;
  /** Whether its credentials hold to its end, and no call of it comes so late that its signature does not count. */
  isLetIn: boolean;
  /** When the whole process last stood still, in milliseconds. */
  stoodStill: { readonly from: number; readonly to: number } | undefined;
  /** Nothing of it runs on. */
  kill: () => void;
}

export interface Ended {
  readonly by: Operation;
  /** `ok`, `killed`, the code of its error, or `crash`. */
  readonly code: string;
  readonly result: OperationResult | undefined;
  readonly error: unknown;
}

/** What may befall a process. */
export interface Fate {
  readonly label: string;
  readonly options: Pick<ProcessOptions, 'mishap' | 'skew' | 'expiresAt'>;
}

const nothing = (): void => undefined;

export const UNHARMED: Fate = { label: '', options: {} };

/** Runs an operation to its end, whatever that is; never rejects. */
export async function run(
  scene: Scene,
  operation: Solo,
  inputs: Readonly<Record<string, string>>,
  fate: Fate = UNHARMED,
): Promise<Ended> {
  const name = `p${scene.endings.length + scene.running.size + 1}`;
  const couldRead = scene.readableTo(name);
  const by: Operation = {
    name,
    operation,
    inputs,
    startedAt: scene.now,
    couldRead,
    isLetIn: fate.options.expiresAt === undefined,
    stoodStill: undefined,
    kill: nothing,
  };
  scene.running.add(by);
  scene.note(`${name} ${operation} ${JSON.stringify(inputs)} ${fate.label}`);
  const process = scene.story.process({ ...fate.options, ...watched(scene, by, fate), name });
  by.kill = () => {
    process.dead = true;
    process.stopper.abort();
  };
  const ended = await outcome(by, () => scene.story.run(operation, inputs, process));
  scene.running.delete(by);
  scene.endings.push(ended);
  scene.note(`${name} ${operation}: ${inWords(ended)}; ${scene.state}`);
  scene.tell('ended', ended);
  return ended;
}

const LONGEST_HOURS = 12;

/** As {@link run}, for one that should end soon: else it is told to `violate`, and killed. */
export async function runToItsEnd(
  scene: Scene,
  operation: Solo,
  inputs: Readonly<Record<string, string>>,
): Promise<Ended> {
  const others = new Set(scene.running);
  const running = run(scene, operation, inputs);
  const by = [...scene.running].find((candidate) => !others.has(candidate));
  const over = new AbortController();
  void running.then(() => {
    over.abort();
  });
  await scene.universe.clock.sleep(LONGEST_HOURS * 3_600_000, over.signal);
  if (!over.signal.aborted) {
    scene.violate('hang', `${by?.name ?? ''} ${operation} does not end within ${LONGEST_HOURS} hours`);
    by?.kill();
  }
  return running;
}

function watched(scene: Scene, by: Operation, { options }: Fate): Pick<ProcessOptions, 'mishap' | 'watch' | 'say'> {
  const mishap = (call: Call): Mishap => {
    scene.tell('tried', call, by);
    const befalls = options.mishap?.(call);
    if (typeof befalls === 'object') {
      by.stoodStill = { from: scene.now, to: scene.now + befalls.freeze };
      if (befalls.inFlight === true) by.isLetIn = false;
    }
    return befalls;
  };
  const watch = (call: Call) => {
    scene.tell('called', call, by);
  };
  const say = (line: string) => {
    scene.detail(`   ${by.name}: ${line}`);
  };
  return { mishap, watch, say };
}

async function outcome(by: Operation, body: () => Promise<OperationResult>): Promise<Ended> {
  try {
    return { by, code: 'ok', result: await body(), error: undefined };
  } catch (error) {
    return { by, code: codeOf(error), result: undefined, error };
  }
}

function codeOf(error: unknown): string {
  if (error instanceof MdrError) return error.code;
  if (error instanceof Killed) return 'killed';
  // As the outermost layer does it.
  return error instanceof AwsFault ? errorOf(error).code : 'crash';
}

export const isFailover = (result: OperationResult | undefined): result is FailoverResult =>
  result?.operation === 'failover';
export const isCheck = (result: OperationResult | undefined): result is CheckResult => result?.operation === 'check';

function inWords({ code, result, error }: Ended): string {
  if (isFailover(result)) return `ok, epoch ${result.epoch} ${result.to}${result.resumed ? ', resumed' : ''}`;
  if (isCheck(result)) return `ok, ${result.active} ${result.verdict.key}`;
  return error instanceof MdrError ? `${code}: ${error.message.slice(0, 160)}` : code;
}
