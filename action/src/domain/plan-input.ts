import type { ArtifactPlan } from './artifact-plan.ts';
import type { ControlRecord } from './control-record.ts';
import type { Deployment } from './deployment.ts';
import type { SiteObservation } from './observed.ts';

export interface PlanInput {
  readonly deployment: Deployment;
  /** Path of the deployment file. */
  readonly file: string;
  /** Milliseconds. */
  readonly at: number;
  /** Release of the action. */
  readonly tool: string;
  /** The record that rules; `undefined` before the first one. */
  readonly record: ControlRecord | undefined;
  /** By site index. */
  readonly observed: readonly [SiteObservation, SiteObservation];
  /** `undefined` when nobody looked at them. */
  readonly artifacts: ArtifactPlan | undefined;
}
