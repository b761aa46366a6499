import type { SiteIndex } from './deployment.ts';
import { isUsable } from './gate.ts';
import type { Reading } from './observation.ts';
import type { EnvironmentDescription } from './ports.ts';
import type { Probe } from './reading.ts';
import type { Standing } from './standing.ts';
import { iso, millis } from './stored-json.ts';
import { LIFE, UPDATE_DEADLINE } from './verdict.ts';

const UNUSABLE = ['CREATE_FAILED', 'DELETING', 'DELETED', 'UNAVAILABLE', 'PENDING'];

/** Nothing runs in it, and no waiting changes that. */
export const isUnusable = (environment: EnvironmentDescription | undefined): boolean =>
  environment === undefined || UNUSABLE.includes(environment.status);

/** Milliseconds since a site's last beat, or, when it has never beaten, since it could have. */
export const silenceOf = (
  { beats, record }: Standing,
  site: SiteIndex,
  { createdAt = 0 }: EnvironmentDescription,
  now: number,
): number => beats[site]?.ageMilliseconds ?? Math.max(0, now - Math.max(millis(record.activated.at), createdAt));

/** Unusable, or for hours in a change, without a beat or by MWAA's own word: no move waits for that. `now`: milliseconds. */
export const isUseless = (
  environment: EnvironmentDescription | undefined,
  standing: Standing,
  site: SiteIndex,
  now: number,
): boolean =>
  environment === undefined ||
  isUnusable(environment) ||
  (!isUsable(environment.status) &&
    Math.max(silenceOf(standing, site, environment, now), updatesSince(environment, now)) > UPDATE_DEADLINE);

/** The same of what was asked; what could not be asked is not useless. */
export const isUselessBy = (
  described: Probe<EnvironmentDescription | undefined>,
  standing: Standing,
  site: SiteIndex,
  now: number,
): boolean => 'answer' in described && isUseless(described.answer, standing, site, now);

export const updatesSince = ({ status, lastUpdate }: EnvironmentDescription, now: number): number =>
  status === 'UPDATING' && lastUpdate !== undefined ? now - lastUpdate.createdAt : 0;

/**
 * Since when it is in this state, as far as anybody looked: the same one may be another one of its kind when nobody did
 * for longer than one excuses an environment. `life`: when the site was last known to work before this reading; `beat`:
 * when its canary last beat.
 */
export function statusOf(
  probe: Probe<EnvironmentDescription | undefined>,
  now: number,
  earlier: readonly Reading[],
  standing: Standing | undefined,
): Reading['status'] {
  if (!('answer' in probe) || probe.answer === undefined) return null;
  const { status, lastUpdate, createdAt = -Infinity } = probe.answer;
  const update = status === 'UPDATING' && lastUpdate !== undefined ? Math.min(lastUpdate.createdAt, now) : undefined;
  const before = earlier.filter(({ at }) => millis(at) <= now);
  const last = newestOf(before.filter((one) => one.status !== null && now - millis(one.at) <= UPDATE_DEADLINE))?.status;
  const since = last?.name === status ? Math.max(millis(last.since), update ?? -Infinity) : (update ?? now);
  const alive = newestOf(before.filter(({ signals }) => LIFE.some((name) => signals[name].quality === 'good')));
  const beat = standing?.beats[standing.roles.active];
  const beaten = beat && now - beat.ageMilliseconds;
  const known = [alive?.at, last?.life].flatMap((at) => (at === undefined ? [] : [millis(at)]));
  const signs = beaten === undefined ? known : [...known, beaten];
  const life = signs.length === 0 ? undefined : Math.min(now, Math.max(...signs, createdAt));
  return {
    name: status,
    since: iso(since),
    ...(life !== undefined && { life: iso(life) }),
    ...(beaten !== undefined && { beat: iso(beaten) }),
  };
}

const newestOf = (readings: readonly Reading[]): Reading | undefined =>
  readings.toSorted((a, b) => millis(a.at) - millis(b.at)).at(-1);
