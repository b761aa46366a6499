import type { Inputs } from '../domain/inputs.ts';
import { FAILURE_ENDING, PLAN_ENDING } from '../domain/plan-files.ts';
import type { PlanFile } from '../domain/plan-files.ts';
import type { FleetFailure, PlanResult } from '../domain/results.ts';
import type { Tools } from '../domain/tools.ts';
import { planReport } from '../report/plan.ts';
import { toMarkdown } from '../report/markdown.ts';
import { eachDeployment } from './each-deployment.ts';
import { observePlan } from './plan.ts';

/** Plans every deployment of the fleet; with `out` each plan is left there for the job that comments. Changes nothing. */
export async function planFleet(tools: Tools, { out }: Inputs<'plan'>): Promise<PlanResult> {
  const { results, failures } = await eachDeployment(tools, async (world, deployment, { path }) => {
    const { plan, fingerprints } = await observePlan(world, { path, deployment, repository: tools.repository });
    tools.log.info(`${deployment.deployment}: ${plan.outcome}`);
    return { plan, fingerprints };
  });
  if (out !== undefined) await keep(tools, out, results, failures);
  return { operation: 'plan', plans: results.map(({ plan }) => plan), failures };
}

async function keep(
  { workspace }: Tools,
  folder: string,
  plans: readonly PlanFile[],
  failures: readonly FleetFailure[],
): Promise<void> {
  for (const { plan, fingerprints } of plans) {
    const text = `${JSON.stringify({ plan, fingerprints }, null, 2)}\n`;
    await workspace.write(`${folder}/${plan.deployment}${PLAN_ENDING}`, text);
    await workspace.write(`${folder}/${plan.deployment}.md`, toMarkdown(planReport(plan, 'full')));
  }
  for (const failure of failures) {
    const name = failure.file.replaceAll(/[^A-Za-z0-9._-]+/g, '-');
    await workspace.write(`${folder}/${name}${FAILURE_ENDING}`, `${JSON.stringify(failure, null, 2)}\n`);
  }
}
