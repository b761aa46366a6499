import { MdrError } from '../domain/errors.ts';

/** Address by Region; a Region that is not in it has AWS's own endpoints. */
export type Endpoints = ReadonlyMap<string, string>;

const ENTRY = /^([a-z]{2}(?:-[a-z]+)+-\d)=(https?:\/\/[^\s,/?#@]+)\/?$/;

const invalid = (entry: string) =>
  new MdrError({
    code: 'MDR-INPUT-INVALID',
    message: `The environment variable MWAADR_ENDPOINTS has the entry ${JSON.stringify(entry)}, which is not of the form <region>=http(s)://<host>[:<port>].`,
    fix: 'Correct it, as in MWAADR_ENDPOINTS="us-east-1=http://127.0.0.1:5001,us-west-2=http://127.0.0.1:5002", or unset it to use AWS\'s own endpoints.',
    state: 'Nothing was touched.',
  });

/**
 * Reads `MWAADR_ENDPOINTS` (docs/formats.md, Endpoints).
 * @throws MdrError MDR-INPUT-INVALID on anything malformed: a typo must not send calls to the real AWS.
 */
export function parseEndpoints(text: string | undefined): Endpoints {
  const endpoints = new Map<string, string>();
  if (text === undefined || text.trim() === '') return endpoints;
  for (const raw of text.split(',')) {
    const [, region, url] = ENTRY.exec(raw.trim()) ?? [];
    if (region === undefined || url === undefined || !URL.canParse(url) || endpoints.has(region))
      throw invalid(raw.trim());
    endpoints.set(region, url);
  }
  return endpoints;
}

const THIS_MACHINE = ['127.0.0.1', 'localhost', '[::1]'];

/** Whether every call goes to this machine: then no AWS is behind it, as in the sandbox. */
export const isStandIn = (endpoints: Endpoints): boolean =>
  endpoints.size > 0 && [...endpoints.values()].every((url) => THIS_MACHINE.includes(new URL(url).hostname));
