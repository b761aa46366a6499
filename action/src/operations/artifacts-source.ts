import { PINNED } from '../domain/artifact-plan.ts';
import type { Pinned } from '../domain/artifact-plan.ts';
import { zipOf } from '../domain/bundle-zip.ts';
import {
  bundleOf,
  fingerprintOf,
  isNeverOurs,
  refuseFile,
  requireDagFiles,
  requireFew,
  requireSmall,
} from '../domain/bundle.ts';
import type { Bundle, BundleFile } from '../domain/bundle.ts';
import { MdrError } from '../domain/errors.ts';
import { inFolder } from '../domain/artifact-planning.ts';
import type { Artifacts } from '../domain/policies.ts';
import type { RepositoryFiles } from '../domain/ports.ts';

/** The bundle of what the repository holds now, and its contents when they are needed. */
export interface BundleSource {
  readonly bundle: Bundle;
  /** Both throw `MDR-ARTIFACT-CONFLICT` when the file is not any more what it was when the bundle was made. */
  dag(file: BundleFile): Promise<Uint8Array>;
  pinned(pinned: Pinned, file: BundleFile): Promise<Uint8Array>;
}

/** Reads all that is declared, one file after the other; only fingerprints are kept. Throws `MDR-ARTIFACT-FILE`. */
export async function readBundle(repository: RepositoryFiles, artifacts: Artifacts): Promise<BundleSource> {
  const folder = artifacts.dags === undefined ? undefined : tidy(artifacts.dags);
  const dags = folder === undefined ? undefined : { folder, files: await dagFiles(repository, folder) };
  const pinned: Partial<Record<Pinned, BundleFile>> = {};
  for (const name of PINNED) {
    const path = artifacts[name];
    if (path === undefined) continue;
    pinned[name] = { path: tidy(path), ...fingerprintOf(await readPinned(repository, name, tidy(path))) };
  }
  return {
    bundle: bundleOf(dags, pinned),
    dag: async (file) => requireSame(file, await readFile(repository, inFolder(folder ?? '.', file.path))),
    pinned: async (name, file) => requireSame(file, await readPinned(repository, name, file.path)),
  };
}

const tidy = (path: string): string => path.replace(/^(\.\/)+/, '').replace(/\/+$/, '') || '.';

async function dagFiles(repository: RepositoryFiles, folder: string): Promise<readonly BundleFile[]> {
  const files: BundleFile[] = [];
  for (const { path } of requireDagFiles(folder, await repository.list(folder))) {
    files.push({ path, ...fingerprintOf(await readFile(repository, inFolder(folder, path))) });
  }
  return files;
}

/** Plugins may be a folder, which we pack ourselves. */
async function readPinned(repository: RepositoryFiles, pinned: Pinned, path: string): Promise<Uint8Array> {
  if (pinned === 'plugins' && !path.endsWith('.zip')) return packed(repository, path);
  return readFile(repository, path);
}

async function readFile(repository: RepositoryFiles, path: string): Promise<Uint8Array> {
  const content = await repository.read(path);
  if (content === undefined) throw refuseFile(`${path} is no file of the repository`);
  requireSmall(path, content.length);
  return content;
}

async function packed(repository: RepositoryFiles, folder: string): Promise<Uint8Array> {
  const isPlugin = (path: string) =>
    !isNeverOurs(path) && !path.endsWith('.pyc') && path.split('/').every((part) => !part.startsWith('.'));
  const files = ((await repository.list(folder)) ?? []).filter(({ path }) => isPlugin(path));
  if (files.length === 0) throw refuseFile(`${folder} is neither a zip nor a folder with files in it`);
  requireFew(folder, files);
  const contents = [];
  for (const { path, executable } of files) {
    contents.push({ path, executable, content: await readFile(repository, inFolder(folder, path)) });
  }
  const zip = zipOf(contents);
  requireSmall(folder, zip.length);
  return zip;
}

function requireSame(file: BundleFile, content: Uint8Array): Uint8Array {
  if (fingerprintOf(content).sha256 === file.sha256) return content;
  throw new MdrError({
    code: 'MDR-ARTIFACT-CONFLICT',
    message: `${file.path} has changed in the working directory since it was planned`,
    fix: 'Run again, on a checkout that nothing else writes to.',
    state: 'Some files may be deployed already; the next run goes on from there.',
  });
}
