export type * from './types.ts';
export { startSandbox } from './sandbox.ts';
