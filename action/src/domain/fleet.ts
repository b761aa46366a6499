import type { Deployment } from './deployment.ts';
import type { MdrError } from './errors.ts';
import type { World } from './ports.ts';

/** A deployment file as it was found: a broken one does not hide the others. */
export type DeploymentFile = { readonly path: string; readonly text: string } & (
  { readonly deployment: Deployment } | { readonly error: MdrError }
);

/** What an operation over many deployments gets. */
export interface Fleet {
  /** In the order of their paths. */
  readonly files: readonly DeploymentFile[];
  /** The world of one deployment, with the credentials that belong to it. */
  world(deployment: Deployment): World;
}
