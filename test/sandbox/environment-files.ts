import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { RuntimeEnvironment, SourceObject } from './control-plane/runtime.ts';

const run = promisify(execFile);

/**
 * An environment's files as MWAA brings them from the bucket, each in the version that the environment names:
 * `requirements.txt`, `startup.sh`, and `plugins/` with what was in plugins.zip. `python` unzips.
 */
export async function bringFiles(s3: S3Client, python: string, home: string, from: RuntimeEnvironment): Promise<void> {
  const bytesOf = (object: SourceObject | undefined) => read(s3, from.dagsBucket, object);
  put(join(home, 'requirements.txt'), await bytesOf(from.requirements));
  put(join(home, 'startup.sh'), await bytesOf(from.startupScript));
  const archive = join(home, 'plugins.zip');
  const zipped = await bytesOf(from.plugins);
  put(archive, zipped);
  const folder = join(home, 'plugins');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // An empty object is the documented way to have no plugins any more.
  if (zipped && zipped.length > 0) await run(python, ['-m', 'zipfile', '-e', archive, folder]);
}

async function read(s3: S3Client, bucket: string, object: SourceObject | undefined): Promise<Uint8Array | undefined> {
  if (!object) return undefined;
  const { Body } = await s3.send(
    new GetObjectCommand({ Bucket: bucket, Key: object.key, VersionId: object.versionId }),
  );
  return Body?.transformToByteArray();
}

function put(file: string, content: Uint8Array | undefined): void {
  if (content) writeFileSync(file, content);
  else rmSync(file, { force: true });
}
