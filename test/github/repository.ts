import { createHash } from 'node:crypto';
import type { Comment, Identity, Issue, Permission } from './types.ts';

/** A refusal, as GitHub words it. */
export class Refusal extends Error {
  readonly status: number;
  readonly more: Record<string, unknown>;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    message: string,
    more: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ) {
    super(message);
    this.status = status;
    this.more = more;
    this.headers = headers;
  }
}

export const invalid = (resource: string, field: string, code: string, message?: string): Refusal =>
  new Refusal(422, 'Validation Failed', {
    errors: [{ resource, field, code, ...(message === undefined ? {} : { message }) }],
  });

export const notFound = (): Refusal => new Refusal(404, 'Not Found', { status: '404' });

/** The limit of every body that people read. */
export const MAX_BODY = 65_536;

export const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex');

export interface Branch {
  sha: string;
  readonly files: Map<string, string>;
}

/** One repository as GitHub keeps it, with the identities that its tokens stand for. */
export class Repository {
  readonly name = 'team/airflow';
  readonly defaultBranch = 'main';
  readonly issues: Issue[] = [];
  readonly comments: Comment[] = [];
  readonly branches = new Map<string, Branch>([['main', { sha: sha1('first'), files: new Map() }]]);
  /** Numbers of the pull requests that a commit came by. */
  readonly pullsOfCommit = new Map<string, number[]>();
  readonly tokens = new Map<string, Identity>();
  readonly #now: () => number;
  #ids = 1_000;
  #commits = 0;

  constructor(now: () => number) {
    this.#now = now;
    const all: readonly Permission[] = ['contents', 'issues', 'pull_requests'];
    this.tokens.set('job-token', { login: 'github-actions[bot]', writes: all });
    this.tokens.set('app-token', { login: 'our-app[bot]', writes: all });
    this.tokens.set('read-token', { login: 'github-actions[bot]', writes: [] });
    this.tokens.set('mallory-token', { login: 'mallory', writes: all });
  }

  now(): string {
    return new Date(this.#now()).toISOString().replace(/\.\d+Z$/, 'Z');
  }

  issue(number: number): Issue {
    const found = this.issues.find((issue) => issue.number === number);
    if (found === undefined) throw notFound();
    return found;
  }

  comment(id: number): Comment {
    const found = this.comments.find((comment) => comment.id === id);
    if (found === undefined) throw notFound();
    return found;
  }

  branch(name: string): Branch {
    const found = this.branches.get(name);
    if (found === undefined) throw notFound();
    return found;
  }

  addIssue(author: string, issue: Partial<Pick<Issue, 'title' | 'body' | 'labels' | 'pull'>>): Issue {
    const { title = '', body = null, labels = [], pull } = issue;
    if (title === '') throw invalid('Issue', 'title', 'missing_field');
    const at = this.now();
    const added: Issue = {
      number: this.issues.length + 1,
      author,
      createdAt: at,
      title,
      body: this.checked('Issue', body),
      labels: [...labels],
      state: 'open',
      stateReason: null,
      closedAt: null,
      updatedAt: at,
      ...(pull === undefined ? {} : { pull }),
    };
    this.issues.push(added);
    return added;
  }

  addPull(
    author: string,
    pull: { title: string; body?: string; head: string; base?: string; files?: string[] },
  ): Issue {
    const { title, body = null, head, base = this.defaultBranch, files = [] } = pull;
    this.branch(head);
    this.branch(base);
    const open = this.issues.some((issue) => issue.state === 'open' && issue.pull?.head === head);
    if (open) {
      const message = `A pull request already exists for ${this.name.split('/')[0] ?? ''}:${head}.`;
      throw new Refusal(422, 'Validation Failed', { errors: [{ resource: 'PullRequest', code: 'custom', message }] });
    }
    const startsChecks = author !== 'github-actions[bot]';
    const made = { head, headRepository: this.name, base, merged: null, files, startsChecks };
    return this.addIssue(author, { title, body, pull: made });
  }

  close(issue: Issue, reason: string): void {
    if (issue.state === 'closed') return;
    Object.assign(issue, { state: 'closed', stateReason: reason, closedAt: this.now(), updatedAt: this.now() });
  }

  reopen(issue: Issue): void {
    if (issue.state === 'open') return;
    Object.assign(issue, { state: 'open', stateReason: 'reopened', closedAt: null, updatedAt: this.now() });
  }

  addComment(author: string, issue: number, body: unknown): Comment {
    this.issue(issue);
    const text = this.checked('IssueComment', body);
    if (text === null || text === '') throw invalid('IssueComment', 'body', 'missing_field');
    const at = this.now();
    const added: Comment = { id: (this.#ids += 1), issue, author, createdAt: at, updatedAt: at, body: text };
    this.comments.push(added);
    return added;
  }

  /** A body that GitHub takes: it counts characters, not bytes. */
  checked(resource: string, text: unknown): string | null {
    if (typeof text !== 'string') return null;
    if (Array.from(text).length > MAX_BODY)
      throw invalid(resource, 'body', 'custom', `body is too long (maximum is ${MAX_BODY} characters)`);
    return text;
  }

  addBranch(name: string, sha: string): Branch {
    if (this.branches.has(name)) throw new Refusal(422, 'Reference already exists');
    const from = [...this.branches.values()].find((branch) => branch.sha === sha);
    if (from === undefined) throw new Refusal(422, 'Object does not exist');
    const branch = { sha, files: new Map(from.files) };
    this.branches.set(name, branch);
    return branch;
  }

  /** A commit with one file; answers its id. */
  commit(branchName: string, path: string, text: string): string {
    const branch = this.branch(branchName);
    branch.files.set(path, text);
    branch.sha = sha1(`${branch.sha} ${path} ${(this.#commits += 1)}`);
    return branch.sha;
  }

  /** What a person does by the green button. */
  merge(number: number): string {
    const issue = this.issue(number);
    if (issue.pull === undefined || issue.state === 'closed') throw notFound();
    const head = this.branch(issue.pull.head);
    // Nobody presses it in the second in which something else happens.
    const at = new Date(this.#now() + 1_000).toISOString().replace(/\.\d+Z$/, 'Z');
    issue.pull.merged = { at, head: head.sha };
    this.close(issue, 'completed');
    const base = this.branch(issue.pull.base);
    for (const [path, text] of head.files) base.files.set(path, text);
    base.sha = sha1(`${base.sha} merge ${number}`);
    this.pullsOfCommit.set(base.sha, [number]);
    return base.sha;
  }
}
