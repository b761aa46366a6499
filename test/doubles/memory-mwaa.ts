import type { Deployment, SiteIndex } from '../../action/src/domain/deployment.ts';
import { declaredOf } from '../../action/src/domain/desired.ts';
import { membersOf } from '../../action/src/domain/plan-steps.ts';
import type { ChangeAnswer, EnvironmentDescription, EnvironmentMembers } from '../../action/src/domain/ports.ts';
import { ControlPlane } from '../sandbox/control-plane/control-plane.ts';
import type { Environment } from '../sandbox/control-plane/environment.ts';
import { MwaaError } from '../sandbox/control-plane/errors.ts';
import { FakeRuntime } from '../sandbox/control-plane/fake-runtime.ts';
import type { VirtualClock } from './virtual-clock.ts';

const MINUTE = 60_000;

/** The sandbox's control plane under a virtual clock; creating and updating take their usual time. */
export function controlPlaneOf(clock: VirtualClock, region: string, account: string): ControlPlane {
  return new ControlPlane({
    region,
    account,
    runtime: new FakeRuntime(),
    clock: {
      now: () => new Date(clock.now()),
      delay: (ms) =>
        new Promise((resolve) => {
          clock.after(ms, resolve);
        }),
    },
    creatingMs: 25 * MINUTE,
    updatingMs: 20 * MINUTE,
  });
}

/** What CreateEnvironment cannot do without, where the deployment file says nothing. */
const fallbacks = (deployment: Deployment, index: SiteIndex): EnvironmentMembers => ({
  ExecutionRoleArn: `arn:${deployment.partition}:iam::${deployment.sites[index].account}:role/airflow`,
  NetworkConfiguration: {
    SubnetIds: [`subnet-${index}1`, `subnet-${index}2`],
    SecurityGroupIds: [`sg-${index}1`],
  },
});

/** The site's environment as the deployment file wants it, made long ago. */
export function establish(plane: ControlPlane, deployment: Deployment, index: SiteIndex): void {
  const { settings } = declaredOf(deployment, index, {});
  const members = membersOf(Object.keys(settings), settings);
  const Name = deployment.sites[index].environment;
  plane.createEnvironment({ ...fallbacks(deployment, index), ...members, Name });
  plane.setStatus(Name, 'AVAILABLE');
}

export function describeIn(plane: ControlPlane, name: string): EnvironmentDescription | undefined {
  try {
    return descriptionOf(plane.getEnvironment({ Name: name }).Environment);
  } catch (error) {
    if (error instanceof MwaaError && error.name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

function descriptionOf(environment: Environment): EnvironmentDescription {
  const { LastUpdate: last } = environment;
  return {
    name: environment.Name,
    status: environment.Status,
    airflowVersion: environment.AirflowVersion,
    createdAt: environment.CreatedAt.getTime(),
    lastUpdate: last === undefined ? undefined : { status: last.Status, createdAt: last.CreatedAt.getTime() },
    environmentClass: environment.EnvironmentClass,
    dagS3Path: environment.DagS3Path,
    raw: environment,
  };
}

export const createIn = (plane: ControlPlane, Name: string, members: EnvironmentMembers): ChangeAnswer =>
  answered(() => plane.createEnvironment({ ...members, Name }));

export function updateIn(plane: ControlPlane, Name: string, members: EnvironmentMembers): ChangeAnswer {
  const answer = answered(() => plane.updateEnvironment({ ...members, Name }));
  const status = describeIn(plane, Name)?.status ?? '';
  if (answer.accepted || answer.why !== 'refused' || ['AVAILABLE', 'UPDATE_FAILED'].includes(status)) return answer;
  return { ...answer, why: 'busy' };
}

function answered(change: () => unknown): ChangeAnswer {
  try {
    change();
    return { accepted: true };
  } catch (error) {
    if (!(error instanceof MwaaError)) throw error;
    const message = String(error.body['message']);
    if (error.name === 'ResourceNotFoundException') return { accepted: false, why: 'missing', message };
    if (error.name === 'ValidationException') return { accepted: false, why: 'refused', message };
    throw error;
  }
}

/** All names, whatever the size of a page. */
export function namesIn(plane: ControlPlane): readonly string[] {
  const names: string[] = [];
  let token: string | undefined;
  do {
    const page = plane.listEnvironments(token === undefined ? {} : { NextToken: token });
    names.push(...page.Environments);
    token = page.NextToken;
  } while (token !== undefined);
  return names;
}
