import { z } from 'zod';
import type { RestApi } from '../aws/mwaa.ts';

/** As much of `GET /importErrors` as both generations have alike; the stack traces stay where they are. */
const page = z.object({
  import_errors: z.array(z.object({ filename: z.string().nullish() })),
  total_entries: z.number(),
});

/** Both generations give at most 100 rows a page, fewer where the team has set `maximum_page_limit` lower. */
const PAGE = 100;

/** Paths of the files that Airflow could not import; see the port. */
export async function importErrors(api: RestApi, environment: string): Promise<readonly string[]> {
  const files: string[] = [];
  for (let total = 1; files.length < total;) {
    const request = {
      Name: environment,
      Path: '/importErrors',
      Method: 'GET',
      QueryParameters: { limit: PAGE, offset: files.length },
    } as const;
    const answer = await api.invoke(request);
    const read = answer.status < 300 ? page.safeParse(answer.body) : undefined;
    if (read?.data === undefined) throw api.unexpected(request, answer);
    if (read.data.import_errors.length === 0) break;
    total = read.data.total_entries;
    files.push(...read.data.import_errors.map(({ filename }) => filename ?? '?'));
  }
  return files.toSorted();
}
