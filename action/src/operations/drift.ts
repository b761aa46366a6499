import type { DriftedDeployment, DriftResult } from '../domain/drift-result.ts';
import { driftFindings } from '../domain/drift-findings.ts';
import { parseDriftRecord } from '../domain/drift-record.ts';
import type { DriftRecord } from '../domain/drift-record.ts';
import { MdrError } from '../domain/errors.ts';
import type { GitHub } from '../domain/github.ts';
import { leaseRuns } from '../domain/lease.ts';
import { keys } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import { isPassing } from '../domain/reconcile-follow.ts';
import { iso, toStored } from '../domain/stored-json.ts';
import type { Tools } from '../domain/tools.ts';
import { readControl } from './control.ts';
import { upkeepDriftIssues } from './drift-issue.ts';
import { eachDeployment } from './each-deployment.ts';
import { observePlan } from './plan.ts';
import type { PlanSource } from './plan.ts';
import { probeStored, sideOf } from './sides.ts';
import type { Side } from './sides.ts';

/**
 * Compares every deployment with Git, and keeps one issue for each that differs. A deployment that cannot be looked at
 * is a failure of its own: it is no drift, and its issue stays as it is.
 */
export async function driftOfFleet(tools: Tools): Promise<DriftResult> {
  const { results, failures } = await eachDeployment(tools, async (world, deployment, { path }) => {
    const found = await drift(world, { path, deployment, repository: tools.repository });
    tools.log.info(`${deployment.deployment}: ${found.outcome}, ${found.findings.length} difference(s)`);
    return found;
  });
  const github = githubOf(tools);
  const kept = github === undefined ? results : await withIssues(tools, github, results);
  return { operation: 'drift', schemaVersion: 1, deployments: kept, failures, keepsIssues: github !== undefined };
}

/** On a terminal there may be no token: the differences are said all the same. */
function githubOf(tools: Tools): GitHub | undefined {
  try {
    return tools.github();
  } catch (error) {
    if (!(error instanceof MdrError) || error.code !== 'MDR-INPUT-MISSING') throw error;
    tools.log.warning('no issue is kept: there is no GitHub token');
    return undefined;
  }
}

async function withIssues(
  { clock, log }: Tools,
  github: GitHub,
  found: readonly DriftedDeployment[],
): Promise<readonly DriftedDeployment[]> {
  const settled = found.filter(({ outcome }) => outcome !== 'busy');
  const outcomes = await upkeepDriftIssues({ github, clock, log }, settled);
  return found.map((one) => {
    const issue = outcomes.find(({ deployment }) => deployment === one.deployment);
    if (issue === undefined) return one;
    const kept = { ...one, issue: { act: issue.act, number: issue.issue } };
    return one.outcome === 'drift' ? { ...kept, since: one.since ?? issue.since ?? null } : kept;
  });
}

/**
 * Compares one deployment with Git, and notes in the standby's DR bucket what came out. Changes nothing else. Throws
 * AwsFault where a Region does not answer.
 */
export async function drift(world: World, source: PlanSource): Promise<DriftedDeployment> {
  const { deployment } = source;
  const { plan } = await observePlan(world, source);
  const standby = sideOf(world, deployment, plan.standby === deployment.sites[0].region ? 0 : 1);
  const at = iso(world.clock.now());
  const about = { deployment: deployment.deployment, file: source.path, at, digest: plan.digest, issue: undefined };
  const isBusy = plan.sites.some(({ status }) => isPassing(status)) || (await isAtWork(standby, source));
  const findings = driftFindings(plan);
  const before = await probeStored(() => readDrift(standby, source));
  const known = 'answer' in before ? (before.answer?.since ?? null) : null;
  if (isBusy) return { ...about, outcome: 'busy', since: known, findings };
  const outcome = findings.length === 0 ? 'clean' : 'drift';
  if (outcome === 'drift' && 'fault' in before) {
    // Written anew it would say that all of this began just now.
    world.log.warning(`the note of the last drift check could not be read and is left as it is: ${before.detail}`);
    return { ...about, outcome, since: null, findings };
  }
  const since = outcome === 'clean' ? null : (known ?? at);
  await noteDrift(standby, {
    schemaVersion: 1,
    deployment: deployment.deployment,
    at,
    digest: plan.digest,
    fields: findings.length,
    since,
  });
  return { ...about, outcome, since, findings };
}

/** Whether a move or a reconcile is at work: what it has not come to yet is no drift. */
async function isAtWork(side: Side, { deployment }: PlanSource): Promise<boolean> {
  const loaded = await readControl(side, deployment);
  if (loaded === undefined) return false;
  return loaded.record.move !== null || leaseRuns(loaded.record.lease, loaded.date);
}

async function readDrift({ bucket, ports }: Side, { deployment }: PlanSource): Promise<DriftRecord | undefined> {
  const key = keys.drift(deployment.deployment);
  const object = await ports.objects.get(bucket, key);
  return object === undefined ? undefined : parseDriftRecord(object.body, `s3://${bucket}/${key}`);
}

const noteDrift = ({ bucket, ports }: Side, record: DriftRecord): Promise<unknown> =>
  ports.objects.put(bucket, keys.drift(record.deployment), toStored(record), 'any');
