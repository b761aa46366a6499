import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Region, Sandbox } from './types.ts';

export interface Admin {
  url: string;
  stop(): Promise<void>;
}

/** `POST /lose/<region>` and friends, for a hand at a terminal; answers when it is done. */
export async function serveAdmin(sandbox: Sandbox): Promise<Admin> {
  const actions: Record<string, (region: Region) => Promise<void> | void> = {
    lose: (region) => sandbox.lose(region),
    return: (region) => sandbox.return(region),
    freeze: (region) => {
      sandbox.freezeScheduler(region);
    },
    thaw: (region) => {
      sandbox.thawScheduler(region);
    },
    restart: (region) => sandbox.restartEnvironment(region),
  };
  const server = createServer((request, response) => {
    const [, verb = '', name = ''] = (request.url ?? '').split('/');
    const action = actions[verb];
    const region = sandbox.regions.find((known) => known === name);
    const reply = (status: number, text: string): void => void response.writeHead(status).end(`${text}\n`);
    if (request.method !== 'POST' || !action || !region) {
      reply(404, `POST /{${Object.keys(actions).join(',')}}/{${sandbox.regions.join(',')}}`);
      return;
    }
    Promise.resolve(action(region)).then(
      () => {
        reply(200, `${verb} ${region}: done`);
      },
      (error: unknown) => {
        reply(500, String(error));
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
