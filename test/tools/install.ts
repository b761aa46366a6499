/** The checkers that are not npm packages: pinned with hashes by go.sum and requirements.txt, kept in the cache. */
import { join } from 'node:path';
import { cached, digestOf } from './cache.ts';
import { command, requireSuccess } from './command.ts';
import { ROOT } from './paths.ts';

const here = (file: string): string => join(ROOT, 'test/tools', file);

export interface GoTools {
  readonly act: string;
  readonly actionlint: string;
}

/** Builds act and actionlint from source; minutes for the first clone of a machine, nothing for the next. */
export async function goTools(): Promise<GoTools> {
  const folder = await cached('go-tools', digestOf(here('go.mod'), here('go.sum')), async (building) => {
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

export async function pythonTools(): Promise<PythonTools> {
  const requirements = here('requirements.txt');
  // --target instead of a virtual environment: it can be renamed when whole, and needs no python3-venv.
  // Some of the wheels hold for one version of Python only.
  const { output: version } = await command('python3', ['--version']);
  const folder = await cached(
    'python-tools',
    `${digestOf(requirements)}-${version.trim().replaceAll(' ', '-')}`,
    (building) =>
      requireSuccess('python3', [
        ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--root-user-action=ignore'],
        ...['--no-deps', '--require-hashes', '--only-binary=:all:', '--target', building, '-r', requirements],
      ]),
  );
  return {
    ruff: join(folder, 'bin/ruff'),
    zizmor: join(folder, 'bin/zizmor'),
    environment: { PYTHONPATH: folder },
  };
}
