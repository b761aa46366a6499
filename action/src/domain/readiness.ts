import { isUsable } from './gate.ts';
import { DAG_IDS } from './names.ts';
import type { Deployment, Site } from './deployment.ts';
import type { StoredBeat } from './heartbeat.ts';
import type { Manifest } from './manifest.ts';
import type { EnvironmentDescription } from './ports.ts';
import { staleAfter } from './reading.ts';
import { firstOf } from './standing-findings.ts';
import { inWords } from './stored-json.ts';

export interface TargetFacts {
  readonly environment: EnvironmentDescription | undefined;
  readonly heartbeat: StoredBeat | undefined;
  readonly dags: readonly { readonly dagId: string; readonly isPaused: boolean }[];
}

/**
 * Why the target cannot take over this snapshot now, one line a reason; empty when it can. No force helps against a change
 * of its environment: one that fails may bring the database of before back, and what was restored meanwhile is gone.
 */
export function whyUnready(
  deployment: Deployment,
  site: Site,
  manifest: Manifest,
  target: TargetFacts,
): readonly string[] {
  return [
    ...environmentReasons(site, manifest, target.environment),
    ...heartbeatReasons(deployment, target.heartbeat),
    ...dagReasons(manifest, target.dags),
  ];
}

function environmentReasons(
  site: Site,
  manifest: Manifest,
  environment: EnvironmentDescription | undefined,
): readonly string[] {
  if (environment === undefined) return [`there is no environment ${site.environment}`];
  const reasons: string[] = [];
  const { status } = environment;
  if (!isUsable(status)) reasons.push(`${site.environment} is ${status}, not AVAILABLE`);
  if (!isOfAirflow(environment, manifest)) {
    reasons.push(
      `${site.environment} runs Airflow ${environment.airflowVersion ?? '?'}, the snapshot is of ${manifest.airflow.version}`,
    );
  }
  return reasons;
}

/** No snapshot goes into another version. */
export const isOfAirflow = ({ airflowVersion }: EnvironmentDescription, { airflow }: Manifest): boolean =>
  airflowVersion === airflow.version;

function heartbeatReasons(deployment: Deployment, heartbeat: StoredBeat | undefined): readonly string[] {
  if (heartbeat === undefined) return ['its canary has never beaten: are the DR DAGs installed?'];
  const age = heartbeat.ageMilliseconds;
  if (age > staleAfter(deployment)) return [`its canary is silent for ${inWords(age)}`];
  if (!heartbeat.hold.installed) return ['its hold is not installed'];
  if (heartbeat.control?.own === 'denied')
    return ['it may not read its own control record, without which it activates nothing: look at its execution role'];
  return heartbeat.hold.held ? [] : ['it is not held: its own user DAGs may run'];
}

/**
 * What speaks against these DAGs of a target; `manifest`: what it would restore, `undefined` = not known.
 *
 * A user DAG that is not parsed blocks nothing: one broken file must not hold up all the others, and one that reads a
 * Variable at its top parses only after the restore. None at all means that the DAG files are not there.
 */
export function dagReasons(manifest: Manifest | undefined, dags: TargetFacts['dags']): readonly string[] {
  const parsed = new Set(dags.map(({ dagId }) => dagId));
  const wanted = manifest === undefined ? [] : userDags(manifest);
  const missing = manifest === undefined ? [] : missingDags(manifest, dags);
  const paused = dags.filter(({ dagId, isPaused }) => isPaused && NEEDED.includes(dagId));
  return [
    ...paused.map(({ dagId }) => `its ${dagId} is paused, so that it would never run: unpause it there`),
    ...notParsed(parsed, wanted, missing),
  ];
}

/** Our own DAGs without which a move ends half done: named before the claim, not found after it. */
const NEEDED: readonly string[] = [DAG_IDS.restore, DAG_IDS.activate, DAG_IDS.canary];

/** Our own DAGs that stand still, and stop no move: what they do is missed only after it. */
export const quietDags = (dags: TargetFacts['dags']): readonly string[] =>
  dags
    .filter(({ dagId, isPaused }) => isPaused && dagId === DAG_IDS.snapshot)
    .map(({ dagId }) => `its ${dagId} is paused, so that nothing would be saved after a move: unpause it there`);

function notParsed(
  parsed: ReadonlySet<string>,
  wanted: readonly string[],
  missing: readonly string[],
): readonly string[] {
  return [
    ...[DAG_IDS.restore, DAG_IDS.activate].filter((dagId) => !parsed.has(dagId)),
    ...(wanted.length > 0 && missing.length === wanted.length ? [`any of ${firstOf(missing)}`] : []),
  ].map((what) => `it has not parsed ${what}`);
}

const userDags = ({ pauseSet }: Manifest): readonly string[] => [...pauseSet.unpaused, ...pauseSet.paused].toSorted();

/**
 * User DAGs of the snapshot that the target has not parsed. REST of Airflow 2 lists no sub-DAG (`parent.child`): it is
 * there with its parent.
 */
export function missingDags(manifest: Manifest, dags: readonly { readonly dagId: string }[]): readonly string[] {
  const parsed = new Set(dags.map(({ dagId }) => dagId));
  const hasSubDags = manifest.airflow.version.startsWith('2.');
  const isThere = (dagId: string): boolean => {
    const dot = dagId.lastIndexOf('.');
    return parsed.has(dagId) || (hasSubDags && dot > 0 && isThere(dagId.slice(0, dot)));
  };
  return userDags(manifest).filter((dagId) => !isThere(dagId));
}
