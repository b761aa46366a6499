import type { Deployment } from './deployment.ts';
import { POLICY_RULES } from './deployment-rules-policies.ts';
import { SITE_RULES } from './deployment-rules-sites.ts';
import { unsupportedProblems } from './unsupported.ts';

export interface RuleProblem {
  /** Where in the file: keys and indices from the root. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** What to write instead. */
  readonly fix: string;
}

export type Rule = (deployment: Deployment) => readonly RuleProblem[];

/** What the schema cannot say: fields that must agree with each other, and what this release does not carry out. */
export const ruleProblems: Rule = (deployment) =>
  [...SITE_RULES, ...POLICY_RULES, unsupportedProblems].flatMap((rule) => rule(deployment));
