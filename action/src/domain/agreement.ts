import { z } from 'zod';
import { readDeployment } from './deployment-file.ts';
import { MdrError } from './errors.ts';
import { PlacedJson } from './json-places.ts';

/** Who is active, as a deployment file says it: `active` in docs/formats.md. */
export interface ActiveRole {
  /** Region of the active site. */
  readonly site: string;
  /** Epoch of the move that made it active. */
  readonly since: number;
}

const activeRole = z.object({ site: z.string(), since: z.int() });

/** Who is active by a file's text; `undefined` when it does not say. Throws `MDR-FILE-SYNTAX`. */
export function activeIn(text: string, path: string): ActiveRole | undefined {
  const value = placed(text, path).value;
  return z.object({ active: activeRole }).safeParse(value).data?.active;
}

export const isSameRole = (one: ActiveRole | undefined, other: ActiveRole): boolean =>
  one?.site === other.site && one.since === other.since;

/**
 * The text of a deployment file that says who is active, changed nowhere else: people keep their order, their spaces and
 * their lines. Throws `MDR-FILE-SYNTAX`, and `MDR-FILE-SCHEMA` when it has no `deployment`.
 */
export function withActive(text: string, path: string, { site, since }: ActiveRole): string {
  const json = placed(text, path);
  const both = { site: json.rangeOf(['active', 'site']), since: json.rangeOf(['active', 'since']) };
  if (both.site !== undefined && both.since !== undefined) {
    const edits = [
      { ...both.site, by: JSON.stringify(site) },
      { ...both.since, by: String(since) },
    ];
    // From behind, so that the first edit does not move the second.
    return edits.toSorted((a, b) => b.start - a.start).reduce(replaced, text);
  }
  const value = `{ "site": ${JSON.stringify(site)}, "since": ${since} }`;
  const whole = json.rangeOf(['active']);
  return whole === undefined ? inserted(json, text, path, value) : replaced(text, { ...whole, by: value });
}

const replaced = (text: string, edit: { readonly start: number; readonly end: number; readonly by: string }): string =>
  text.slice(0, edit.start) + edit.by + text.slice(edit.end);

/** After `deployment`, on a line of its own when that is. */
function inserted(json: PlacedJson, text: string, path: string, value: string): string {
  const name = json.rangeOf(['deployment']);
  if (name === undefined)
    throw new MdrError({
      code: 'MDR-FILE-SCHEMA',
      message: `${path} has no \`deployment\``,
      fix: `Correct ${path}, then run it again.`,
      state: 'The file was not changed.',
    });
  const before = /(\r?\n[ \t]*)"deployment"\s*:\s*$/.exec(text.slice(0, name.start))?.[1] ?? ' ';
  return replaced(text, { start: name.end, end: name.end, by: `,${before}"active": ${value}` });
}

/** Why a file would be refused, `path:line:column: what`, in its order; empty when it would not. */
export function refusalsOf(text: string, path: string): readonly string[] {
  const read = readDeployment(text);
  if ('deployment' in read) return [];
  return read.problems.map(({ place, message }) => `${path}:${place.line}:${place.column}: ${message}`);
}

function placed(text: string, path: string): PlacedJson {
  try {
    return new PlacedJson(text);
  } catch (cause) {
    throw new MdrError({
      code: 'MDR-FILE-SYNTAX',
      message: `${path} is not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      fix: `Correct ${path}, then run it again.`,
      state: 'The file was not changed.',
      cause,
    });
  }
}

export const AGREE_LABEL = 'mwaadr-agree';

/** The issue of a deployment begins with it. Never changes: issues of older releases are found by it. */
export const agreeMarker = (deployment: string): string => `<!-- mwaadr:agree:${deployment} -->`;

const PREFIX = 'mwaadr/agree-';

/** The branch on which a file is made to agree with the move of an epoch: one move, one branch, one pull request. */
export const agreeBranch = (deployment: string, epoch: number): string => `${PREFIX}${deployment}-${epoch}`;

/** The epoch of such a branch; `undefined` for any other one, also of a deployment whose name begins the same. */
export function epochOfBranch(branch: string, deployment: string): number | undefined {
  const start = `${PREFIX}${deployment}-`;
  const rest = branch.startsWith(start) ? branch.slice(start.length) : '';
  return /^\d+$/.test(rest) ? Number(rest) : undefined;
}

/** What an issue with a patch hides: the move that it is about. */
export const agreeState = z.object({ epoch: z.int() });
