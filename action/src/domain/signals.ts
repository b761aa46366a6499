import { otherSite } from './deployment.ts';
import type { Deployment, SiteIndex } from './deployment.ts';
import type { Signal } from './observation.ts';
import type { Work } from './ports.ts';
import { inWords } from './stored-json.ts';
import type { StandingCase } from './trouble.ts';

export const good = (value: string): Signal => ({ quality: 'good', value });
export const bad = (value: string): Signal => ({ quality: 'bad', value });
export const none = (value: string): Signal => ({ quality: 'none', value });

/** Tasks that are due and none that starts. Those that seem to run may be from before their worker died. */
export function workSignal(work: Work | undefined, window: number): Signal {
  if (work === undefined) return none('not asked, since the canary beats');
  const { queued, running, startedSince, of } = work;
  const seen = `${queued} queued, ${running} running, ${startedSince ?? 'none known to have'} started in the last ${inWords(window)}, says ${of}`;
  if ((startedSince ?? 0) > 0) return good(seen);
  return queued > 0 && running === 0 ? bad(seen) : none(seen);
}

/**
 * The beat stands in the queue behind tasks that run: so would a fence, a snapshot and a restore. The queue of MWAA has no
 * priorities.
 */
export function slotSignal(work: Work | undefined): Signal {
  if (work === undefined) return good('a worker has taken the last beat');
  const { queued, running, ourWaiting = 0 } = work;
  if (ourWaiting === 0 || running === 0) return none('nobody knows');
  return bad(`the canary waits for a worker slot behind ${running} running and ${queued} queued task(s)`);
}

type ExtraMetrics = Deployment['health']['extraMetrics'];

/** Bad when one of them is so in every period; a period without data is evidence of nothing. */
export function extraSignal(metrics: ExtraMetrics, values: readonly (readonly (number | undefined)[])[]): Signal {
  if (metrics.length === 0) return none('the deployment file names none');
  const seen = metrics.map(({ name, badWhen }, index) => {
    const series = values[index] ?? [];
    const known = series.filter((value) => value !== undefined);
    const isBad = (value: number) => ('lessThan' in badWhen ? value < badWhen.lessThan : value > badWhen.greaterThan);
    const words = `${name} ${series.map((value) => value ?? 'no data').join(', ')}`;
    if (known.some((value) => !isBad(value))) return good(words);
    return known.length > 0 && known.length === series.length ? bad(words) : none(words);
  });
  const worst = (['bad', 'good'] as const).find((quality) => seen.some((signal) => signal.quality === quality));
  return { quality: worst ?? 'none', value: seen.map(({ value }) => value).join('; ') };
}

/** Whether a site can read what it has to obey. Only its own word counts, and only while we can read it ourselves. */
export function peerSignal({ deployment, standing, reach }: StandingCase, site: SiteIndex, stale: number): Signal {
  const beat = standing.beats[site];
  if (beat === undefined || beat.ageMilliseconds > stale) return none('its canary is silent');
  const told = [
    [otherSite(site), beat.peer?.read],
    [site, beat.control?.own],
  ] as const;
  const unread = told.filter(([of, read]) => read !== undefined && read !== 'good' && reach[of] === 'there');
  if (unread.length > 0)
    return bad(unread.map(([of, read]) => `${deployment.sites[of].region}: ${read ?? ''}`).join(', '));
  return beat.peer?.read === 'good' ? good('reads the control record of the other site') : none('it does not say');
}
