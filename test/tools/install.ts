/** The checkers that are not npm packages: pinned with hashes by go.sum and requirements.txt, kept in the cache. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from '../sandbox/install.ts';
import { command, requireSuccess } from './command.ts';
import { ROOT } from './paths.ts';

type Print = (line: string) => void;

const here = (file: string): string => join(ROOT, 'test/tools', file);

/** Short digest of the files that decide what is installed. */
function digestOf(...files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(here(file)));
  return hash.digest('hex').slice(0, 16);
}

export interface GoTools {
  readonly act: string;
  readonly actionlint: string;
}

/** Builds act and actionlint from source: a minute or two for the first clone of a machine, nothing for the next. */
export async function goTools(print: Print = () => undefined): Promise<GoTools> {
  const folder = await cached(`go-tools-${digestOf('go.mod', 'go.sum')}`, print, async (building) => {
    const tools = ['github.com/nektos/act', 'github.com/rhysd/actionlint/cmd/actionlint'];
    await requireSuccess('go', ['build', '-mod=readonly', '-trimpath', '-o', `${building}/`, ...tools], {
      cwd: here('.'),
    });
  });
  return { act: join(folder, 'act'), actionlint: join(folder, 'actionlint') };
}

export interface PythonTools {
  readonly ruff: string;
  readonly zizmor: string;
  /** Environment in which `python3 -m check_jsonschema` is found. */
  readonly environment: Readonly<Record<string, string>>;
}

export async function pythonTools(print: Print = () => undefined): Promise<PythonTools> {
  // Some of the wheels hold for one version of Python only.
  const { output: version } = await command('python3', ['--version']);
  const name = `python-tools-${digestOf('requirements.txt')}-${version.trim().replaceAll(' ', '-')}`;
  const folder = await cached(name, print, (building) =>
    requireSuccess('python3', [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--root-user-action=ignore'],
      ...['--no-deps', '--require-hashes', '--only-binary=:all:', '--target', building],
      ...['--requirement', here('requirements.txt')],
    ]),
  );
  return {
    ruff: join(folder, 'bin/ruff'),
    zizmor: join(folder, 'bin/zizmor'),
    environment: { PYTHONPATH: folder },
  };
}
