import type { Deployment } from '../../action/src/domain/deployment.ts';
import { MdrError } from '../../action/src/domain/errors.ts';
import { keys } from '../../action/src/domain/names.ts';
import type { Plan } from '../../action/src/domain/plan-model.ts';
import type { PlannedWork } from '../../action/src/domain/planner.ts';
import type { ReconcileRequest, ReviewedPlan } from '../../action/src/domain/reconcile.ts';
import type { ReconcileResult } from '../../action/src/domain/reconcile-result.ts';
import { observePlan } from '../../action/src/operations/plan.ts';
import { reconcile } from '../../action/src/operations/reconcile.ts';
import type { Process } from '../doubles/process.ts';
import { Story } from '../doubles/story.ts';
import { EXAMPLE_DEPLOYMENT, Universe } from '../doubles/universe.ts';

export const PATH = 'environments/example.json';

/** A deployment file as a pull request leaves it. */
export type Change = (deployment: Deployment) => Deployment;

export const withMwaa =
  (mwaa: Deployment['mwaa']): Change =>
  (deployment) => ({ ...deployment, mwaa: { ...deployment.mwaa, ...mwaa } });

/** Calls that change an environment. */
export const MUTATIONS = ['CreateEnvironment', 'UpdateEnvironment', 'TagResource', 'UntagResource'];

/** The story of a deployment whose file changes: what is reviewed, what is merged, what is done. */
export class ReconcileStory extends Story {
  file: Deployment;
  /** Every mutating call of all processes: Region and operation. */
  readonly mutations: string[] = [];

  constructor(universe = new Universe()) {
    super(universe);
    this.file = universe.deployment;
  }

  static async running(change: Change = (file) => file): Promise<ReconcileStory> {
    const story = new ReconcileStory(new Universe(change(EXAMPLE_DEPLOYMENT)));
    await story.run('install', {});
    await story.minutes(30);
    // The environments' creation, long ago, ends behind the sleep in which it was due.
    await story.minutes(1);
    return story;
  }

  override process(options: Parameters<Story['process']>[0] = {}): Process {
    const { mishap, ...more } = options;
    return super.process({
      ...more,
      mishap: (call) => {
        const fate = mishap?.(call);
        if (MUTATIONS.includes(call.operation) && fate !== 'kill before')
          this.mutations.push(`${call.region} ${call.operation}`);
        return fate;
      },
    });
  }

  plan(deployment = this.file): Promise<PlannedWork> {
    return observePlan(this.process(), { path: PATH, deployment });
  }

  /** The pull request: the file changes, its plan is reviewed. */
  async review(change: Change): Promise<ReviewedPlan> {
    this.file = change(this.file);
    const { plan, fingerprints } = await this.plan();
    return { digest: plan.digest, fingerprints, pullRequest: 7 };
  }

  reconcile(
    expected: ReviewedPlan | undefined,
    process = this.process(),
    scope: ReconcileRequest['scope'] = 'all',
  ): Promise<ReconcileResult> {
    return reconcile(process, { path: PATH, deployment: this.file }, { expected, scope });
  }

  /** The error with which reconcile ends. */
  async failure(expected: ReviewedPlan | undefined, process = this.process()): Promise<MdrError & { plan?: Plan }> {
    try {
      await this.reconcile(expected, process);
    } catch (error) {
      if (error instanceof MdrError) return error;
      throw error;
    }
    throw new Error('reconcile did not fail');
  }

  settings(region: string): ReturnType<ReturnType<Universe['controlPlane']>['getEnvironment']>['Environment'] {
    return this.universe.controlPlane(region).getEnvironment({ Name: this.nameIn(region) }).Environment;
  }

  nameIn(region: string): string {
    return this.universe.deployment.sites[region === this.universe.regions[0] ? 0 : 1].environment;
  }

  edit(region: string, members: Parameters<ReturnType<Universe['controlPlane']>['edit']>[1]): void {
    this.universe.controlPlane(region).edit(this.nameIn(region), members);
  }

  record(region: string): Record<string, unknown> | undefined {
    return this.universe.s3(region).json(this.universe.bucket(region), keys.reconcile(this.file.deployment));
  }
}
