export type * from './types.ts';
export { startSandbox } from './sandbox.ts';
export { startServices, type Services } from './services.ts';
