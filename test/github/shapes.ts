import { shaped } from './blank.ts';
import { sha1, type Branch, type Repository } from './repository.ts';
import type { Comment, Issue, Json } from './types.ts';

const user = (login: string): Json => shaped('simple-user', { login, type: login.endsWith('[bot]') ? 'Bot' : 'User' });

export const shapeOfIssue = (issue: Issue): Json => {
  const { number, title, body, state, closedAt } = issue;
  return shaped('issue', {
    number,
    title,
    body,
    state,
    state_reason: issue.stateReason,
    user: user(issue.author),
    labels: issue.labels.map((name) => ({ name })),
    html_url: `https://github.test/team/airflow/issues/${number}`,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: closedAt,
    ...(issue.pull === undefined ? {} : { pull_request: pullLink }),
  });
};

const pullLink = { url: null, html_url: null, diff_url: null, patch_url: null };

export const shapeOfComment = ({ id, issue, author, body, createdAt, updatedAt }: Comment): Json =>
  shaped('issue-comment', {
    id,
    body,
    user: user(author),
    html_url: `https://github.test/team/airflow/issues/${issue}#issuecomment-${id}`,
    created_at: createdAt,
    updated_at: updatedAt,
  });

/** `whole`: as GET of one pull request answers; a list has fewer members. */
export function shapeOfPull(repository: Repository, issue: Issue, whole: boolean): Json {
  const { pull, number, title, body, state, closedAt } = issue;
  if (pull === undefined) throw new Error(`${number} is no pull request`);
  const side = (ref: string, fullName: string, merged?: string) => ({
    ref,
    label: `${fullName.split('/')[0] ?? ''}:${ref}`,
    sha: merged ?? repository.branches.get(ref)?.sha ?? sha1(ref),
    repo: shaped('repository', { full_name: fullName }),
    user: user('team'),
  });
  return shaped(whole ? 'pull-request' : 'pull-request-simple', {
    number,
    title,
    body,
    state,
    user: user(issue.author),
    html_url: `https://github.test/team/airflow/pull/${number}`,
    head: side(pull.head, pull.headRepository, pull.merged?.head),
    base: side(pull.base, repository.name),
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: closedAt,
    merged_at: pull.merged?.at ?? null,
    ...(whole ? { merged: pull.merged !== null } : {}),
  });
}

export const shapeOfChangedFile = (filename: string): Json => shaped('diff-entry', { filename, status: 'modified' });

/** The id that Git gives a file with this text. */
const blobId = (text: string): string => sha1(`blob ${Buffer.byteLength(text)}\0${text}`);

export const shapeOfFile = (path: string, text: string): Json =>
  shaped('content-file', {
    path,
    name: path.split('/').at(-1),
    type: 'file',
    encoding: 'base64',
    // GitHub breaks the lines of it.
    content: Buffer.from(text).toString('base64').replaceAll(/.{60}/g, '$&\n'),
    sha: blobId(text),
    size: Buffer.byteLength(text),
  });

export const shapeOfCommit = (path: string, text: string, sha: string): Json =>
  shaped('file-commit', { content: { path, sha: blobId(text) }, commit: { sha } });

export const shapeOfRef = (name: string, { sha }: Branch): Json =>
  shaped('git-ref', { ref: `refs/heads/${name}`, object: { type: 'commit', sha } });

export const shapeOfRepository = ({ name, defaultBranch }: Repository): Json =>
  shaped('full-repository', { full_name: name, name: name.split('/')[1], default_branch: defaultBranch });

export { blobId };
