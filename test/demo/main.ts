/** `npm run demo [-- --airflow 3.3.1] [-- --keep]`: two Regions in a box, one is lost, the workflows move. */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { type DagLine, type Story, tellStory } from '../support/story.ts';
import { seconds } from '../support/claims.ts';
import type { AirflowVersion } from '../sandbox/types.ts';

const said: { at: number; longest: number } = { at: Date.now(), longest: 0 };

const say = (line = ''): void => {
  said.longest = Math.max(said.longest, Date.now() - said.at);
  said.at = Date.now();
  process.stdout.write(`${line}\n`);
};

function options(): { airflow: AirflowVersion; keep: boolean } {
  const { values } = parseArgs({
    options: { airflow: { type: 'string', default: '2.10.3' }, keep: { type: 'boolean', default: false } },
  });
  if (values.airflow !== '2.10.3' && values.airflow !== '3.3.1') {
    say(`The demo knows Airflow 2.10.3 and 3.3.1, not ${values.airflow}. Try: npm run demo -- --airflow 3.3.1`);
    process.exit(2);
  }
  return { airflow: values.airflow, keep: values.keep };
}

const cell = (line: DagLine | undefined): string =>
  line === undefined
    ? 'not there'.padEnd(38)
    : `${line.paused ? 'paused' : 'on'.padEnd(6)} ${String(line.succeeded).padStart(3)} done ${String(line.unfinished).padStart(2)} open  last ${line.last}`.padEnd(
        36,
      );

function dagTable({ before, after }: Story): void {
  say(`${'DAG'.padEnd(18)}${'us-east-1 when it was lost'.padEnd(40)}us-west-2 now`);
  for (const line of before) {
    say(`${line.dagId.padEnd(18)}${cell(line)}  ${cell(after.find((other) => other.dagId === line.dagId))}`);
  }
}

function timeline({ marks, sandbox }: Story): void {
  let last = 0;
  for (const { what, at } of marks) {
    say(`${seconds(at).padStart(9)}  +${seconds(at - last).padStart(7)}  ${what}`);
    last = at;
  }
  say(`CPU used by both Regions and their AWS: ${sandbox.cpuSeconds().toFixed(0)} s`);
  say(`Longest silence: ${seconds(said.longest)}`);
}

/** The job summary as a terminal can show it: GitHub renders the same text. */
const plain = (markdown: string): string =>
  markdown
    .replaceAll(/<\/?(code|details|summary)>/g, '')
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();

function heading(text: string): void {
  say();
  say(text);
  say('-'.repeat(text.length));
}

function tell(story: Story): boolean {
  heading('What the failover said (its job summary)');
  say(plain(story.runs.failover.summary));
  heading('Every DAG, before and after');
  dagTable(story);
  heading('What is true now');
  for (const { claim, ok, seen } of story.claims) say(`${ok ? 'true ' : 'FALSE'}  ${claim}\n         ${seen}`);
  heading('Time line');
  timeline(story);
  return story.claims.every(({ ok }) => ok);
}

async function keepRunning({ sandbox }: Story): Promise<void> {
  heading('Left running: Ctrl-C ends it');
  for (const region of sandbox.regions) say(`Airflow in ${region}: ${sandbox.airflowUrl(region)}`);
  const environment = Object.entries(sandbox.actionEnv)
    .filter(([name]) => name.startsWith('AWS_'))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
  const { url } = sandbox.gateway('us-west-2');
  say(
    `AWS CLI: ${environment} aws --endpoint-url ${url} --region us-west-2 s3 ls --recursive s3://mwaadr-111122223333-us-west-2/`,
  );
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}

const { airflow, keep } = options();
say(`Two Regions in a box, Airflow ${airflow}: one will be lost.`);
const story = await tellStory({ airflow, log: say });
const good = tell(story);
say();
say(good ? 'All of that was true.' : 'NOT all of that was true: see FALSE above.');
if (keep) await keepRunning(story);
await story.sandbox.stop();
process.exit(good ? 0 : 1);
