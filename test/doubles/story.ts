import { parseInputs } from '../../action/src/domain/inputs.ts';
import type { ControlRecord } from '../../action/src/domain/control-record.ts';
import { MdrError } from '../../action/src/domain/errors.ts';
import { keys } from '../../action/src/domain/names.ts';
import type { CheckResult, FailoverResult, OperationResult } from '../../action/src/domain/results.ts';
import { runOperation, type Solo } from '../../action/src/operations/index.ts';
import { Process } from './process.ts';
import type { ProcessOptions } from './process.ts';
import { Universe } from './universe.ts';

export const EAST = 'us-east-1';
export const WEST = 'us-west-2';
export const FAILOVER = { target: WEST, reason: 'us-east-1 is gone', confirm: 'example' } as const;

type Raw = Readonly<Record<string, string>>;

/** A story on two Regions in memory, told in sentences. */
export class Story {
  readonly universe: Universe;
  #processes = 0;

  constructor(universe = new Universe()) {
    this.universe = universe;
  }

  /** A deployment that has been running for half an hour: held standby, snapshots every ten minutes. */
  static async ofARunningDeployment(universe = new Universe()): Promise<Story> {
    const story = new Story(universe);
    await story.run('install', {});
    await story.minutes(31);
    return story;
  }

  process(options: Partial<ProcessOptions> = {}): Process {
    this.#processes += 1;
    return new Process(this.universe, { name: `run ${this.#processes}`, ...options });
  }

  run(operation: Solo, raw: Raw, process = this.process()): Promise<OperationResult> {
    return runOperation(process, this.universe.deployment, operation, parseInputs(operation, raw));
  }

  async check(raw: Raw = {}, process = this.process()): Promise<CheckResult> {
    return (await this.run('check', raw, process)) as CheckResult;
  }

  async failover(raw: Raw = FAILOVER, process = this.process()): Promise<FailoverResult> {
    return (await this.run('failover', raw, process)) as FailoverResult;
  }

  /** The error with which an operation refuses. */
  async refusal(operation: Solo, raw: Raw, process = this.process()): Promise<MdrError> {
    try {
      await this.run(operation, raw, process);
    } catch (error) {
      if (error instanceof MdrError) return error;
      throw error;
    }
    throw new Error(`${operation} did not refuse`);
  }

  minutes(count: number): Promise<void> {
    return this.universe.clock.sleep(count * 60_000);
  }

  control(region: string): ControlRecord {
    const key = keys.control(this.universe.deployment.deployment);
    return this.universe.s3(region).json(this.universe.bucket(region), key) as unknown as ControlRecord;
  }

  /** Keys of the journal of all moves at a site, the move's id left out. */
  journal(region: string): readonly string[] {
    const prefix = `control/${this.universe.deployment.deployment}/journal/`;
    return this.universe
      .s3(region)
      .list(this.universe.bucket(region), prefix)
      .map(({ key }) => key.slice(key.lastIndexOf('/') + 1));
  }

  /** Ids of the snapshots in a Region's DR bucket that have a manifest, oldest first. */
  snapshots(region: string): readonly string[] {
    const prefix = keys.snapshots(this.universe.deployment.deployment);
    return this.universe
      .s3(region)
      .list(this.universe.bucket(region), prefix)
      .flatMap(({ key }) => (key.endsWith('/manifest.json') ? [key.split('/')[2] ?? ''] : []));
  }

  /** Everything in a Region's DR bucket, as text: to prove that nothing was touched. */
  everythingIn(region: string, prefix = ''): string {
    const s3 = this.universe.s3(region);
    const bucket = this.universe.bucket(region);
    return s3
      .list(bucket, prefix)
      .map(({ key }) => `${key} ${s3.get(bucket, key)?.etag ?? ''}`)
      .join('\n');
  }
}
