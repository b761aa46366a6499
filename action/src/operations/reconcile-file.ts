import type { Deployment } from '../domain/deployment.ts';
import type { Inputs } from '../domain/inputs.ts';
import type { ReviewedPlan } from '../domain/reconcile.ts';
import type { ReconcileResult } from '../domain/reconcile-result.ts';
import type { Tools } from '../domain/tools.ts';
import { reconcile } from './reconcile.ts';
import { newerHead } from './reconcile-head.ts';
import { reviewedPlanOf } from './reconcile-reviewed.ts';

/**
 * Reconciles the deployment of one file: by the digest that was given, or else by what its pull request was shown, as
 * long as the file is that of the default branch.
 */
export async function reconcileFile(
  tools: Tools,
  { path, deployment }: { readonly path: string; readonly deployment: Deployment },
  inputs: Inputs<'reconcile'>,
): Promise<ReconcileResult> {
  const { digest, scope } = inputs;
  const source = { path, deployment, repository: tools.repository };
  const expected = digest === undefined ? undefined : { digest, fingerprints: undefined, pullRequest: undefined };
  const { commit } = tools.run;
  const isUnknown = commit === undefined || (inputs['github-token'] ?? '') === '';
  // Whoever types a digest has seen the plan that it is of.
  if (digest !== undefined || isUnknown)
    return reconcile(tools.world(deployment), source, { expected: scope === 'all' ? expected : undefined, scope });
  const newer = await newerHead(tools.github(), commit, path);
  const reviewed = scope === 'all' ? await reviewedIn(tools, deployment, commit) : undefined;
  return reconcile(tools.world(deployment), source, { expected: reviewed, scope, newer });
}

async function reviewedIn(tools: Tools, { deployment }: Deployment, commit: string): Promise<ReviewedPlan | undefined> {
  const found = await reviewedPlanOf(tools.github(), commit, deployment, tools.run.commits);
  tools.log.info(
    found === undefined
      ? `no merged pull request of ${commit} has a plan of ${deployment}`
      : `the plan of ${deployment} was reviewed in pull request #${found.pullRequest ?? ''}: digest ${found.digest}`,
  );
  return found;
}
