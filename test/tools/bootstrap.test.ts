import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { command, type CommandResult } from './command.ts';
import { ROOT } from './paths.ts';

const LOCK = {
  packages: {
    '': { name: 'clone' },
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/only-elsewhere': { version: '1.0.0', integrity: 'sha512-o', optional: true },
  },
};

/** A clone with the real bootstrap, and an npm that writes down that it was called and installs what the lock says. */
let clone: string;
const at = (path: string): string => join(clone, path);
const json = (path: string, value: unknown): void => {
  writeFileSync(at(path), JSON.stringify(value));
};

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'mwaadr-clone-'));
  mkdirSync(at('test/tools'), { recursive: true });
  mkdirSync(at('bin'));
  copyFileSync(join(ROOT, 'test/tools/bootstrap.mjs'), at('test/tools/bootstrap.mjs'));
  json('package-lock.json', LOCK);
  writeFileSync(
    at('hello.ts'),
    'const words: string[] = process.argv.slice(2);\nconsole.log(...words, process.version);\n',
  );
  npmThatDoes(`mkdir -p node_modules/.bin && ln -sf ${process.execPath} node_modules/.bin/node`);
});
afterEach(() => {
  rmSync(clone, { recursive: true, force: true });
});

function npmThatDoes(script: string): void {
  writeFileSync(at('bin/npm'), `#!/bin/sh\necho "$*" > npm-was-called\n${script}\n`);
  chmodSync(at('bin/npm'), 0o755);
}

function installed(packages: Record<string, unknown>): void {
  mkdirSync(at('node_modules/.bin'), { recursive: true });
  symlinkSync(process.execPath, at('node_modules/.bin/node'));
  json('node_modules/.package-lock.json', { packages });
}

const bootstrap = (): Promise<CommandResult> =>
  command(process.execPath, [at('test/tools/bootstrap.mjs'), 'hello.ts', 'hello'], {
    env: { PATH: [at('bin'), process.env['PATH']].join(delimiter) },
  });

const npmWasCalled = (): boolean => existsSync(at('npm-was-called'));

describe('the bootstrap', () => {
  it('installs the packages of a fresh clone, says so, and hands over to the Node among them', async () => {
    const { code, output } = await bootstrap();
    expect({ code, npm: npmWasCalled() }).toEqual({ code: 0, npm: true });
    expect(output).toContain('set-up: installing the packages');
    expect(output).toContain(`hello ${process.version}`);
  });

  it('installs nothing when all packages are there, whatever optional ones are for other machines', async () => {
    installed({ 'node_modules/a': LOCK.packages['node_modules/a'] });
    expect((await bootstrap()).output).toBe(`hello ${process.version}\n`);
    expect(npmWasCalled()).toBe(false);
  });

  it.each([
    ['one is missing', {}],
    ['one has another version', { 'node_modules/a': { version: '0.9.0', integrity: 'sha512-a' } }],
    ['one has other bytes', { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-b' } }],
  ])('installs again when %s', async (_case, packages) => {
    installed(packages);
    await bootstrap();
    expect(npmWasCalled()).toBe(true);
  });

  it('ends with the exit code of a failed installation', async () => {
    npmThatDoes('echo "no network" >&2; exit 7');
    const { code, output } = await bootstrap();
    expect(code).toBe(7);
    expect(output).toContain('no network');
    expect(output).toContain('npm ci failed with exit code 7');
  });

  it('ends with the exit code of what it ran', async () => {
    installed({ 'node_modules/a': LOCK.packages['node_modules/a'] });
    writeFileSync(at('hello.ts'), 'process.exit(5);\n');
    expect((await bootstrap()).code).toBe(5);
  });
});
