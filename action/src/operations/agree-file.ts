import type { Deployment } from '../domain/deployment.ts';
import type { Inputs } from '../domain/inputs.ts';
import type { AgreeResult } from '../domain/results.ts';
import type { Tools } from '../domain/tools.ts';
import { agree } from './agree.ts';

/** Makes the deployment file agree with the move that a failover has just made. */
export async function agreeFile(
  tools: Tools,
  { deployment, path }: { readonly deployment: Deployment; readonly path: string },
  inputs: Inputs<'agree'>,
): Promise<AgreeResult> {
  const { clock, log } = tools;
  const app = tools.app();
  const wanted = { deployment: deployment.deployment, path, site: inputs['active-site'], since: inputs.epoch };
  const outcome = await agree({ github: tools.github(), clock, log, ...(app && { app }) }, wanted);
  return {
    operation: 'agree',
    deployment: deployment.deployment,
    file: path,
    active: wanted.site,
    epoch: wanted.since,
    ...outcome,
  };
}
