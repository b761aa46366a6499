/**
 * `node test/tools/bootstrap.mjs FILE.ts [argument …]`: makes node_modules what the lock says, then hands over to the
 * Node 24 in it. Plain JavaScript without a dependency, since a fresh clone has nothing but the machine's own Node.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const node = join(bin, 'node');
const packagesOf = (file) => JSON.parse(readFileSync(join(root, file), 'utf8')).packages;

/** True when npm's own record of what it installed has every package of the lock, in the lock's version. */
function inStep() {
  const record = 'node_modules/.package-lock.json';
  if (!existsSync(join(root, record)) || !existsSync(node)) return false;
  const installed = packagesOf(record);
  return Object.entries(packagesOf('package-lock.json')).every(([path, wanted]) => {
    const found = installed[path];
    if (path === '') return true;
    if (!found) return wanted.optional === true || wanted.devOptional === true || wanted.peer === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/** Ends with the child's exit code; a signal to us is the child's to handle. */
function run(command, args, env = process.env) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}

if (!inStep()) {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  console.log('set-up: installing the packages of package-lock.json (npm ci, about a minute)');
  const heartbeat = setInterval(() => console.log(`set-up: npm ci, ${seconds()} s`), 8000);
  const code = await run('npm', ['ci', '--loglevel=error', '--no-progress']);
  clearInterval(heartbeat);
  if (code !== 0 || !existsSync(node)) {
    console.error(`set-up: npm ci failed with exit code ${code}; its messages stand above.`);
    process.exit(code || 1);
  }
  console.log(`set-up: packages installed in ${seconds()} s`);
}

process.exit(await run(node, process.argv.slice(2), { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) }));
