import { context } from '@actions/github';

/** Who runs this, for the control record, the journal and the evidence: the person, and the address of the run. */
export function actorOfRun(): string {
  const { actor, serverUrl, repo, runId } = context;
  return `${actor} ${serverUrl}/${repo.owner}/${repo.repo}/actions/runs/${runId}`;
}
