import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FILE_LIMIT } from '../../action/src/domain/bundle.ts';
import { repositoryAt } from '../../action/src/repository.ts';

let home: string;
let root: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mwaadr-repository-'));
  root = join(home, 'checkout');
  for (const path of ['dags/b.py', 'dags/a/c.py', 'dags/a.py', '.git/config']) put(path, path);
  writeFileSync(join(home, 'secret.txt'), 'secret');
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

function put(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}
const link = (to: string, path: string): void => {
  symlinkSync(to, join(root, path));
};
const repository = () => repositoryAt(root, 'c1');
const text = async (path: string) => Buffer.from((await repository().read(path)) ?? []).toString();
const paths = async (folder: string) => (await repository().list(folder))?.map(({ path }) => path);

test('a folder is listed whole, with sizes and what is executable', async () => {
  chmodSync(join(root, 'dags/b.py'), 0o755);
  expect(await repository().list('dags')).toEqual([
    { path: 'a.py', size: 9, executable: false },
    { path: 'a/c.py', size: 11, executable: false },
    { path: 'b.py', size: 9, executable: true },
  ]);
  expect(await paths('.')).toEqual(['dags/a.py', 'dags/a/c.py', 'dags/b.py']);
});

test('what is not there is nothing, and a file is no folder', async () => {
  expect(await repository().list('plugins')).toBeUndefined();
  expect(await repository().list('dags/a.py')).toBeUndefined();
  expect(await repository().read('dags')).toBeUndefined();
  expect(await repository().read('dags/a.py/x')).toBeUndefined();
});

test('links inside of the repository are followed', async () => {
  put('shared/common.py', 'common');
  link('../shared', 'dags/shared');
  link('../shared/common.py', 'dags/one.py');
  expect(await paths('dags')).toEqual(['a.py', 'a/c.py', 'b.py', 'one.py', 'shared/common.py']);
  expect(await text('dags/one.py')).toBe('common');
});

test.each([
  ['a path', '../secret.txt', () => undefined, 'leads out of the repository'],
  ['an absolute path', '/etc/hostname', () => undefined, 'is no path in the repository'],
  [
    'a link',
    'dags/x.py',
    () => {
      link('../../secret.txt', 'dags/x.py');
    },
    'leads out of the repository',
  ],
  [
    'a link of a folder on the way',
    'dags/x/secret.txt',
    () => {
      link('../..', 'dags/x');
    },
    'leads out of the repository',
  ],
  ['a path into .git', '.git/config', () => undefined, 'leads into .git'],
  [
    'a link into .git',
    'dags/x.py',
    () => {
      link('../.git/config', 'dags/x.py');
    },
    'leads into .git',
  ],
])('%s that leads out is refused', async (_, path, arrange, message) => {
  arrange();
  await expect(repository().read(path)).rejects.toMatchObject({
    code: 'MDR-ARTIFACT-FILE',
    message: expect.stringContaining(message),
  });
});

test.each([
  ['out of the repository', '../../secret.txt', 'leads out of the repository'],
  ['nowhere', 'nowhere.py', 'is a link that leads nowhere'],
  ['to a folder that it lies in', '..', 'is a link to a folder that it lies in'],
])('a folder with a link %s is refused', async (_, to, message) => {
  link(to, 'dags/x');
  await expect(repository().list('dags')).rejects.toMatchObject({
    code: 'MDR-ARTIFACT-FILE',
    message: expect.stringContaining(message),
  });
});

test('a file that is too large is refused before it is read', async () => {
  put('large.bin', '');
  truncateSync(join(root, 'large.bin'), FILE_LIMIT + 1);
  await expect(repository().read('large.bin')).rejects.toMatchObject({ code: 'MDR-ARTIFACT-FILE' });
});
