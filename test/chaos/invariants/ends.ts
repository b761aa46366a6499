import type { Invariant } from './invariant.ts';

/** The action takes every AwsFault for an answer with a code; anything else that is thrown is a defect. */
const DEFECTS = ['crash', 'MDR-INTERNAL'];

export const crash: Invariant = {
  name: 'crash',
  promise: 'an operation ends with a result or with an error that says why',
  watch: (_, violate) => ({
    ended: ({ by, code, error }) => {
      if (!DEFECTS.includes(code)) return;
      const why = error instanceof Error ? (error.stack ?? error.message).slice(0, 600) : String(error);
      violate(`${by.name} ${by.operation}: ${code} ${why}`);
    },
  }),
};

export const hang: Invariant = {
  name: 'hang',
  promise: 'an operation ends',
  watch: (scene, violate) => ({
    settled: () => {
      const names = [...scene.running].map(({ name, operation }) => `${name} ${operation}`);
      if (names.length > 0) violate(`still at work, hours after all was healed: ${names.join(', ')}`);
    },
  }),
};

export const debtsLeft: Invariant = {
  name: 'debts-left',
  promise: 'three checks pay or strike off everything that moves owe',
  watch: (scene, violate) => ({
    settled: () => {
      if (scene.debts.length > 0) violate(`owed after three checks: ${scene.debts.join(', ')}`);
    },
  }),
};
