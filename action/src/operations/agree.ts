import {
  activeIn,
  AGREE_LABEL,
  agreeBranch,
  agreeMarker,
  agreeState,
  epochOfBranch,
  isSameRole,
  refusalsOf,
  withActive,
  type ActiveRole,
} from '../domain/agreement.ts';
import { MdrError } from '../domain/errors.ts';
import { ownMarked, type GitHub, type Issue, type PullRequest } from '../domain/github.ts';
import { revealed } from '../domain/hidden-state.ts';
import {
  agreedBody,
  agreeIssueBody,
  agreePullBody,
  agreeTitle,
  closedPullBody,
  type Disagreement,
} from '../report/agree.ts';
import { createOnce } from './create-once.ts';
import { leaveFirst, openOnce } from './single-issue.ts';
import type { Keeping } from './sticky-comment.ts';

/** What the file has to say: the site that a move of this epoch made active. */
export interface Wanted extends ActiveRole {
  readonly deployment: string;
  /** Of the deployment file, in the repository. */
  readonly path: string;
}

export type AgreeOutcome =
  | { readonly outcome: 'agrees' }
  /** The file, a pull request or an issue of ours names a later epoch: a move after this one was quicker. */
  | { readonly outcome: 'newer' }
  | { readonly outcome: 'pull request' | 'issue'; readonly number: number; readonly url: string }
  /** Somebody closed it, or merged it and took it back: that is respected, and said. */
  | { readonly outcome: 'declined'; readonly number: number; readonly url: string };

/**
 * Makes Git agree with a move: one pull request, opened as the GitHub App if there is one, or one issue with the patch.
 * Safe to repeat: killed anywhere, the next run goes on. `app`: as whom pull requests are opened, whose checks then run.
 * Throws `MDR-FILE-MISSING`, `MDR-FILE-SYNTAX`, `MDR-FILE-SCHEMA`.
 */
export async function agree(world: Keeping & { readonly app?: GitHub }, wanted: Wanted): Promise<AgreeOutcome> {
  const { github } = world;
  const base = await github.defaultBranch();
  const file = await github.fileAt(wanted.path, base);
  if (file === undefined) throw noFile(wanted.path, base);
  const said = activeIn(file.text, wanted.path);
  if (said !== undefined && said.since > wanted.since) return { outcome: 'newer' };
  const issues = await ownIssues(world, wanted.deployment);
  const opener = world.app ?? ((await github.me()).startsChecks ? github : undefined);
  if (isSameRole(said, wanted)) {
    await closeIssues(world, issues, wanted);
    const word = `The file agrees already: ${wanted.site} since epoch ${wanted.since}.`;
    if (opener !== undefined) await closePulls(opener, base, wanted, wanted.since, word);
    return { outcome: 'agrees' };
  }
  if (issues.some((issue) => (epochOf(issue) ?? 0) > wanted.since)) return { outcome: 'newer' };
  const { deployment, path } = wanted;
  const after = withActive(file.text, path, wanted);
  const what: Disagreement = { deployment, path, role: wanted, file: said, refusals: refusalsOf(after, path) };
  for (const refusal of what.refusals) world.log.warning(`${path} would be refused with this change: ${refusal}`);
  if (opener === undefined) return byIssue(world, issues, what, { before: file.text, after });
  if ((await agreePulls(opener, base, deployment)).some(({ epoch }) => epoch > wanted.since))
    return { outcome: 'newer' };
  const outcome = await byPullRequest({ ...world, github: opener }, base, what);
  await closeIssues(world, issues, wanted);
  return outcome;
}

const noFile = (path: string, branch: string): MdrError =>
  new MdrError({
    code: 'MDR-FILE-MISSING',
    message: `${path} is not on the branch ${branch}`,
    fix: 'Give the path of the deployment file in the repository, and merge it first.',
    state: 'Nothing was changed on GitHub.',
  });

async function byPullRequest(world: Keeping, base: string, what: Disagreement): Promise<AgreeOutcome> {
  const { github, log } = world;
  const { deployment, role } = what;
  const branch = agreeBranch(deployment, role.since);
  const [latest] = await github.pullRequestsFrom(branch);
  if (latest !== undefined && latest.state !== 'open') {
    log.warning(`#${latest.number} was ${latest.state}, and the file does not agree: it is not opened again`);
    return { outcome: 'declined', number: latest.number, url: latest.url };
  }
  await prepareBranch(world, base, branch, what);
  const open = async () => (await github.pullRequestsFrom(branch)).find(({ state }) => state === 'open');
  const pull = await createOnce(world, 'the pull request', open, () =>
    github.openPullRequest({ head: branch, base, title: agreeTitle(what), body: agreePullBody(what) }),
  );
  await closePulls(github, base, what, role.since - 1, `Superseded by #${pull.number}: a later move.`);
  return { outcome: 'pull request', number: pull.number, url: pull.url };
}

/** Versions that somebody else may write to the branch while we write ours. */
const TRIES = 3;

/** A branch whose file agrees. What people changed on it stays. */
async function prepareBranch(world: Keeping, base: string, branch: string, what: Disagreement): Promise<void> {
  const { github } = world;
  const { path, role } = what;
  await createOnce<unknown>(
    world,
    `the branch ${branch}`,
    () => github.headOf(branch),
    async () => github.createBranch(branch, (await github.headOf(base)) ?? ''),
  );
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const over = await github.fileAt(path, branch);
    if (over === undefined) throw noFile(path, branch);
    if (isSameRole(activeIn(over.text, path), role)) return;
    const text = withActive(over.text, path, role);
    if (await github.putFile({ path, branch, text, over, message: agreeTitle(what) })) return;
  }
  throw new MdrError({
    code: 'MDR-GITHUB-ERROR',
    message: `${path} on the branch ${branch} was changed by somebody else again and again`,
    fix: 'Run it again.',
    state: 'The branch is there, and no pull request.',
  });
}

/** Our open pull requests of moves of a deployment. */
async function agreePulls(github: GitHub, base: string, deployment: string) {
  const me = await github.me();
  const own = (pull: PullRequest): boolean => pull.author === me.login && pull.isOwnBranch;
  return (await github.openPullRequests(base)).filter(own).flatMap((pull) => {
    const epoch = epochOfBranch(pull.branch, deployment);
    return epoch === undefined ? [] : [{ ...pull, epoch }];
  });
}

/** Closes, with a word, the open pull requests of moves up to this epoch, and takes their branches away. */
async function closePulls(
  github: GitHub,
  base: string,
  { deployment }: Pick<Wanted, 'deployment'>,
  upTo: number,
  word: string,
): Promise<void> {
  for (const { number, body, branch, epoch } of await agreePulls(github, base, deployment)) {
    if (epoch > upTo) continue;
    await github.updatePullRequest(number, { body: closedPullBody(body, word), open: false });
    await github.deleteBranch(branch);
  }
}

/** Every issue of ours, however long ago it was closed: there is one a move. */
const EVER = '1970-01-01T00:00:00Z';

async function ownIssues({ github }: Keeping, deployment: string): Promise<readonly Issue[]> {
  const all = await github.issuesBy((await github.me()).login, EVER);
  return ownMarked(all, await github.me(), agreeMarker(deployment), ({ number }) => number);
}

const epochOf = ({ body }: Issue): number | undefined => revealed(body, agreeState)?.epoch;

async function byIssue(
  world: Keeping,
  all: readonly Issue[],
  what: Disagreement,
  { before, after }: { readonly before: string; readonly after: string },
): Promise<AgreeOutcome> {
  const { github, log } = world;
  const { deployment, role } = what;
  const closed = all.find((issue) => !issue.open && epochOf(issue) === role.since);
  const title = agreeTitle(what);
  const body = agreeIssueBody(what, before, after);
  const open = await leaveFirst(
    world,
    all.filter((issue) => issue.open),
  );
  if (open !== undefined) {
    if (open.body !== body || open.title !== title) await github.updateIssue(open.number, { title, body });
    return { outcome: 'issue', number: open.number, url: open.url };
  }
  if (closed !== undefined) {
    log.warning(`#${closed.number} was closed, and the file does not agree: it is not opened again`);
    return { outcome: 'declined', number: closed.number, url: closed.url };
  }
  const made = await openOnce(world, { title, body, labels: [AGREE_LABEL] }, () => ownIssues(world, deployment));
  return { outcome: 'issue', number: made.number, url: made.url };
}

/** Those of this move and of earlier ones. */
async function closeIssues(
  { github }: Keeping,
  issues: readonly Issue[],
  { deployment, site, since }: Wanted,
): Promise<void> {
  const isOver = (issue: Issue): boolean => issue.open && (epochOf(issue) ?? since) <= since;
  for (const { number } of issues.filter(isOver))
    await github.updateIssue(number, { body: agreedBody(deployment, { site, since }), state: 'completed' });
}
