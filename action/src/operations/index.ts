import type { Deployment } from '../domain/deployment.ts';
import type { DeploymentFile } from '../domain/fleet.ts';
import type { Inputs, Operation } from '../domain/inputs.ts';
import { MdrError } from '../domain/errors.ts';
import type { World } from '../domain/ports.ts';
import type { OperationResult } from '../domain/results.ts';
import type { Tools } from '../domain/tools.ts';
import { agreeFile } from './agree-file.ts';
import { check } from './check.ts';
import { checkDeploymentDags } from './check-dags.ts';
import { comment } from './comment.ts';
import { doctor } from './doctor.ts';
import { driftOfFleet } from './drift.ts';
import { failover } from './failover.ts';
import { fleetStatus } from './fleet-status.ts';
import { importFile } from './import.ts';
import { install } from './install.ts';
import { matrix } from './matrix.ts';
import { planFleet } from './plan-fleet.ts';
import { reconcileFile } from './reconcile-file.ts';
import { snapshot } from './snapshot.ts';
import { status } from './status.ts';
import { uninstall } from './uninstall.ts';
import { validate } from './validate.ts';
import { verify } from './verify.ts';

/** Operations that know one deployment and nothing beyond it: no GitHub, no repository, no other deployment. */
export type Solo = 'install' | 'check' | 'snapshot' | 'verify' | 'status' | 'failover' | 'uninstall';
type Run<O extends Operation> = (world: World, deployment: Deployment, inputs: Inputs<O>) => Promise<OperationResult>;
const SOLO: { readonly [O in Solo]: Run<O> } = { install, check, snapshot, verify, status, failover, uninstall };

/** `path`: the input `deployment`, as it was given. */
type RunTools<O extends Operation> = (tools: Tools, inputs: Inputs<O>, path: string) => Promise<OperationResult>;
const WITH_TOOLS: { readonly [O in Exclude<Operation, Exclude<Solo, 'status'>>]: RunTools<O> } = {
  validate: (tools) => Promise.resolve(validate(tools)),
  matrix,
  plan: planFleet,
  comment,
  reconcile: (tools, inputs) => reconcileFile(tools, onlyFile(tools), inputs),
  drift: (tools) => driftOfFleet(tools),
  agree: (tools, inputs) => agreeFile(tools, onlyFile(tools), inputs),
  doctor: (tools) => doctor(tools),
  import: importFile,
  'check-dags': (tools, inputs) => checkDeploymentDags(tools, onlyFile(tools), inputs),
  status: (tools) => fleetStatus(tools),
};

/** Runs an operation on one deployment. Throws `MdrError`, or `AwsFault` where a call failed that it needed. */
export function runOperation<O extends Solo>(
  world: World,
  deployment: Deployment,
  operation: O,
  inputs: Inputs<O>,
): Promise<OperationResult> {
  return SOLO[operation](world, deployment, inputs);
}

/** Runs any operation. Throws as {@link runOperation}. */
export function runWithTools<O extends Operation>(
  tools: Tools,
  operation: O,
  inputs: Inputs<O>,
  path: string,
): Promise<OperationResult> {
  const [file, ...more] = tools.files;
  const isAlone = file !== undefined && 'deployment' in file && more.length === 0;
  if (operation in SOLO && (isAlone || !(operation in WITH_TOOLS))) {
    const { deployment } = onlyFile(tools);
    return runOperation(tools.world(deployment), deployment, operation as Solo, inputs as never);
  }
  return WITH_TOOLS[operation as keyof typeof WITH_TOOLS](tools, inputs as never, path);
}

export type ReadFile = DeploymentFile & { readonly deployment: Deployment };

function onlyFile({ files: [file] }: Tools): ReadFile {
  if (file !== undefined && 'deployment' in file) return file;
  throw (
    file?.error ?? new MdrError({ code: 'MDR-INTERNAL', message: 'there is no deployment file', fix: 'Report this.' })
  );
}
