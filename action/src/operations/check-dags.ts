import { readDagCheck } from '../domain/dag-check.ts';
import type { CheckDagsResult, DagCheckReading, DagCheckRequest, RunDagCheck } from '../domain/dag-check.ts';
import { findingsOf } from '../domain/dag-findings.ts';
import { MdrError } from '../domain/errors.ts';
import { dagsConfiguration } from '../domain/dags-configuration.ts';
import type { Deployment } from '../domain/deployment.ts';
import type { Inputs } from '../domain/inputs.ts';
import type { Log } from '../domain/ports.ts';
import { toStored } from '../domain/stored-json.ts';
import type { Tools } from '../domain/tools.ts';

export interface DagCheckWorld {
  readonly log: Log;
  readonly stop: AbortSignal;
  readonly runDagCheck: RunDagCheck;
}

/**
 * What a real Airflow makes of the repository's DAGs folder. Findings are the answer, not an error: `refusalOf` makes
 * one of them. Throws {@link MdrError} `MDR-DAG-CHECK-AIRFLOW` when there is no Airflow of the deployment's version,
 * and what the port throws.
 */
export async function checkDags(world: DagCheckWorld, request: DagCheckRequest): Promise<CheckDagsResult> {
  const { folder, airflowVersion, timeoutSeconds } = request;
  return world.log.group(`Import ${folder} in Airflow ${airflowVersion}`, async () => {
    const reading = readDagCheck(await world.runDagCheck(request, world.log, world.stop));
    requireAirflow(reading, request);
    const times = [
      ...reading.imported.map((file) => ({ ...file, dags: file.dags.length })),
      ...reading.cut.map(timeOf),
    ];
    return {
      operation: 'check-dags',
      folder,
      airflowVersion,
      files: reading.airflow?.files.length ?? 0,
      dags: reading.imported.flatMap(({ dags }) => dags).length,
      tasks: reading.imported.flatMap(({ dags }) => dags).reduce((sum, { tasks }) => sum + tasks, 0),
      slowest: times
        .map(({ file, seconds, dags }) => ({ file, seconds, dags }))
        .toSorted((a, b) => b.seconds - a.seconds)
        .slice(0, 10),
      seconds: times.reduce((sum, { seconds }) => sum + seconds, 0),
      findings: findingsOf(reading, folder, timeoutSeconds),
    };
  });
}

const timeOf = ({ file, seconds }: DagCheckReading['cut'][number]) => ({ file, seconds, dags: 0 });

function requireAirflow({ airflow, trouble }: DagCheckReading, { airflowVersion, python }: DagCheckRequest): void {
  if (airflow?.version === airflowVersion) return;
  throw new MdrError({
    code: 'MDR-DAG-CHECK-AIRFLOW',
    message:
      airflow === undefined
        ? `${python} cannot import Airflow: ${trouble ?? 'it gave no reason'}`
        : `${python} has Airflow ${airflow.version}, and the deployment runs ${airflowVersion}`,
    fix: `Before this step, install apache-airflow==${airflowVersion} with its constraints, and the deployment's requirements, into a Python that the input \`python\` names.`,
    state: 'No DAG file was imported.',
  });
}

/** Checks the DAGs folder that a deployment file names. */
export function checkDeploymentDags(
  tools: Pick<Tools, 'log' | 'stop' | 'runDagCheck'>,
  { deployment }: { readonly deployment: Deployment },
  { python }: Inputs<'check-dags'>,
): Promise<CheckDagsResult> {
  const { dags = 'dags', plugins } = deployment.artifacts ?? {};
  return checkDags(tools, {
    folder: dags.replace(/\/+$/, ''),
    airflowVersion: deployment.airflowVersion,
    python,
    // A zip is no folder to import from.
    plugins: plugins?.endsWith('.zip') === true ? undefined : plugins,
    timeoutSeconds: Number(deployment.mwaa.airflowConfigurationOptions?.['core.dagbag_import_timeout'] ?? 30),
    region: deployment.sites[0].region,
    drConfiguration: toStored(dagsConfiguration(deployment)),
  });
}
