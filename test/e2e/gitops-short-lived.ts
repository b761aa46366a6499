import { createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** Less than the five minutes before the end at which credentials are renewed: they serve one call. */
const LIFE = 60_000;

export interface ShortLived {
  readonly url: string;
  close(): Promise<void>;
}

/** Stands before a Region's endpoint: the same, but for credentials of STS that end within a minute. */
export async function startShortLived(endpoint: string): Promise<ShortLived> {
  const server = createServer((incoming, response) => {
    void buffer(incoming).then((body) => {
      const { method, headers, url = '/' } = incoming;
      const outgoing = ask(new URL(url, endpoint), { method: method ?? 'GET', headers: { ...headers } }, (answer) => {
        void buffer(answer).then((content) => {
          const end = `<Expiration>${new Date(Date.now() + LIFE).toISOString()}</Expiration>`;
          const isSts = content.includes('<AssumeRoleWithWebIdentityResult>');
          const changed = isSts ? content.toString().replace(/<Expiration>[^<]*<\/Expiration>/, end) : content;
          const { 'content-length': _length, 'transfer-encoding': _encoding, ...kept } = answer.headers;
          response.writeHead(answer.statusCode ?? 500, kept).end(changed);
        });
      });
      outgoing.on('error', () => response.destroy());
      outgoing.end(body);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
