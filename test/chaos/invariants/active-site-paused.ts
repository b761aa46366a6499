import type { Invariant } from './invariant.ts';

const PAUSE = /^PATCH dags\/(.+)$/;

export const activeSitePaused: Invariant = {
  name: 'active-site-paused',
  promise: 'nobody but a standby, or a side that has lost, is ever paused by us, and never our own DAGs',
  watch: (scene, violate) => {
    /** With the record of the winner what it paused is forgotten by moves, but not by its note: `check` says it. */
    let isForgotten = false;
    let said: readonly string[] = [];
    return {
      meddled: () => {
        isForgotten = true;
      },
      ended: ({ result }) => {
        if (result?.operation === 'check') said = result.findings.map(({ name }) => name);
      },
      called: ({ key, region }, { name }) => {
        const dagId = PAUSE.exec(key)?.[1];
        if (dagId === undefined) return;
        const { role, epoch } = scene.airflow(region);
        if (dagId.startsWith('mwaadr_')) violate(`${name} pauses ${dagId} in ${region}`);
        if (role === 'active' && epoch >= scene.highest) violate(`${name} pauses ${dagId} in ${region}, which rules`);
      },
      settled: () => {
        for (const region of scene.actives) {
          const isSaid = isForgotten && said.includes('all-paused');
          if (scene.airflow(region).unpaused.length === 0 && !isSaid)
            violate(`${region} is active, and every DAG of it is paused`);
        }
      },
    };
  },
};
