import { z } from 'zod';
import type { DriftFinding } from './drift-findings.ts';
import { sha256 } from './envelope.ts';
import { ownMarked, type Author, type Issue } from './github.ts';
import { revealed } from './hidden-state.ts';

export const DRIFT_LABEL = 'mwaadr-drift';

/** The issue of a deployment begins with it. Never changes: issues of older releases are found by it. */
export const driftMarker = (deployment: string): string => `<!-- mwaadr:drift:${deployment} -->`;

/** Milliseconds. What comes back so soon is the same matter: its issue is opened again. */
export const SAME_MATTER = 7 * 86_400_000;

const KEPT_EPISODES = 10;
/** Ages of more findings than that are not kept: the state has to fit into the issue. */
const KEPT_AGES = 1_000;

const episode = z.object({ from: z.string(), to: z.string() });

const driftState = z.object({
  schemaVersion: z.literal(1),
  deployment: z.string(),
  /** Whether we left it open: closed and yet `true` means that a person closed it. */
  open: z.boolean(),
  /** ISO, when drift was last looked for. */
  checkedAt: z.string(),
  /** Of each difference, by {@link fingerprint}: ISO, since when. */
  since: z.record(z.string(), z.string()),
  /** Of each difference as well: what differed, as 6 hex digits. */
  values: z.record(z.string(), z.string()).default({}),
  /** Earlier times of drift that this issue spoke of, newest first. */
  episodes: z.array(episode),
});

/** What an issue says of a deployment's drift, for machines. */
export type DriftState = Readonly<z.infer<typeof driftState>>;

export type DriftDecision =
  | { readonly act: 'nothing'; readonly why: 'clean' }
  | { readonly act: 'nothing'; readonly why: 'a person closed it'; readonly state: DriftState }
  | { readonly act: 'open'; readonly state: DriftState }
  /** `cured`: a person closed it, and some or all of it is gone since; it stays closed and says so. */
  | { readonly act: 'update' | 'reopen' | 'close' | 'cured'; readonly issue: Issue; readonly state: DriftState };

const hash = (text: string, digits: number): string => sha256(text).slice(0, digits);

/** Keys may be long, as paths of artifacts are. */
const fingerprint = (key: string): string => hash(key, 12);
const valueOf = ({ what }: DriftFinding): string => hash(what, 6);

/** ISO, since when a finding is there. */
export const sinceOf = ({ since, checkedAt }: DriftState, { key }: DriftFinding): string =>
  since[fingerprint(key)] ?? checkedAt;

/** ISO, since when something differs that differs still; `undefined` when that is not known from before. */
export function driftingSince({ since, checkedAt }: DriftState): string | undefined {
  const [oldest] = Object.values(since).toSorted();
  return oldest === checkedAt ? undefined : oldest;
}

export const readDriftState = ({ body }: Pick<Issue, 'body'>): DriftState | undefined => revealed(body, driftState);

/** Our issues of a deployment, lowest number first. */
export const driftIssues = (issues: readonly Issue[], me: Author, deployment: string): readonly Issue[] =>
  ownMarked(issues, me, driftMarker(deployment), ({ number }) => number);

/**
 * What becomes of the issue of a deployment. One that a person closed is left alone while nothing else has drifted, nor
 * anything again, for as long as it would be opened again otherwise.
 * @param issues {@link driftIssues}: all open ones, and those that were closed lately
 * @param now ISO
 */
export function decideDrift(
  deployment: string,
  issues: readonly Issue[],
  findings: readonly DriftFinding[],
  now: string,
): DriftDecision {
  const open = issues.find((issue) => issue.open);
  if (open !== undefined) {
    const before = readDriftState(open);
    return findings.length > 0
      ? { act: 'update', issue: open, state: drifting(deployment, findings, now, before) }
      : { act: 'close', issue: open, state: clean(deployment, now, before) };
  }
  const closed = issues.findLast((issue) => isRecent(issue, now));
  const before = closed && readDriftState(closed);
  if (closed !== undefined && before?.open === true) return afterPerson(closed, before, findings, now);
  if (findings.length === 0) return { act: 'nothing', why: 'clean' };
  const state = drifting(deployment, findings, now, before);
  return closed === undefined ? { act: 'open', state } : { act: 'reopen', issue: closed, state };
}

function afterPerson(
  issue: Issue,
  before: DriftState,
  findings: readonly DriftFinding[],
  now: string,
): Extract<DriftDecision, { readonly state: DriftState }> {
  const state = drifting(before.deployment, findings, now, before);
  if (findings.some((finding) => isNews(finding, before))) return { act: 'reopen', issue, state };
  if (findings.length === 0) return { act: 'cured', issue, state: clean(before.deployment, now, before) };
  const isLess = Object.keys(before.since).some((print) => !(print in state.since));
  return isLess ? { act: 'cured', issue, state } : { act: 'nothing', why: 'a person closed it', state: before };
}

/** Whether a difference is another one than a state speaks of; older releases kept no values. */
function isNews(finding: DriftFinding, { since, values }: DriftState): boolean {
  const print = fingerprint(finding.key);
  return !(print in since) || (values[print] ?? valueOf(finding)) !== valueOf(finding);
}

const isRecent = ({ closedAt }: Issue, now: string): boolean =>
  closedAt !== undefined && Date.parse(now) - Date.parse(closedAt) <= SAME_MATTER;

function drifting(
  deployment: string,
  findings: readonly DriftFinding[],
  now: string,
  before: DriftState | undefined,
): DriftState {
  const known = before?.open === true ? before.since : {};
  const kept = findings.slice(0, KEPT_AGES).map((finding) => ({ finding, print: fingerprint(finding.key) }));
  return {
    schemaVersion: 1,
    deployment,
    open: true,
    checkedAt: now,
    since: Object.fromEntries(kept.map(({ print }) => [print, known[print] ?? now])),
    values: Object.fromEntries(kept.map(({ print, finding }) => [print, valueOf(finding)])),
    episodes: before?.episodes ?? [],
  };
}

function clean(deployment: string, now: string, before: DriftState | undefined): DriftState {
  const from = Object.values(before?.since ?? {}).toSorted()[0] ?? now;
  const episodes = [{ from, to: now }, ...(before?.episodes ?? [])].slice(0, KEPT_EPISODES);
  return { schemaVersion: 1, deployment, open: false, checkedAt: now, since: {}, values: {}, episodes };
}
