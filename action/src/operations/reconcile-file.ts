import type { Deployment } from '../domain/deployment.ts';
import type { Inputs } from '../domain/inputs.ts';
import type { ReviewedPlan } from '../domain/reconcile.ts';
import type { ReconcileResult } from '../domain/reconcile-result.ts';
import type { Tools } from '../domain/tools.ts';
import { reconcile } from './reconcile.ts';
import { reviewedPlanOf } from './reconcile-reviewed.ts';

/** Reconciles the deployment of one file: by the digest that was given, or else by what its pull request was shown. */
export async function reconcileFile(
  tools: Tools,
  { path, deployment }: { readonly path: string; readonly deployment: Deployment },
  inputs: Inputs<'reconcile'>,
): Promise<ReconcileResult> {
  const expected = inputs.scope === 'self-heal' ? undefined : await reviewed(tools, deployment, inputs);
  const source = { path, deployment, repository: tools.repository };
  return reconcile(tools.world(deployment), source, { expected, scope: inputs.scope });
}

async function reviewed(
  tools: Tools,
  { deployment }: Deployment,
  { digest, 'github-token': token }: Inputs<'reconcile'>,
): Promise<ReviewedPlan | undefined> {
  if (digest !== undefined) return { digest, fingerprints: undefined, pullRequest: undefined };
  const { commit } = tools.run;
  if (commit === undefined || token === undefined || token === '') return undefined;
  const found = await reviewedPlanOf(tools.github(), commit, deployment);
  tools.log.info(
    found === undefined
      ? `no merged pull request of ${commit} has a plan of ${deployment}`
      : `the plan of ${deployment} was reviewed in pull request #${found.pullRequest ?? ''}: digest ${found.digest}`,
  );
  return found;
}
