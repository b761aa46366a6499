import type { Deployment } from '../domain/deployment.ts';
import type { Observations } from '../domain/observation.ts';
import type { World } from '../domain/ports.ts';
import { staleAfter } from '../domain/reading.ts';
import { isSettled } from '../domain/verdict.ts';
import { observe } from './observe.ts';
import type { Observed } from './observe.ts';

/**
 * Reads, one reading a period, until the verdict is clear, `wait` seconds are up or the runner is asked to stop; at
 * least once. Answers the last reading's verdict. `meanwhile` is done between two readings.
 */
export async function settle(
  world: World,
  deployment: Deployment,
  { wait, observer }: { readonly wait: number; readonly observer: string },
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<{ observed: Observed; readings: number }> {
  const began = world.clock.now();
  const memory: { observations?: Observations } = {};
  for (let readings = 1; ; readings += 1) {
    const started = world.clock.now();
    const observed = await world.log.group('Look at the active site', async () => {
      const seen = await observe(world, deployment, observer, memory);
      world.log.info(`${seen.active.region}: ${seen.verdict.key}: ${seen.verdict.reason}`);
      return seen;
    });
    const latest = memory.observations?.readings.at(-1);
    const lags = { stale: staleAfter(deployment), periods: deployment.health, strategy: deployment.strategy };
    const clear = latest === undefined || isSettled(observed.verdict, latest, started - began, lags);
    const next = Math.max(started + deployment.health.periodSeconds * 1000, world.clock.now());
    if (clear || next > began + wait * 1000 || world.stop.aborted) return { observed, readings };
    await meanwhile();
    await world.clock.sleep(Math.max(0, next - world.clock.now()), world.stop);
  }
}
