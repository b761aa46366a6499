import type { RunDagCheck } from './dag-check.ts';
import type { Inspectors } from './doctor-ports.ts';
import type { Fleet } from './fleet.ts';
import type { GitHub } from './github.ts';
import type { RegionPorts, RepositoryFiles, World } from './ports.ts';

/** The working directory, for what operations leave to later steps and find there. */
export interface Workspace {
  /** Makes the folders on the way. `false`: the file is there and was to be new. */
  write(path: string, text: string, options?: { readonly mustBeNew: boolean }): Promise<boolean>;
  /** Files below a folder, at any depth, whose names end so; sorted by path. */
  read(folder: string, ending: string): Promise<readonly { readonly path: string; readonly text: string }[]>;
}

/** What operations get that are not about one deployment alone. */
export interface Tools extends Fleet, Inspectors, Pick<World, 'clock' | 'log' | 'stop' | 'actor'> {
  /** Throws `MDR-INPUT-MISSING` when there is no token. */
  github(): GitHub;
  /** As the GitHub App; `undefined` when there is no token of one. */
  app(): GitHub | undefined;
  /** A Region by the credentials that are there, before there is a deployment. */
  anyRegion(name: string): Pick<RegionPorts, 'environments'>;
  readonly runDagCheck: RunDagCheck;
  readonly repository: RepositoryFiles;
  readonly workspace: Workspace;
  /** What GitHub runs this for. */
  readonly run: {
    readonly commit: string | undefined;
    /** Of a push, oldest first; empty where it took others away. `undefined`: it is no push. */
    readonly commits: readonly string[] | undefined;
    readonly pullRequest: number | undefined;
    readonly url: string | undefined;
  };
}
