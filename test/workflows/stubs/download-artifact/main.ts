/** Stands in for actions/download-artifact, whose service act has not; with `merge-multiple` alone. */
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';

const {
  INPUT_PATTERN: pattern = '',
  INPUT_PATH: path = '',
  MWAADR_ARTIFACTS: store = '',
  GITHUB_WORKSPACE = '',
} = process.env;
if (process.env['INPUT_MERGE-MULTIPLE'] !== 'true') throw new Error('only merge-multiple is known here');
const to = join(GITHUB_WORKSPACE, path);
mkdirSync(to, { recursive: true });
// Without a match the real one says so and goes on.
for (const name of existsSync(store) ? readdirSync(store) : []) {
  if (matchesGlob(name, pattern)) cpSync(join(store, name), to, { recursive: true });
}
