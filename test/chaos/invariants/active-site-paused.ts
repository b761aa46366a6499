import type { Invariant } from './invariant.ts';

const PAUSE = /^PATCH dags\/(.+)$/;

export const activeSitePaused: Invariant = {
  name: 'active-site-paused',
  promise: 'nobody but a standby, or a side that has lost, is ever paused by us, and never our own DAGs',
  watch: (scene, violate) => ({
    called: ({ key, region }, { name }) => {
      const dagId = PAUSE.exec(key)?.[1];
      if (dagId === undefined) return;
      const { role, epoch } = scene.airflow(region);
      if (dagId.startsWith('mwaadr_')) violate(`${name} pauses ${dagId} in ${region}`);
      if (role === 'active' && epoch >= scene.highest) violate(`${name} pauses ${dagId} in ${region}, which rules`);
    },
    settled: () => {
      for (const region of scene.actives) {
        if (scene.airflow(region).unpaused.length === 0) violate(`${region} is active, and every DAG of it is paused`);
      }
    },
  }),
};
