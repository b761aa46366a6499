import { parseArgs } from 'node:util';
import { serveAdmin } from './admin.ts';
import { startSandbox, type AirflowVersion } from './index.ts';

const USAGE = 'usage: sandbox [--airflow 2.10.3|3.3.1] [--executor LocalExecutor|CeleryExecutor] [--home FOLDER]';
const { values } = parseArgs({
  options: {
    airflow: { type: 'string', default: '2.10.3' },
    executor: { type: 'string', default: 'LocalExecutor' },
    home: { type: 'string' },
  },
});
if (values.airflow !== '2.10.3' && values.airflow !== '3.3.1') throw new Error(USAGE);
if (values.executor !== 'LocalExecutor' && values.executor !== 'CeleryExecutor') throw new Error(USAGE);
const airflow: AirflowVersion = values.airflow;

const sandbox = await startSandbox({
  airflow,
  executor: values.executor,
  ...(values.home !== undefined && { home: values.home }),
  log: console.log,
});
const admin = await serveAdmin(sandbox);
const [region] = sandbox.regions;

console.log(`
Two Regions are up.
${sandbox.regions.map((name) => `  ${name}  Airflow ${sandbox.airflowUrl(name)}  AWS ${sandbox.gateway(name).url}`).join('\n')}

Deployment file: ${sandbox.deploymentFile}
For the action and the AWS CLI:
${Object.entries(sandbox.actionEnv)
  .map(([name, value]) => `  export ${name}='${value}'`)
  .join('\n')}
  aws --region ${region} --endpoint-url ${sandbox.gateway(region).url} s3 ls

Lose a Region, and let it return:
  curl -X POST ${admin.url}/lose/${region}
  curl -X POST ${admin.url}/return/${region}
Ctrl-C ends everything.
`);

let isStopping = false;
const stop = async (): Promise<void> => {
  if (isStopping) return;
  isStopping = true;
  console.log('Stopping …');
  await admin.stop();
  await sandbox.stop();
};
process.on('SIGINT', () => void stop());
process.on('SIGTERM', () => void stop());
