import { createHash } from 'node:crypto';
import { PINNED } from './artifact-plan.ts';
import type { Pinned } from './artifact-plan.ts';
import { sha256 } from './envelope.ts';
import { MdrError } from './errors.ts';
import { bundleKeys } from './names.ts';
import type { RepositoryFile } from './ports.ts';

/** Content without the content. */
export interface Fingerprint {
  /** Hex. */
  readonly sha256: string;
  /** Hex; what S3's ETag is of an object that is neither encrypted with KMS nor uploaded in parts. */
  readonly md5: string;
  readonly size: number;
}

export interface BundleFile extends Fingerprint {
  /** Below the DAGs folder. */
  readonly path: string;
}

/** What the repository would deploy. */
export interface Bundle {
  /** `undefined` when the deployment file names no folder of DAGs. */
  readonly dags:
    { readonly folder: string; readonly digest: string; readonly files: readonly BundleFile[] } | undefined;
  /** `path` is the one in the repository. */
  readonly pinned: Readonly<Partial<Record<Pinned, BundleFile>>>;
  /** SHA-256 over all of it. */
  readonly digest: string;
}

/** Bytes. A single file goes up in one request, which has ten seconds. */
export const FILE_LIMIT = 64 * 1024 * 1024;
const FOLDER_LIMIT = 512 * 1024 * 1024;
const COUNT_LIMIT = 20_000;
/** Bytes of a key in S3; the longest prefix of ours in front of a path is far shorter than 200. */
const PATH_LIMIT = 1024 - 200;

const FILES: Readonly<Record<Pinned, string>> = {
  requirements: 'requirements.txt',
  plugins: 'plugins.zip',
  startupScript: 'startup.sh',
};

/** Key of a pinned artifact in the DAGs bucket, the same at both sites. */
export const pinnedKey = (deployment: string, pinned: Pinned): string => bundleKeys.artifact(deployment, FILES[pinned]);

/**
 * Whether a file below the DAGs folder is one to be deployed: not our own DAGs, no byte code, nothing hidden but
 * `.airflowignore`.
 */
export function isDagFile(path: string): boolean {
  const parts = path.split('/');
  if (isNeverOurs(path) || path.endsWith('.pyc')) return false;
  return parts.every((part, at) => !part.startsWith('.') || (part === '.airflowignore' && at === parts.length - 1));
}

/** What the canary leaves out of its digest (dags/mwaadr/core/bundle.py), and so do we at both sides of a comparison. */
export const isNeverOurs = (path: string): boolean =>
  path.split('/')[0] === 'mwaadr' || path.split('/').includes('__pycache__');

export const fingerprintOf = (content: Uint8Array): Fingerprint => ({
  sha256: sha256(content),
  md5: createHash('md5').update(content).digest('hex'),
  size: content.length,
});

/**
 * The digest that a site's canary writes into its heartbeat as `bundle`, when these are all the files below its DAGs
 * folder: SHA-256 over the lines `<path> <SHA-256 of the file>`, sorted by the bytes of the path.
 */
export function dagsDigest(files: readonly Pick<BundleFile, 'path' | 'sha256'>[]): string {
  const hash = createHash('sha256');
  for (const { path, sha256 } of sorted(files)) hash.update(`${path} ${sha256}\n`);
  return hash.digest('hex');
}

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');
const sorted = <T extends { readonly path: string }>(files: readonly T[]): readonly T[] =>
  files.toSorted((a, b) => Buffer.compare(bytes(a.path), bytes(b.path)));

export function bundleOf(
  dags: { readonly folder: string; readonly files: readonly BundleFile[] } | undefined,
  pinned: Bundle['pinned'],
): Bundle {
  const digest = dags === undefined ? undefined : dagsDigest(dags.files);
  const total = createHash('sha256').update(`dags ${digest ?? '-'}\n`);
  for (const name of PINNED) total.update(`${name} ${pinned[name]?.sha256 ?? '-'}\n`);
  return {
    dags: dags === undefined || digest === undefined ? undefined : { ...dags, files: sorted(dags.files), digest },
    pinned,
    digest: total.digest('hex'),
  };
}

/**
 * The files of a folder that are to be deployed. Throws {@link MdrError} `MDR-ARTIFACT-FILE` when there are none (a
 * mistyped folder must not delete every DAG), or one that a bucket or an environment cannot take.
 */
export function requireDagFiles(
  folder: string,
  listed: readonly RepositoryFile[] | undefined,
): readonly RepositoryFile[] {
  const files = (listed ?? []).filter(({ path }) => isDagFile(path));
  if (files.length === 0) throw refuseFile(`${folder} is no folder with files in it`);
  requireFew(folder, files);
  return files;
}

/** The same limits for every folder that is deployed. Throws `MDR-ARTIFACT-FILE`. */
export function requireFew(folder: string, files: readonly RepositoryFile[]): void {
  for (const { path, size } of files) {
    if (/\p{Cc}/u.test(path)) throw refuseFile(`${JSON.stringify(`${folder}/${path}`)} has a control character`);
    if (bytes(path).length > PATH_LIMIT) throw refuseFile(`${folder}/${path} is longer than ${PATH_LIMIT} bytes`);
    requireSmall(`${folder}/${path}`, size, FILE_LIMIT);
  }
  if (files.length > COUNT_LIMIT) throw refuseFile(`${folder} holds ${files.length} files, more than ${COUNT_LIMIT}`);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  requireSmall(folder, total, FOLDER_LIMIT);
}

/** Throws `MDR-ARTIFACT-FILE`. */
export function requireSmall(path: string, size: number, limit = FILE_LIMIT): void {
  if (size > limit) throw refuseFile(`${path} has ${size} bytes, more than ${limit}`);
}

export const refuseFile = (message: string): MdrError =>
  new MdrError({
    code: 'MDR-ARTIFACT-FILE',
    message,
    fix: 'Correct the path under `artifacts` in the deployment file, or the file in the repository.',
    state: 'nothing was touched',
  });
