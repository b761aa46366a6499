import type { GitHub, IssueChange, PullRequest, RepositoryFile } from '../domain/github.ts';
import { MdrError } from '../domain/errors.ts';
import { connect, unless, type Connection, type Octokit } from './session.ts';

type Rest = Octokit['rest'];
type Data<Method extends (...parameters: never[]) => Promise<{ data: unknown }>> = Awaited<ReturnType<Method>>['data'];

/** Whom every workflow's own token stands for: docs.github.com, Automatic token authentication. */
const JOB = 'github-actions[bot]';

const PAGE = { per_page: 100 } as const;

/** GitHub by its REST API. `repository`: `owner/name`. */
export function createGitHub(repository: string, connection: Connection): GitHub {
  const octokit = connect(connection);
  const [owner = '', repo = ''] = repository.split('/');
  const at = { owner, repo };
  return {
    repository,
    ...identity(octokit, at),
    ...issues(octokit, at),
    ...pulls(octokit, at),
    ...code(octokit, at),
  };
}

/** A type and not an interface: Octokit's parameters have an index signature. */
type At = Readonly<{ owner: string; repo: string }>;

function identity(octokit: Octokit, at: At): Pick<GitHub, 'me' | 'defaultBranch'> {
  let me: Promise<string> | undefined;
  return {
    async me() {
      // REST has no answer for the token of an app or a job; GraphQL has.
      me ??= whoIs(octokit);
      const login = await me;
      return { login, startsChecks: login !== JOB };
    },
    defaultBranch: async () => (await octokit.rest.repos.get(at)).data.default_branch,
  };
}

async function whoIs({ graphql }: Octokit): Promise<string> {
  try {
    return (await graphql<{ viewer: { login: string } }>('query { viewer { login } }')).viewer.login;
  } catch (error) {
    if (error instanceof MdrError) throw error;
    // GraphQL answers 200 to what it refuses, so that our hook sees nothing wrong.
    throw new MdrError({
      code: 'MDR-GITHUB-ERROR',
      message: `GitHub did not say whom the token stands for: ${error instanceof Error ? error.message : String(error)}`,
      fix: 'Look at what GitHub said; run it again once its cause is gone.',
      state: 'The call did nothing; what was complete before it stays.',
      cause: error,
    });
  }
}

const commentOf = ({ id, user, body, updated_at: updatedAt }: Data<Rest['issues']['createComment']>) => ({
  id,
  author: user?.login ?? '',
  body: body ?? '',
  updatedAt,
});

const issueOf = (issue: Data<Rest['issues']['get']>) => ({
  number: issue.number,
  author: issue.user?.login ?? '',
  title: issue.title,
  body: issue.body ?? '',
  url: issue.html_url,
  open: issue.state === 'open',
  closedAt: issue.closed_at ?? undefined,
});

const STATES = {
  open: { state: 'open', state_reason: 'reopened' },
  completed: { state: 'closed', state_reason: 'completed' },
  duplicate: { state: 'closed', state_reason: 'duplicate' },
} as const satisfies Record<NonNullable<IssueChange['state']>, object>;

type Issues =
  'comments' | 'createComment' | 'updateComment' | 'deleteComment' | 'issuesBy' | 'createIssue' | 'updateIssue';

function issues({ paginate, rest }: Octokit, at: At): Pick<GitHub, Issues> {
  const listed = async (query: { creator: string; state: 'open' | 'closed'; since?: string }) =>
    paginate(rest.issues.listForRepo, { ...at, ...PAGE, ...query });
  return {
    async comments(issue) {
      const all = await paginate(rest.issues.listComments, { ...at, ...PAGE, issue_number: issue });
      return all.map(commentOf);
    },
    createComment: async (issue, body) =>
      commentOf((await rest.issues.createComment({ ...at, issue_number: issue, body })).data),
    async updateComment(id, body) {
      await rest.issues.updateComment({ ...at, comment_id: id, body });
    },
    async deleteComment(id) {
      await unless([404, 410], rest.issues.deleteComment({ ...at, comment_id: id }));
    },
    async issuesBy(creator, since) {
      const open = await listed({ creator, state: 'open' });
      const all = [...open, ...(await listed({ creator, state: 'closed', since }))];
      return all.filter((issue) => issue.pull_request === undefined).map(issueOf);
    },
    createIssue: async ({ title, body, labels }) =>
      issueOf((await rest.issues.create({ ...at, title, body, labels: [...labels] })).data),
    async updateIssue(number, { state, ...change }) {
      await rest.issues.update({ ...at, issue_number: number, ...change, ...(state && STATES[state]) });
    },
  };
}

const pullOf = (
  pull: Data<Rest['pulls']['get']> | Data<Rest['pulls']['list']>[number],
  { owner, repo }: At,
): PullRequest => ({
  number: pull.number,
  author: pull.user?.login ?? '',
  body: pull.body ?? '',
  url: pull.html_url,
  branch: pull.head.ref,
  base: pull.base.ref,
  // A fork that was deleted leaves no repository: GitHub's description does not say so.
  isOwnBranch: (pull.head.repo as typeof pull.head.repo | null)?.full_name === `${owner}/${repo}`,
  head: pull.head.sha,
  mergedAt: pull.merged_at ?? undefined,
  state: pull.state === 'open' ? 'open' : pull.merged_at === null ? 'closed' : 'merged',
});

type Pulls =
  | 'pullRequest'
  | 'pullRequestsOfCommit'
  | 'openPullRequests'
  | 'pullRequestsFrom'
  | 'openPullRequest'
  | 'updatePullRequest'
  | 'changedFiles';

function pulls({ paginate, rest }: Octokit, at: At): Pick<GitHub, Pulls> {
  const list = { ...at, ...PAGE };
  return {
    async pullRequest(number) {
      const answer = await unless([404], rest.pulls.get({ ...at, pull_number: number }));
      return answer && pullOf(answer.data, at);
    },
    async pullRequestsOfCommit(sha) {
      const all = await paginate(rest.repos.listPullRequestsAssociatedWithCommit, { ...list, commit_sha: sha });
      return all.map((pull) => pullOf(pull, at));
    },
    async openPullRequests(base) {
      const all = await paginate(rest.pulls.list, { ...list, base, state: 'open' });
      return all.map((pull) => pullOf(pull, at));
    },
    async pullRequestsFrom(branch) {
      const all = await paginate(rest.pulls.list, { ...list, head: `${at.owner}:${branch}`, state: 'all' });
      // A filter that GitHub does not understand is no filter to it.
      return all.map((pull) => pullOf(pull, at)).filter((pull) => pull.branch === branch && pull.isOwnBranch);
    },
    openPullRequest: async (pull) => pullOf((await rest.pulls.create({ ...at, ...pull })).data, at),
    async updatePullRequest(number, { body, open }) {
      await rest.pulls.update({ ...at, pull_number: number, body, ...(open === false && { state: 'closed' }) });
    },
    async changedFiles(number) {
      const all = await paginate(rest.pulls.listFiles, { ...list, pull_number: number });
      return all.flatMap(({ filename, previous_filename: before }) =>
        before === undefined ? [filename] : [before, filename],
      );
    },
  };
}

type Code = 'fileAt' | 'headOf' | 'createBranch' | 'deleteBranch' | 'putFile';

function code({ rest }: Octokit, at: At): Pick<GitHub, Code> {
  return {
    async fileAt(path, ref) {
      const answer = await unless([404], rest.repos.getContent({ ...at, path, ref }));
      return answer && fileOf(answer.data);
    },
    async headOf(branch) {
      const answer = await unless([404], rest.git.getRef({ ...at, ref: `heads/${branch}` }));
      return answer?.data.object.sha;
    },
    async createBranch(name, sha) {
      await rest.git.createRef({ ...at, ref: `refs/heads/${name}`, sha });
    },
    async deleteBranch(name) {
      await unless([404, 422], rest.git.deleteRef({ ...at, ref: `heads/${name}` }));
    },
    async putFile({ path, branch, text, over, message }) {
      const content = Buffer.from(text, 'utf8').toString('base64');
      const change = { ...at, path, branch, message, content, sha: over.sha };
      return (await unless([409], rest.repos.createOrUpdateFileContents(change))) !== undefined;
    },
  };
}

/** `undefined` for a folder, a link or a submodule. */
function fileOf(data: Data<Rest['repos']['getContent']>): RepositoryFile | undefined {
  if (Array.isArray(data) || data.type !== 'file' || !('content' in data)) return undefined;
  return { text: Buffer.from(data.content, 'base64').toString('utf8'), sha: data.sha };
}
