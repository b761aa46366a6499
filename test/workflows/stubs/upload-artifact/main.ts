/** Stands in for actions/upload-artifact, whose service act has not. */
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const {
  INPUT_NAME: name = '',
  INPUT_PATH: path = '',
  MWAADR_ARTIFACTS: store = '',
  GITHUB_WORKSPACE = '',
} = process.env;
const [from, to] = [join(GITHUB_WORKSPACE, path), join(store, name)];
// As GitHub checks names of artifacts.
if (/["<>|*?\r\n\\/:]/.test(name)) throw new Error(`The artifact name is not valid: ${name}`);
if (existsSync(to)) throw new Error(`An artifact with this name already exists: ${name}`);
if (existsSync(from)) {
  mkdirSync(store, { recursive: true });
  cpSync(from, to, { recursive: true });
} else process.stdout.write(`::warning::No files were found with the provided path: ${path}\n`);
