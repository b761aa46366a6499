import { run } from './run.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    stop.abort(signal);
  });

// Calls that were given up may keep sockets open: the run is over when its report is written.
process.exit(await run(process.argv.slice(2), stop.signal));
