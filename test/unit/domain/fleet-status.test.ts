import { describe, expect, test } from '@jest/globals';
import type { ControlRecord } from '../../../action/src/domain/control-record.ts';
import type { Deployment } from '../../../action/src/domain/deployment.ts';
import { MdrError } from '../../../action/src/domain/errors.ts';
import { AwsFault } from '../../../action/src/domain/faults.ts';
import { firstRecord } from '../../../action/src/domain/first-record.ts';
import type { FleetLine, FleetStatusResult } from '../../../action/src/domain/fleet-status.ts';
import type { DeploymentFile } from '../../../action/src/domain/fleet.ts';
import { drBucket, keys } from '../../../action/src/domain/names.ts';
import { SIGNALS } from '../../../action/src/domain/observation.ts';
import type { ObjectStore, RegionPorts, World } from '../../../action/src/domain/ports.ts';
import { iso, toStored } from '../../../action/src/domain/stored-json.ts';
import { fleetStatus } from '../../../action/src/operations/fleet-status.ts';
import { fleetStatusReport } from '../../../action/src/report/fleet-status.ts';
import { toMarkdown } from '../../../action/src/report/markdown.ts';
import { summaryOf } from '../../../action/src/report/report.ts';
import { MemoryS3 } from '../../doubles/memory-s3.ts';
import { EXAMPLE_DEPLOYMENT } from '../../doubles/universe.ts';
import { VirtualClock } from '../../doubles/virtual-clock.ts';
import { GITHUB } from '../report/samples.ts';

const [EAST, WEST] = [EXAMPLE_DEPLOYMENT.sites[0].region, EXAMPLE_DEPLOYMENT.sites[1].region];

/** The DR buckets of a whole fleet; whatever else is asked of a Region fails the test. */
class FleetOnS3 {
  readonly clock = new VirtualClock('2026-11-24T10:00:00Z');
  readonly files: DeploymentFile[] = [];
  calls = 0;
  atOnce = 0;
  mostAtOnce = 0;
  /** Keys that S3 does not give. */
  denied: (region: string, key: string) => boolean = () => false;
  readonly #stores = { [EAST]: new MemoryS3(this.clock), [WEST]: new MemoryS3(this.clock) };

  /** A deployment that is protected in every way, unless `change` says otherwise. */
  add(name: string, change: { record?: Partial<ControlRecord> } = {}): Deployment {
    const deployment = { ...EXAMPLE_DEPLOYMENT, deployment: name };
    this.files.push({ path: `environments/${name}.json`, text: '', deployment });
    for (const region of [EAST, WEST]) {
      const record = { ...firstRecord(deployment, region, [], this.clock.now()), ...change.record };
      this.put(region, keys.control(name), record);
    }
    this.beat(name, EAST, 'active');
    this.beat(name, WEST, 'standby');
    this.snapshot(name, 300);
    this.reading(name, 'good');
    this.put(WEST, keys.evidence(name, 'mv-0-0123abcd', 'json'), {
      confirmedAt: '2026-10-01T00:05:00Z',
      rto: { objectiveSeconds: 900, measuredSeconds: 240 },
    });
    this.drift(name, 0);
    return deployment;
  }

  /** The newest heartbeat of a site, as it lies in both buckets. */
  beat(name: string, site: string, role: 'active' | 'standby', epoch = 0): void {
    const hold = { installed: true, held: role === 'standby', unpausedUserDags: 2, liveUserRuns: 0 };
    const at = iso(this.clock.now());
    const beat = { schemaVersion: 1, deployment: name, site, at, role, epoch, hold, fence: null };
    for (const region of [EAST, WEST]) this.put(region, keys.heartbeat(name, site), beat);
  }

  snapshot(name: string, secondsAgo: number, epoch = 0): void {
    const at = this.clock.now() - secondsAgo * 1000;
    const id = `${iso(at).slice(0, 19).replaceAll(/[-:]/g, '')}Z-e${epoch}-0123abcd`;
    this.put(WEST, keys.manifest(name, id), {});
  }

  /** Signals of the active site, the others being good. */
  reading(name: string, quality: string, secondsAgo = 120): void {
    const signals = Object.fromEntries(SIGNALS.map((signal) => [signal, { quality: 'good', value: 'x' }]));
    const at = iso(this.clock.now() - secondsAgo * 1000);
    const hold = { quality, value: 'x' };
    const reading = { at, signals: { ...signals, hold }, status: { name: 'AVAILABLE', since: at } };
    const observer = { schemaVersion: 1, observer: 'action', site: EAST, readings: [reading] };
    this.put(WEST, keys.observations(name, EAST, 'action'), observer);
  }

  drift(name: string, fields: number, secondsAgo = 0): void {
    const at = iso(this.clock.now() - secondsAgo * 1000);
    const since = fields === 0 ? null : '2026-11-20T00:00:00Z';
    this.put(WEST, keys.drift(name), { schemaVersion: 1, deployment: name, at, digest: 'x', fields, since });
  }

  put(region: string, key: string, value: object | string): void {
    const body = typeof value === 'string' ? value : toStored(value);
    this.#stores[region]?.put(drBucket(siteOf(region)), key, body, 'any');
  }

  forget(region: string, key: string): void {
    this.#stores[region]?.delete(drBucket(siteOf(region)), key);
  }

  status(): Promise<FleetStatusResult> {
    const world = { clock: this.clock, region: (name: string) => this.#ports(name) } as unknown as World;
    return fleetStatus({ files: this.files, world: () => world, clock: this.clock });
  }

  async line(): Promise<FleetLine> {
    const [line] = (await this.status()).deployments;
    if (line === undefined) throw new Error('there is no line');
    return line;
  }

  #ports(region: string): RegionPorts {
    const store = this.#stores[region];
    if (store === undefined) throw new Error(`${region} was asked`);
    const objects: Pick<ObjectStore, 'get' | 'list' | 'folders'> = {
      get: (bucket, key) => this.#call(region, key, () => store.get(bucket, key)),
      list: (bucket, prefix, after) => this.#call(region, prefix, () => store.list(bucket, prefix, after)),
      folders: (bucket, prefix) => this.#call(region, prefix, () => store.folders(bucket, prefix)),
    };
    return { region, objects } as unknown as RegionPorts;
  }

  async #call<T>(region: string, key: string, ask: () => T): Promise<T> {
    this.calls += 1;
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    await Promise.resolve();
    this.atOnce -= 1;
    if (!this.denied(region, key)) return ask();
    const fault = { service: 's3', region, operation: 'GetObject', awsCode: 'AccessDenied', message: 'no' } as const;
    throw new AwsFault({ quality: 'denied', ...fault });
  }
}

const siteOf = (region: string) => EXAMPLE_DEPLOYMENT.sites[region === EAST ? 0 : 1];
const concerns = ({ concerns: all }: FleetLine): readonly string[] => all.map(({ text }) => text);

describe('a deployment is', () => {
  test('protected when nothing speaks against it', async () => {
    const fleet = new FleetOnS3();
    fleet.add('orders');
    expect(await fleet.line()).toEqual({
      deployment: 'orders',
      file: 'environments/orders.json',
      state: 'protected',
      concerns: [],
      active: EAST,
      standby: WEST,
      nobodyActive: false,
      epoch: 0,
      verdict: { key: 'HEALTHY', ageSeconds: 120 },
      rpo: { objectiveSeconds: EXAMPLE_DEPLOYMENT.objectives.rpoSeconds, measuredSeconds: 300 },
      rto: {
        objectiveSeconds: EXAMPLE_DEPLOYMENT.objectives.rtoSeconds,
        measuredSeconds: 240,
        at: '2026-10-01T00:05:00Z',
      },
      drift: { at: iso(fleet.clock.now()), fields: 0, since: null },
      move: undefined,
      lease: undefined,
    });
  });

  const debt = { kind: 'fence', site: EAST, epoch: 1, move: 'mv-1-a', since: '2026-11-24T09:00:00Z' } as const;
  const move: NonNullable<ControlRecord['move']> = {
    ...{ id: 'mv-1-a', from: EAST, to: WEST, epoch: 1, snapshot: 'x', fence: null },
    ...{ startedAt: '2026-11-24T09:00:00Z', reason: 'x', actor: 'x' },
    kind: 'failover',
    step: 'fenced',
  };
  test.each<[string, (fleet: FleetOnS3) => void, string, RegExp]>([
    [
      'unprotected without a snapshot of its lineage',
      (fleet) => {
        fleet.add('x', { record: { epoch: 2, activated: { site: EAST, epoch: 2, at: iso(0), snapshot: null } } });
        fleet.beat('x', EAST, 'active', 2);
      },
      'unprotected',
      /no snapshot of the current lineage/,
    ],
    ['to look at when the snapshot is old', old, 'attention', /newest snapshot is 3 h old/],
    [
      'to look at when its last verdict was DEGRADED',
      (fleet) => {
        fleet.add('x');
        fleet.reading('x', 'bad');
      },
      'attention',
      /DEGRADED 2 min ago|DEGRADED 120 s ago/,
    ],
    [
      'to look at when nobody has checked it for long',
      (fleet) => {
        fleet.add('x');
        fleet.reading('x', 'good', 7 * 3_600);
      },
      'attention',
      /last checked 7 h ago/,
    ],
    [
      'to look at when nobody ever checked it',
      (fleet) => {
        fleet.add('x');
        fleet.forget(WEST, keys.observations('x', EAST, 'action'));
      },
      'attention',
      /never checked/,
    ],
    [
      'to look at when it drifts',
      (fleet) => {
        fleet.add('x');
        fleet.drift('x', 2);
      },
      'attention',
      /2 fields differ from Git since 2026-11-20/,
    ],
    [
      'to look at when nobody has compared it with Git for more than a day',
      (fleet) => {
        fleet.add('x');
        fleet.drift('x', 0, 25 * 3_600);
      },
      'attention',
      /last compared with Git 25 h ago/,
    ],
    [
      'to look at when nobody ever compared it with Git',
      (fleet) => {
        fleet.add('x');
        fleet.forget(WEST, keys.drift('x'));
      },
      'attention',
      /never compared with Git/,
    ],
    [
      'to look at while something is owed',
      (fleet) => {
        fleet.add('x', { record: { debts: [debt] } });
      },
      'attention',
      /the fence of us-east-1 is owed/,
    ],
    [
      'unprotected while nobody is active',
      (fleet) => {
        fleet.add('x');
        fleet.beat('x', EAST, 'standby', 1);
      },
      'unprotected',
      /nobody is active: us-east-1 itself says .* \(failover with target us-east-1\)/,
    ],
    [
      'unprotected while a claimed move stands',
      (fleet) => {
        fleet.add('x', { record: { epoch: 1, phase: 'claimed', move } });
      },
      'unprotected',
      /mv-1-a to us-west-2 stands at fenced, .* \(failover with target us-west-2\)/,
    ],
    [
      'to look at while a move is planned',
      (fleet) => {
        fleet.add('x', { record: { move: { ...move, step: 'prepared' } } });
      },
      'attention',
      /a move to us-west-2 is under way, prepared/,
    ],
    [
      'to look at when its evidence cannot be read',
      (fleet) => {
        fleet.add('x');
        fleet.put(WEST, keys.evidence('x', 'mv-0-0123abcd', 'json'), '{');
      },
      'attention',
      /evidence of moves could not be read/,
    ],
    [
      'to look at when one record cannot be read',
      (fleet) => {
        fleet.add('x');
        fleet.denied = (region, key) => region === EAST && key === keys.control('x');
      },
      'attention',
      /a control record could not be read: GetObject in us-east-1: AccessDenied/,
    ],
  ])('%s', async (_name, prepare, state, says) => {
    const fleet = new FleetOnS3();
    prepare(fleet);
    const line = await fleet.line();
    expect(line.state).toBe(state);
    expect(concerns(line).join('; ')).toMatch(says);
    expect(line.concerns).toHaveLength(1);
  });

  function old(fleet: FleetOnS3): void {
    const { deployment } = fleet.add('x');
    for (const { key } of snapshotsOf(fleet, deployment)) fleet.forget(WEST, key);
    fleet.snapshot('x', 3 * 3_600);
  }
});

test('the table says where nobody is active, and who was last', async () => {
  const fleet = new FleetOnS3();
  fleet.add('x');
  fleet.beat('x', EAST, 'standby', 1);
  const markdown = toMarkdown(fleetStatusReport(await fleet.status(), GITHUB));
  expect(markdown).toContain('| 🛑 <b>x</b> | nobody, last us-east-1 |');
});

const snapshotsOf = (fleet: FleetOnS3, name: string) => {
  const at = fleet.clock.now() - 300_000;
  const id = `${iso(at).slice(0, 19).replaceAll(/[-:]/g, '')}Z-e0-0123abcd`;
  return [{ key: keys.manifest(name, id) }];
};

describe('a fleet of 200', () => {
  const HOSTILE = 'us-east-1 | </details> @everyone `rm -rf` <img src=x> \u001b[31m';

  async function fleetOf200(): Promise<{ fleet: FleetOnS3; result: FleetStatusResult }> {
    const fleet = new FleetOnS3();
    for (let index = 0; index < 196; index += 1) fleet.add(`d-${String(index).padStart(3, '0')}`);
    fleet.add('drifts');
    fleet.drift('drifts', 3);
    fleet.add('bare');
    fleet.forget(WEST, snapshotsOf(fleet, 'bare')[0]?.key ?? '');
    fleet.add('closed');
    fleet.denied = (_region, key) => key === keys.control('closed');
    const error = new MdrError({ code: 'MDR-FILE-SYNTAX', message: HOSTILE, fix: 'Correct it.' });
    fleet.files.push({ path: HOSTILE, text: '{', error });
    return { fleet, result: await fleet.status() };
  }

  test('is one table, the worst first; one that cannot be read hides no other', async () => {
    const { result } = await fleetOf200();
    expect(result.deployments).toHaveLength(198);
    expect(result.deployments.slice(0, 3).map(({ deployment }) => deployment)).toEqual(['bare', 'drifts', 'd-000']);
    expect(result.failures.map(({ code }) => code)).toEqual(['MDR-AWS-DENIED', 'MDR-FILE-SYNTAX']);
    const [answer] = toMarkdown(fleetStatusReport(result, GITHUB)).split('\n');
    expect(answer).toBe('### 🛑 200 deployments: 196 protected, 1 to look at, 1 unprotected, 2 unreadable');
  });

  test('takes twelve reads of S3 a deployment, some at a time', async () => {
    const { fleet } = await fleetOf200();
    expect(fleet.calls).toBeLessThanOrEqual(200 * 12 + 1);
    expect(fleet.mostAtOnce).toBeLessThanOrEqual(8 * 4);
  });

  test('fits the summary, and no name can change how it looks', async () => {
    const { result } = await fleetOf200();
    const hostile = result.deployments.map((line) => ({
      ...line,
      deployment: HOSTILE,
      active: HOSTILE,
      file: HOSTILE,
    }));
    const markdown = summaryOf((maxRows) =>
      fleetStatusReport({ ...result, deployments: hostile }, { ...GITHUB, maxRows }),
    );
    expect(Buffer.byteLength(markdown)).toBeLessThan(1_000_000);
    expect(markdown.match(/<\/details>/g)).toHaveLength(2);
    // In code nobody is called.
    const text = markdown.replaceAll(/<code>.*?<\/code>/g, '');
    expect(/@everyone|<img|\p{Cc}(?<!\n)/u.exec(text)).toBeNull();
    const rows = text.split('\n').filter((line) => line.startsWith('| '));
    expect(new Set(rows.map((row) => row.split('|').length - 2))).toEqual(new Set([3, 7]));
  });
});
