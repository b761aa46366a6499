import type { Deployment } from '../domain/deployment.ts';
import type { Inputs, Operation } from '../domain/inputs.ts';
import type { World } from '../domain/ports.ts';
import type { OperationResult } from '../domain/results.ts';
import { check } from './check.ts';
import { failover } from './failover.ts';
import { install } from './install.ts';
import { snapshot } from './snapshot.ts';
import { status } from './status.ts';
import { verify } from './verify.ts';

type Run<O extends Operation> = (world: World, deployment: Deployment, inputs: Inputs<O>) => Promise<OperationResult>;

const RUNS: { readonly [O in Operation]: Run<O> } = { install, check, snapshot, verify, status, failover };

/** Runs an operation. Throws `MdrError`, or `AwsFault` where a call to AWS failed that it could not do without. */
export function runOperation<O extends Operation>(
  world: World,
  deployment: Deployment,
  operation: O,
  inputs: Inputs<O>,
): Promise<OperationResult> {
  return RUNS[operation](world, deployment, inputs);
}
