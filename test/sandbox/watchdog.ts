/**
 * Outlives the sandbox's own process to clean up after it: started with a pipe as its input, it learns the sessions
 * one a line, and when the pipe closes (exit, crash or SIGKILL of the owner alike) it ends everything.
 * Arguments: the sandbox's marker, and the folder to remove ('' = keep).
 */
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { killFamily } from './process-table.ts';

const [marker = '', folder = ''] = process.argv.slice(2);
const sessions = new Set<number>();

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const session = Number(line);
  if (session > 0) sessions.add(session);
  else sessions.delete(-session);
});
lines.on('close', () => {
  void killFamily({ sessions, marker }).then(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true });
  });
});
