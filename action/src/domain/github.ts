import { MdrError } from './errors.ts';

/**
 * What the operations need from GitHub, named by intention. Every method may throw {@link MdrError} `MDR-GITHUB-DENIED`,
 * `MDR-GITHUB-RATE`, `MDR-GITHUB-DARK`, `MDR-GITHUB-ERROR` or `MDR-STOPPED`. Everything is safe to repeat but what
 * begins with `create` or `open`: when these end in `MDR-GITHUB-DARK` nobody knows whether they took effect.
 */
export interface GitHub {
  /** `owner/name`. */
  readonly repository: string;
  /** Whom the token stands for. */
  me(): Promise<Author>;
  defaultBranch(): Promise<string>;

  /** All comments of an issue or a pull request, oldest first; every page. */
  comments(issue: number): Promise<readonly IssueComment[]>;
  createComment(issue: number, body: string): Promise<IssueComment>;
  updateComment(id: number, body: string): Promise<void>;
  /** One that is gone already is as good as deleted. */
  deleteComment(id: number): Promise<void>;

  /**
   * Issues that somebody opened: all open ones, and those closed ones that were touched since `closedSince` (ISO). Not
   * by a label, which anybody may take away.
   */
  issuesBy(author: string, closedSince: string): Promise<readonly Issue[]>;
  createIssue(issue: {
    readonly title: string;
    readonly body: string;
    readonly labels: readonly string[];
  }): Promise<Issue>;
  /** All in one call: nobody sees half of it. */
  updateIssue(number: number, change: IssueChange): Promise<void>;

  /** `undefined` when there is no such pull request. */
  pullRequest(number: number): Promise<PullRequest | undefined>;
  /** Pull requests that brought a commit into its branch. */
  pullRequestsOfCommit(sha: string): Promise<readonly PullRequest[]>;
  /** Open ones into `base`; every page. */
  openPullRequests(base: string): Promise<readonly PullRequest[]>;
  /** Of a branch of this repository, whatever became of them, newest first. */
  pullRequestsFrom(branch: string): Promise<readonly PullRequest[]>;
  openPullRequest(pull: {
    readonly head: string;
    readonly base: string;
    readonly title: string;
    readonly body: string;
  }): Promise<PullRequest>;
  updatePullRequest(number: number, change: { readonly body: string; readonly open?: false }): Promise<void>;
  /** Paths that a pull request adds, changes, renames (both names) or deletes; every page, 3,000 at most by GitHub. */
  changedFiles(pull: number): Promise<readonly string[]>;

  /** `undefined` when there is no such file, branch or commit. */
  fileAt(path: string, ref: string): Promise<RepositoryFile | undefined>;
  /** Commit of a branch; `undefined` when there is no such branch. */
  headOf(branch: string): Promise<string | undefined>;
  createBranch(name: string, sha: string): Promise<void>;
  /** One that is gone already is as good as deleted. */
  deleteBranch(name: string): Promise<void>;
  /** A commit with one file over exactly the version `over`. `false`: the branch has another one by now. */
  putFile(file: {
    readonly path: string;
    readonly branch: string;
    readonly text: string;
    readonly over: RepositoryFile;
    readonly message: string;
  }): Promise<boolean>;
}

export interface Author {
  readonly login: string;
  /** Pull requests that the workflow's own token opens start no workflows: their checks never run. */
  readonly startsChecks: boolean;
}

export interface IssueComment {
  readonly id: number;
  readonly author: string;
  readonly body: string;
  /** ISO, by GitHub's clock: when it was last written, by whomever. */
  readonly updatedAt: string;
}

export interface Issue {
  readonly number: number;
  readonly author: string;
  readonly title: string;
  readonly body: string;
  readonly url: string;
  readonly open: boolean;
  /** ISO; `undefined` while it is open. */
  readonly closedAt: string | undefined;
}

export interface IssueChange {
  readonly title?: string;
  readonly body: string;
  readonly state?: 'open' | 'completed' | 'duplicate';
}

export interface PullRequest {
  readonly number: number;
  readonly author: string;
  readonly body: string;
  readonly url: string;
  /** Branch it comes from. */
  readonly branch: string;
  /** Branch it goes into. */
  readonly base: string;
  /** Whether that branch is one of this repository, not of a fork. */
  readonly isOwnBranch: boolean;
  /** Commit of that branch; once it is merged or closed, the last that it had before. */
  readonly head: string;
  readonly state: 'open' | 'merged' | 'closed';
  /** ISO, by GitHub's clock; `undefined` unless it is merged. */
  readonly mergedAt: string | undefined;
}

export interface RepositoryFile {
  readonly text: string;
  /** Git's id of the content. */
  readonly sha: string;
}

/** Whether GitHub may have done what we asked although we got no answer. */
export const isUnsure = (error: unknown): boolean => error instanceof MdrError && error.code === 'MDR-GITHUB-DARK';

/** What we wrote ourselves and marked so, oldest first: a marker in anybody else's text means nothing. */
export function ownMarked<T extends { readonly author: string; readonly body: string }>(
  all: readonly T[],
  me: Author,
  marker: string,
  age: (item: T) => number,
): readonly T[] {
  return all
    .filter(({ author, body }) => author === me.login && body.startsWith(marker))
    .toSorted((a, b) => age(a) - age(b));
}
