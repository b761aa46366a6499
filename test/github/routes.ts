import { notFound, Refusal, type Repository } from './repository.ts';
import * as shape from './shapes.ts';
import type { Identity, Issue, Json, Permission } from './types.ts';

export interface Call {
  readonly repository: Repository;
  readonly who: Identity;
  /** What the path's places stand for, decoded. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
  readonly body: Json;
}

/** `list`: every item; the server cuts it into pages. */
export type Answer = { readonly status: number; readonly body?: unknown } | { readonly list: readonly unknown[] };

export interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  /** One of these lets a token do it; empty: everybody may who may read. */
  readonly needs: readonly Permission[];
  readonly answer: (call: Call) => Answer;
}

const route = (line: string, needs: readonly Permission[], answer: (call: Call, first: string) => Answer): Route => {
  const [method = '', path = ''] = line.split(' ');
  return {
    method,
    pattern: new RegExp(`^/repos/team/airflow${path.replaceAll('*', '([^/]+)')}$`),
    needs,
    answer: (call) => answer(call, call.path[0] ?? ''),
  };
};

const ok = (body: unknown, status = 200): Answer => ({ status, body });

const matches = (issue: Issue, { state = 'open', labels = '', since = '', creator }: Call['query']): boolean =>
  (state === 'all' || issue.state === state) &&
  labels.split(',').every((label) => label === '' || issue.labels.includes(label)) &&
  (since === '' || issue.updatedAt >= since) &&
  (creator === undefined || issue.author === creator);

/** Changes of an issue or a pull request, all together or none. */
function change({ repository, body }: Call, issue: Issue): void {
  const text = 'body' in body ? repository.checked('Issue', body['body']) : issue.body;
  const { title = issue.title, state, labels = issue.labels } = body as Partial<Issue>;
  const { state_reason: reason = 'completed' } = body as { state_reason?: string };
  Object.assign(issue, { title, body: text, labels: [...labels], updatedAt: repository.now() });
  if (state === 'closed') repository.close(issue, reason);
  if (state === 'open') repository.reopen(issue);
}

function pull(repository: Repository, number: string): Issue {
  const issue = repository.issue(Number(number));
  if (issue.pull === undefined) throw notFound();
  return issue;
}

const ISSUES: readonly Route[] = [
  route('GET /issues', [], ({ repository, query }) => ({
    list: repository.issues
      .toReversed()
      .filter((issue) => matches(issue, query))
      .map(shape.shapeOfIssue),
  })),
  route('POST /issues', ['issues'], ({ repository, who, body }) =>
    ok(shape.shapeOfIssue(repository.addIssue(who.login, body)), 201),
  ),
  route('GET /issues/*', [], ({ repository }, number) => ok(shape.shapeOfIssue(repository.issue(Number(number))))),
  route('PATCH /issues/*', ['issues'], (call, number) => {
    const issue = call.repository.issue(Number(number));
    change(call, issue);
    return ok(shape.shapeOfIssue(issue));
  }),
  route('GET /issues/*/comments', [], ({ repository }, number) => {
    const issue = repository.issue(Number(number));
    return { list: repository.comments.filter((one) => one.issue === issue.number).map(shape.shapeOfComment) };
  }),
  route('POST /issues/*/comments', ['issues', 'pull_requests'], ({ repository, who, body }, number) =>
    ok(shape.shapeOfComment(repository.addComment(who.login, Number(number), body['body'])), 201),
  ),
  route('PATCH /issues/comments/*', ['issues', 'pull_requests'], ({ repository, body }, id) => {
    const comment = repository.comment(Number(id));
    comment.body = repository.checked('IssueComment', body['body']) ?? '';
    comment.updatedAt = repository.now();
    return ok(shape.shapeOfComment(comment));
  }),
  route('DELETE /issues/comments/*', ['issues', 'pull_requests'], ({ repository }, id) => {
    repository.comments.splice(repository.comments.indexOf(repository.comment(Number(id))), 1);
    return { status: 204 };
  }),
];

const PULLS: readonly Route[] = [
  route('GET /pulls', [], ({ repository, query: { state = 'open', head, base } }) => ({
    list: repository.issues
      .toReversed()
      .filter((issue) => issue.pull !== undefined && (state === 'all' || issue.state === state))
      .filter(({ pull: its }) => base === undefined || its?.base === base)
      .filter(
        ({ pull: its }) =>
          head === undefined || `${its?.headRepository.split('/')[0] ?? ''}:${its?.head ?? ''}` === head,
      )
      .map((issue) => shape.shapeOfPull(repository, issue, false)),
  })),
  route('POST /pulls', ['pull_requests'], ({ repository, who, body }) => {
    const made = repository.addPull(who.login, body as unknown as Parameters<Repository['addPull']>[1]);
    return ok(shape.shapeOfPull(repository, made, true), 201);
  }),
  route('GET /pulls/*', [], ({ repository }, number) =>
    ok(shape.shapeOfPull(repository, pull(repository, number), true)),
  ),
  route('PATCH /pulls/*', ['pull_requests'], (call, number) => {
    const issue = pull(call.repository, number);
    change(call, issue);
    return ok(shape.shapeOfPull(call.repository, issue, true));
  }),
  route('GET /pulls/*/files', [], ({ repository }, number) => ({
    list: (pull(repository, number).pull?.files ?? []).map(shape.shapeOfChangedFile),
  })),
  route('GET /commits/*/pulls', [], ({ repository }, sha) => ({
    list: (repository.pullsOfCommit.get(sha) ?? []).map((number) =>
      shape.shapeOfPull(repository, repository.issue(number), false),
    ),
  })),
];

const CODE: readonly Route[] = [
  route('GET ', [], ({ repository }) => ok(shape.shapeOfRepository(repository))),
  route('GET /contents/*', [], ({ repository, query: { ref = repository.defaultBranch } }, path) => {
    const text = repository.branch(ref).files.get(path);
    if (text === undefined) throw notFound();
    return ok(shape.shapeOfFile(path, text));
  }),
  route('PUT /contents/*', ['contents'], ({ repository, body }, path) => {
    const { branch = repository.defaultBranch, content = '', sha } = body as Partial<Record<string, string>>;
    const there = repository.branch(branch).files.get(path);
    if (there !== undefined && sha === undefined) throw new Refusal(422, `Invalid request.\n\n"sha" wasn't supplied.`);
    if (there !== undefined && sha !== shape.blobId(there))
      throw new Refusal(409, `${path} does not match ${sha ?? ''}`);
    const text = Buffer.from(content, 'base64').toString('utf8');
    const commit = repository.commit(branch, path, text);
    return ok(shape.shapeOfCommit(path, text, commit), there === undefined ? 201 : 200);
  }),
  route('GET /git/ref/*', [], ({ repository }, ref) => {
    const name = ref.replace(/^heads\//, '');
    return ok(shape.shapeOfRef(name, repository.branch(name)));
  }),
  route('POST /git/refs', ['contents'], ({ repository, body }) => {
    const name = String(body['ref']).replace(/^refs\/heads\//, '');
    return ok(shape.shapeOfRef(name, repository.addBranch(name, String(body['sha']))), 201);
  }),
  route('DELETE /git/refs/*', ['contents'], ({ repository }, ref) => {
    const name = ref.replace(/^heads\//, '');
    if (!repository.branches.delete(name)) throw new Refusal(422, 'Reference does not exist');
    // A pull request whose branch goes away is closed.
    for (const issue of repository.issues) if (issue.pull?.head === name) repository.close(issue, 'completed');
    return { status: 204 };
  }),
];

const WHO_AM_I: Route = {
  method: 'POST',
  pattern: /^\/graphql$/,
  needs: [],
  answer: ({ who }) => ok({ data: { viewer: { login: who.login } } }),
};

export const ROUTES: readonly Route[] = [...ISSUES, ...PULLS, ...CODE, WHO_AM_I];
