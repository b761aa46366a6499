import type { ControlRecord } from '../domain/control-record.ts';
import type { Deployment, SiteIndex } from '../domain/deployment.ts';
import { isUnusable, isUselessBy } from '../domain/environment-change.ts';
import { findingsOf } from '../domain/findings.ts';
import type { Found } from '../domain/findings.ts';
import { withReading } from '../domain/observation.ts';
import type { Observations } from '../domain/observation.ts';
import type { World } from '../domain/ports.ts';
import { readingOf, staleAfter } from '../domain/reading.ts';
import type { Case } from '../domain/rows.ts';
import { withoutLease } from '../domain/standing.ts';
import { millis } from '../domain/stored-json.ts';
import { judge } from '../domain/verdict.ts';
import type { Verdict } from '../domain/verdict.ts';
import { ask } from './ask.ts';
import { noRecord, timeOf } from './control.ts';
import { NO_PAUSES, pausesOf } from './pauses.ts';
import { readBefore, remember } from './observations.ts';
import type { Memory } from './observations.ts';
import { bothSides, sideOf } from './sides.ts';
import type { Side } from './sides.ts';
import { restorableAt } from './restorable.ts';
import { reachOf, readStanding } from './standing.ts';

export interface Observed extends Found {
  readonly active: Side;
  readonly standby: Side;
  /** `undefined` when neither Region's control record could be read: then site 0 is only assumed to be active. */
  readonly record: ControlRecord | undefined;
  readonly verdict: Verdict;
  /** It is UNKNOWN, and was so a reading before, of this run or of an earlier one, as far as anybody knows. */
  readonly isStillUnknown: boolean;
  /** Newest complete snapshot of the current lineage at the standby. */
  readonly snapshot: string | undefined;
  /** Whether anything in the standby's Region answers. */
  readonly standbyAnswers: boolean;
  /** Whether MWAA says that nothing runs in its environment. */
  readonly isStandbyGone: boolean;
  readonly warnings: readonly string[];
}

/**
 * Takes one reading of the active site, remembers it in the standby's bucket, and judges it together with what was seen
 * before. `memory` stands in for what cannot be read back. `ours`: the nonce of a lease that says nothing of others, and
 * so of no move that would be under way.
 */
export async function observe(
  world: World,
  deployment: Deployment,
  observer: string,
  memory: Memory,
  ours?: string,
): Promise<Observed> {
  const { controls, standing: all } = await readStanding(world, deployment);
  const standing = all && withoutLease(all, ours);
  if (standing === undefined && controls.every((control) => 'answer' in control)) throw noRecord(deployment, controls);
  const roles = standing?.roles ?? ({ active: 0, standby: 1 } as const);
  const active = sideOf(world, deployment, roles.active);
  const standby = sideOf(world, deployment, roles.standby);
  const time = timeOf(world, controls);
  const known = standing && {
    deployment,
    standing,
    reach: reachOf(controls),
    // Only then it is a question where to go.
    ...(standing.nobodyActive && {
      restorable: await restorableAt(world, bothSides(world, deployment), deployment, standing.record.activated),
    }),
  };
  const before = await readBefore(deployment, active, standby, observer, memory);
  const probes = await ask({ world, deployment, active, standby, controls, standing, now: time.at });
  const earlier = [before.own, ...before.others].flatMap(({ readings }) => readings);
  const reading = readingOf(deployment, time, probes, known, earlier);
  const own = withReading(before.own, reading, deployment.health);
  memory.observations = own;
  // A memory that could not be read back must not be overwritten by a shorter one.
  const warning = before.isKnown
    ? await remember(deployment, active, standby, own, before.namesakes)
    : 'earlier readings could not be read';
  const seen = { periods: deployment.health, now: time.at, observer: own, others: before.others };
  const verdict = judge(seen);
  const snapshot = 'answer' in probes.snapshot ? probes.snapshot.answer : undefined;
  const notThere = 'answer' in probes.standbyAirflow ? probes.standbyAirflow.answer.missing : [];
  const copy = probes.heartbeat;
  const isUselessAt = (site: SiteIndex): boolean => {
    const described = site === active.index ? probes.activeEnvironment : probes.standbyEnvironment;
    return standing !== undefined && isUselessBy(described, standing, site, time.at);
  };
  const useless = [isUselessAt(0), isUselessAt(1)] as const;
  const newest = probes.newest?.manifest;
  const pauses = standing && (await pausesOf(world, deployment, standing, { active, standby, newest }));
  return {
    active,
    standby,
    record: standing?.record,
    verdict,
    isStillUnknown: verdict.key === 'UNKNOWN' && (!before.isKnown || isUnknown(before.own, seen)),
    snapshot,
    isStandbyGone: 'answer' in probes.standbyEnvironment && isUnusable(probes.standbyEnvironment.answer),
    standbyAnswers: ANSWERS.some((name) => ['good', 'bad'].includes(reading.signals[name].quality)),
    ...(known === undefined
      ? { findings: [], notes: [] }
      : findingsOf({
          ...known,
          ...NO_PAUSES,
          ...pauses,
          other: probes.newest?.other,
          snapshot: probes.snapshot,
          useless,
          hasCopy: !('answer' in copy) || (copy.answer?.ageMilliseconds ?? Infinity) <= staleAfter(deployment),
          notThere,
          verdict,
          seen,
        })),
    warnings: warning === undefined ? [] : [warning],
  };
}

/** By the readings before this one. The verdict of a day ago says nothing of today's observer. */
function isUnknown(own: Observations, seen: Case): boolean {
  const last = own.readings.at(-1);
  if (last === undefined || seen.now - millis(last.at) > A_DAY) return false;
  const until = millis(last.at);
  const others = seen.others.map((other) => ({
    ...other,
    readings: other.readings.filter(({ at }) => millis(at) <= until),
  }));
  return judge({ ...seen, now: until, observer: own, others }).key === 'UNKNOWN';
}

const A_DAY = 86_400_000;

/** Each by a way of its own: what of a Region comes back first, nobody knows. */
const ANSWERS = ['standbyEnvironment', 'standbyStorage', 'standbyIdentity'] as const;
