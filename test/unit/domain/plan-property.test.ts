import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Deployment, SiteIndex } from '../../../action/src/domain/deployment.ts';
import { siteLocalTest } from '../../../action/src/domain/desired.ts';
import { isFound, observationOf } from '../../../action/src/domain/observed.ts';
import type { SiteObservation } from '../../../action/src/domain/observed.ts';
import { planOf } from '../../../action/src/domain/planner.ts';
import type { PlannedWork, WorkStep } from '../../../action/src/domain/planner.ts';
import { createIn, describeIn, updateIn } from '../../doubles/memory-mwaa.ts';
import { ControlPlane } from '../../sandbox/control-plane/control-plane.ts';
import type { EnvironmentInput } from '../../sandbox/control-plane/environment.ts';
import { FakeRuntime } from '../../sandbox/control-plane/fake-runtime.ts';
import { deploymentWith, recordOf, NOW } from './plan-cases.ts';
import type { File } from './plan-cases.ts';

/** Random files and random environments: what a plan promises, the service's double is made to show. */
const MODULES = ['dagProcessingLogs', 'schedulerLogs', 'webserverLogs', 'workerLogs', 'taskLogs'] as const;
const OPTIONS = ['core.parallelism', 'core.lazy_load_plugins', 'smtp.smtp_host', 'celery.worker_autoscale', 'email.x'];
const TAGS = ['team', 'stage', 'region:home', 'owner'];

const map = (keys: readonly string[]) =>
  fc.dictionary(fc.constantFrom(...keys), fc.constantFrom('1', '2', 'a.b', 'True'), { maxKeys: 4 });
const optional = (shape: Readonly<Record<string, fc.Arbitrary<unknown>>>) => fc.record(shape, { requiredKeys: [] });

const settings = {
  minWorkers: fc.integer({ min: 1, max: 5 }),
  maxWorkers: fc.integer({ min: 5, max: 25 }),
  schedulers: fc.integer({ min: 2, max: 5 }),
  minWebservers: fc.integer({ min: 2, max: 3 }),
  maxWebservers: fc.integer({ min: 3, max: 5 }),
  webserverAccessMode: fc.constantFrom('PRIVATE_ONLY', 'PUBLIC_ONLY'),
  weeklyMaintenanceWindowStart: fc.constantFrom('SUN:03:30', 'TUE:21:00'),
  airflowConfigurationOptions: map(OPTIONS),
  tags: map(TAGS),
  loggingConfiguration: optional(
    Object.fromEntries(
      MODULES.map((module) => [
        module,
        fc.record({ enabled: fc.boolean(), logLevel: fc.constantFrom('INFO', 'DEBUG', 'ERROR') }),
      ]),
    ),
  ),
};
const environmentClass = fc.constantFrom('mw1.small', 'mw1.medium', 'mw1.large');

const file = fc.record({
  mwaa: optional({ ...settings, environmentClass, requirementsS3Path: fc.constantFrom('r.txt', 'x/r.txt') }),
  overrides: fc.tuple(optional(settings), optional(settings)),
  airflowVersion: fc.constantFrom('2.10.3', '3.3.1'),
  siteLocal: optional({ airflowConfigurationOptions: fc.constant(['smtp.*']), tags: fc.constant(['region:*']) }),
  graceful: fc.boolean(),
});
type RandomFile = typeof file extends fc.Arbitrary<infer T> ? T : never;

const deploymentOf = ({ mwaa, overrides, airflowVersion, siteLocal, graceful }: RandomFile): Deployment =>
  deploymentWith((written) => {
    const how = graceful ? { workerReplacementStrategy: 'GRACEFUL' } : {};
    Object.assign(written, { mwaa: { ...mwaa, ...how }, airflowVersion, siteLocal });
    for (const index of [0, 1] as const)
      Object.assign((written['sites'] as { mwaa: File }[])[index]?.mwaa ?? {}, overrides[index]);
  });

/** An environment as a human might have left it; `undefined` = there is none. */
const live = fc.option(fc.record({ ...settings, environmentClass, older: fc.boolean() }), { nil: undefined, freq: 6 });
type Live = typeof live extends fc.Arbitrary<infer T> ? T : never;

function establish(plane: ControlPlane, deployment: Deployment, index: SiteIndex, of: Live): void {
  if (of === undefined) return;
  const { loggingConfiguration, older, tags, ...plain } = of;
  const { environment, dagsBucket, mwaa } = deployment.sites[index];
  const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
  const upper = (value: object) =>
    Object.fromEntries(Object.entries(value).map(([key, inner]) => [capital(key), inner as unknown]));
  const logging = Object.entries(loggingConfiguration).map(([module, parts]) => [
    capital(module),
    upper(parts as object),
  ]);
  plane.createEnvironment({
    ...upper(plain),
    // The service takes no empty set.
    ...(Object.keys(tags).length > 0 && { Tags: tags }),
    LoggingConfiguration: Object.fromEntries(logging) as EnvironmentInput['LoggingConfiguration'],
    Name: environment,
    // Either there already, or an update away.
    AirflowVersion: older ? (deployment.airflowVersion === '3.3.1' ? '2.11.2' : '2.9.2') : deployment.airflowVersion,
    ExecutionRoleArn: 'arn:aws:iam::111122223333:role/older',
    SourceBucketArn: `arn:aws:s3:::${dagsBucket}`,
    DagS3Path: 'other-dags',
    NetworkConfiguration: {
      SubnetIds: [...(mwaa.networkConfiguration?.subnetIds ?? [])],
      SecurityGroupIds: ['sg-older'],
    },
  });
}

type Planes = readonly [ControlPlane, ControlPlane];

async function worldOf(deployment: Deployment, sites: readonly [Live, Live]): Promise<Planes> {
  const plane = (index: SiteIndex) => {
    const { region, account } = deployment.sites[index];
    const made = new ControlPlane({ region, account, runtime: new FakeRuntime() });
    establish(made, deployment, index, sites[index]);
    return made;
  };
  const planes = [plane(0), plane(1)] as const;
  await Promise.all(planes.map((made) => made.settled()));
  return planes;
}

const look = (deployment: Deployment, planes: Planes): readonly [SiteObservation, SiteObservation] => {
  const site = (index: SiteIndex) => observationOf(describeIn(planes[index], deployment.sites[index].environment));
  return [site(0), site(1)];
};

function plan(deployment: Deployment, planes: Planes, epoch: number | undefined): PlannedWork {
  const record = epoch === undefined ? undefined : recordOf(deployment, epoch);
  return planOf({
    deployment,
    file: 'f',
    at: NOW,
    tool: '1',
    record,
    observed: look(deployment, planes),
    artifacts: undefined,
  });
}

async function apply(deployment: Deployment, planes: Planes, { sites }: PlannedWork): Promise<void> {
  for (const { index, arn, steps } of sites)
    for (const step of steps) {
      carryOut(planes[index], deployment.sites[index].environment, arn, step);
      await planes[index].settled();
    }
}

function carryOut(plane: ControlPlane, name: string, arn: string, step: WorkStep): void {
  if (step.kind === 'tag') plane.tagResource({ ResourceArn: arn, Tags: { ...step.tags } });
  else if (step.kind === 'untag') plane.untagResource({ ResourceArn: arn, tagKeys: [...step.keys] });
  else {
    const answer = (step.kind === 'create' ? createIn : updateIn)(plane, name, step.members);
    if (!answer.accepted && !answer.message.includes('already exists')) throw new Error(answer.message);
  }
}

/** Before the installation nobody is missed; afterwards the active environment is there. */
const world = fc
  .record({ random: file, sites: fc.tuple(live, live), epoch: fc.constantFrom(0, 1, 2) })
  .map(({ random, sites, epoch }) => {
    const isLost = sites[epoch % 2] === undefined;
    return { deployment: deploymentOf(random), sites, epoch: isLost ? undefined : epoch };
  });

const RUNS = { numRuns: 40 };

test('a plan that is applied leaves an empty plan, and two sites that differ only by right', async () => {
  await fc.assert(
    fc.asyncProperty(world, async ({ deployment, sites, epoch }) => {
      const planes = await worldOf(deployment, sites);
      const first = plan(deployment, planes, epoch);
      expect(first.plan.refusals).toEqual([]);
      await apply(deployment, planes, first);
      const second = plan(deployment, planes, epoch);
      expect(second.plan.fields.filter(({ changes }) => changes.length > 0)).toEqual([]);
      expect(second.plan.outcome).toBe('in sync');
      expect(apart(deployment, planes)).toEqual([]);
    }),
    RUNS,
  );
});

test('steps that are carried out twice change nothing more', async () => {
  await fc.assert(
    fc.asyncProperty(world, async ({ deployment, sites, epoch }) => {
      const planes = await worldOf(deployment, sites);
      const first = plan(deployment, planes, epoch);
      await apply(deployment, planes, first);
      const settled = settingsIn(deployment, planes);
      await apply(deployment, planes, first);
      expect(settingsIn(deployment, planes)).toEqual(settled);
    }),
    RUNS,
  );
});

test('a digest is the same in whatever order keys come', () => {
  fc.assert(
    fc.property(file, fc.tuple(live, live), (random, sites) => {
      const turned = { ...random, mwaa: turn(random.mwaa), overrides: random.overrides.map(turn) as never };
      const digests = [deploymentOf(random), deploymentOf(turned)].map((deployment) => {
        const planes = planesNow(deployment, sites);
        return plan(deployment, planes, undefined).plan.digest;
      });
      expect(digests[1]).toBe(digests[0]);
    }),
    RUNS,
  );
});

const settingsIn = (deployment: Deployment, planes: Planes) =>
  look(deployment, planes).map((site) => (isFound(site) ? site.settings : undefined));

/** Fields in which the sites differ without the right to. */
function apart(deployment: Deployment, planes: Planes): readonly string[] {
  const [one = {}, other = {}] = settingsIn(deployment, planes);
  const isLocal = siteLocalTest(deployment);
  const isOverridden = (field: string) => overridden(deployment).some((name) => field.startsWith(name));
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(
    (field) => !isLocal(field) && !isOverridden(field) && JSON.stringify(one[field]) !== JSON.stringify(other[field]),
  );
}

/** Members that the file gives to one site alone: there they differ by right. */
const overridden = ({ sites }: Deployment): readonly string[] =>
  sites.flatMap(({ mwaa }) => Object.keys(mwaa).map((key) => key.charAt(0).toUpperCase() + key.slice(1)));

const turn = (value: object): File => Object.fromEntries(Object.entries(value).toReversed());

function planesNow(deployment: Deployment, sites: readonly [Live, Live]): Planes {
  const plane = (index: SiteIndex) => {
    const { region, account } = deployment.sites[index];
    const made = new ControlPlane({ region, account, runtime: new FakeRuntime() });
    establish(made, deployment, index, sites[index]);
    return made;
  };
  return [plane(0), plane(1)];
}
