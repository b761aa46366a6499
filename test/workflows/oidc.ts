/** Stands in for GitHub's OIDC issuer and for the runner's endpoint that hands out id tokens. */
import { createHash, createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface OidcDouble {
  readonly issuer: string;
  /** What a runner sets for a job with `id-token: write`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Claims of every token handed out, oldest first. */
  readonly issued: readonly Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Starts an issuer whose tokens (RS256, 5 minutes) carry the given subject and further claims. */
export async function startOidc(subject: string, claims: Readonly<Record<string, unknown>> = {}): Promise<OidcDouble> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = publicKey.export({ format: 'jwk' });
  const kid = createHash('sha256').update(JSON.stringify(jwk)).digest('hex').slice(0, 16);
  const bearer = randomUUID();
  const issued: Record<string, unknown>[] = [];
  let issuer = '';

  const tokenFor = (audience: string): string => {
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, nbf: now - 5, exp: now + 300 };
    const payload = { iss: issuer, aud: audience, sub: subject, jti: randomUUID(), ...times, ...claims };
    issued.push(payload);
    const signed = `${base64url({ typ: 'JWT', alg: 'RS256', kid })}.${base64url(payload)}`;
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
  };

  const answer = (request: IncomingMessage): [status: number, body: unknown] => {
    const url = new URL(request.url ?? '/', issuer);
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return [200, { issuer, jwks_uri: `${issuer}/jwks`, id_token_signing_alg_values_supported: ['RS256'] }];
      case '/jwks':
        return [200, { keys: [{ ...jwk, kid, use: 'sig', alg: 'RS256' }] }];
      case '/token':
        if (request.headers.authorization !== `Bearer ${bearer}`)
          return [401, { message: 'not the token of this job' }];
        return [200, { value: tokenFor(url.searchParams.get('audience') ?? issuer) }];
      default:
        return [404, { message: 'not found' }];
    }
  };

  const server = createServer((request, response) => {
    const [status, body] = answer(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    issued,
    environment: {
      // The runner's own URL has a query as well, and the toolkit appends to it.
      ACTIONS_ID_TOKEN_REQUEST_URL: `${issuer}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer,
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
