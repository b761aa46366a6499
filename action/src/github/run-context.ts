import { context } from '@actions/github';

/** The address of the run. */
const urlOfRun = (): string => {
  const { serverUrl, repo, runId } = context;
  return `${serverUrl}/${repo.owner}/${repo.repo}/actions/runs/${runId}`;
};

/** Who runs this, for the control record, the journal and the evidence: the person, and the address of the run. */
export const actorOfRun = (): string => `${context.actor} ${urlOfRun()}`;

/** What GitHub runs this for. */
export const runOfWorkflow = () => ({
  // The commit of the event itself would be a merge that exists nowhere else.
  commit: headOf(context.payload.pull_request) ?? context.sha,
  commits: commitsOf(context.payload),
  pullRequest: context.payload.pull_request?.number,
  url: urlOfRun(),
});

/** As in `owner/name`; `undefined` on a terminal that does not say. */
export function repositoryOfRun(): string | undefined {
  const name = process.env['GITHUB_REPOSITORY'] ?? '';
  return name === '' ? undefined : name;
}

export const apiUrl = (): string => context.apiUrl;

/** A push brings up to 2,048 commits in its event: docs.github.com, Webhook events and payloads, push. */
export function commitsOf({ commits, forced }: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  if (!Array.isArray(commits)) return undefined;
  return forced === true ? [] : commits.map(({ id }: { readonly id: unknown }) => String(id));
}

function headOf(pull: unknown): string | undefined {
  const head: unknown = typeof pull === 'object' && pull !== null && 'head' in pull ? pull.head : undefined;
  const sha: unknown = typeof head === 'object' && head !== null && 'sha' in head ? head.sha : undefined;
  return typeof sha === 'string' ? sha : undefined;
}
