import { stepNumber } from '../../action/src/domain/control-record.ts';
import type { ControlRecord, MoveStep } from '../../action/src/domain/control-record.ts';
import { AwsFault } from '../../action/src/domain/faults.ts';
import { keys } from '../../action/src/domain/names.ts';
import type { FailoverResult, StatusResult } from '../../action/src/domain/results.ts';
import { Killed } from '../doubles/process.ts';
import type { Call, Process, ProcessOptions } from '../doubles/process.ts';
import { EAST, FAILOVER, Story, WEST } from '../doubles/story.ts';
import { Universe } from '../doubles/universe.ts';

export const TO_WEST = FAILOVER;
export const HOME = { target: EAST, reason: 'home', confirm: 'example' } as const;

type Inputs = Readonly<Record<string, string>>;

export const forced = (inputs: Inputs): Inputs => ({ ...inputs, override: 'force' });

/** As the user's DAGs of the double are when nobody has paused them. */
export const AT_WORK = { invoices: false, orders: false, report: true };
export const ALL_PAUSED = { invoices: true, orders: true, report: true };

const entryOf = (step: MoveStep): string => `/${String(stepNumber(step)).padStart(4, '0')}.json`;

/** Whether a call writes the journal's entry of this step. */
export const notes =
  (step: MoveStep) =>
  ({ operation, key }: Call): boolean =>
    operation === 'PutObject' && key.includes('/journal/') && key.endsWith(entryOf(step));

/** What a run looks like that dies right after its journal says that this step is done. */
export const diesAfter = (step: MoveStep): Partial<ProcessOptions> => ({
  mishap: (call) => (notes(step)(call) ? 'kill after' : undefined),
});

/** The story of a deployment that is moved to and fro. */
export class MoveStory extends Story {
  /** Half an hour old, EAST active. */
  static async running(universe = new Universe()): Promise<MoveStory> {
    const story = new MoveStory(universe);
    await story.run('install', {});
    await story.minutes(31);
    return story;
  }

  /** EAST is lost, and was seen to be. */
  static async onTheBadDay(universe = new Universe()): Promise<MoveStory> {
    const story = await MoveStory.running(universe);
    await story.loses(EAST);
    return story;
  }

  /** EAST is lost still, WEST has taken over in epoch 1. */
  static async movedToWest(universe = new Universe()): Promise<MoveStory> {
    const story = await MoveStory.onTheBadDay(universe);
    await story.failover(TO_WEST);
    return story;
  }

  /** The Region is lost, and checks go on until that is certain. */
  async loses(region: string): Promise<void> {
    this.universe.lose(region);
    await this.check({ wait: '1800' });
  }

  /** The Region is back, its canary has beaten, and what it missed has arrived. */
  async getsBack(region: string): Promise<void> {
    this.universe.bringBack(region);
    await this.minutes(15);
  }

  force(inputs: Inputs, process?: Process): Promise<FailoverResult> {
    return this.failover(forced(inputs), process);
  }

  /** A failover whose run dies. */
  async killed(inputs: Inputs, options: Partial<ProcessOptions>): Promise<void> {
    try {
      await this.failover(inputs, this.process(options));
    } catch (error) {
      if (error instanceof Killed) return;
      throw error;
    }
    throw new Error('the failover was not killed');
  }

  async status(): Promise<StatusResult> {
    return (await this.run('status', {})) as StatusResult;
  }

  dagsOf(region: string): Readonly<Record<string, boolean>> {
    return Object.fromEntries(this.universe.airflow(region).dags);
  }

  /** The DAGs that are paused by a call of REST at a site from now on. */
  pausesByRest(region: string): readonly string[] {
    const site = this.universe.airflow(region);
    const pause = site.pause.bind(site);
    const paused: string[] = [];
    site.pause = (dagId) => {
      paused.push(dagId);
      pause(dagId);
    };
    return paused;
  }

  /** From now on nobody may write this object of a Region's bucket; it can still be read. */
  deniesWritesOf(region: string, denied: string): void {
    const s3 = this.universe.s3(region);
    const put = s3.put.bind(s3);
    const fault = {
      quality: 'denied',
      service: 's3',
      region,
      operation: 'PutObject',
      awsCode: 'AccessDenied',
    } as const;
    s3.put = (bucket, key, ...more) => {
      if (key === denied) throw new AwsFault({ ...fault, message: '' });
      return put(bucket, key, ...more);
    };
  }

  /** Role and epoch of both sites by their own databases: `active 0, standby 0`. */
  get roles(): string {
    return [EAST, WEST].map((region) => this.#roleOf(region)).join(', ');
  }

  #roleOf(region: string): string {
    const { role = 'nothing', epoch } = this.universe.airflow(region);
    return `${role} ${epoch}`;
  }

  /** All that a refusal must leave as it is: records, journals, roles, pauses. */
  get everything(): string {
    return [EAST, WEST]
      .map((region) =>
        [this.everythingIn(region, 'control/'), this.#roleOf(region), JSON.stringify(this.dagsOf(region))].join('\n'),
      )
      .join('\n');
  }

  /** Writes into a control record behind everybody's back. */
  rewrite(region: string, change: (record: ControlRecord) => object): void {
    const body = JSON.stringify({ ...change(this.control(region)), nonce: 'foreign' });
    this.universe.s3(region).put(this.universe.bucket(region), keys.control('example'), body, 'any');
  }

  /** Counts the seconds in which both sites are active, and in which none is. */
  count(): { both: number; none: number } {
    const seconds = { both: 0, none: 0 };
    this.universe.clock.every(1000, 1000, () => {
      const active = [EAST, WEST].filter((region) => this.universe.airflow(region).role === 'active').length;
      if (active === 2) seconds.both += 1;
      if (active === 0) seconds.none += 1;
    });
    return seconds;
  }
}
