import type { Sandbox, SandboxOptions } from './types.ts';

export function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  return Promise.reject(new Error(`not built yet: ${options.airflow}`));
}
