import type { App } from 'aws-cdk-lib';

/** The GitHub repository whose workflows may assume our roles. Names can be taken over; the numeric ids cannot. */
export interface Repository {
  readonly owner: string;
  readonly ownerId: string;
  readonly repo: string;
  readonly repoId: string;
}

/** Reads the repository from the CDK context (cdk.json, or `-c key=value`). */
export function requireRepository(app: App): Repository {
  const read = (key: string, pattern: RegExp, example: string): string => {
    const value: unknown = app.node.tryGetContext(key);
    if (typeof value === 'string' && pattern.test(value)) return value;
    throw new Error(
      `The CDK context has no usable \`${key}\` (found ${JSON.stringify(value)}): set it in cdk.json or pass ` +
        `\`-c ${key}=${example}\`. \`gh api repos/OWNER/REPO --jq '.owner.id, .id'\` prints the two ids.`,
    );
  };
  return {
    owner: read('owner', /^[A-Za-z0-9-]+$/, 'my-organisation'),
    ownerId: read('ownerId', /^\d+$/, '1234'),
    repo: read('repo', /^[A-Za-z0-9._-]+$/, 'mwaa-dr'),
    repoId: read('repoId', /^\d+$/, '5678'),
  };
}
