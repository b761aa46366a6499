import { MdrError } from './domain/errors.ts';
import type { DeploymentFile } from './domain/fleet.ts';
import type { GitHub } from './domain/github.ts';
import type { Operation } from './domain/inputs.ts';
import type { Tools } from './domain/tools.ts';
import { createGitHub } from './github/rest.ts';
import { apiUrl, repositoryOfRun } from './github/run-context.ts';
import { repositoryAt } from './repository.ts';
import { runDagCheck } from './dag-check/run.ts';
import type { Surface } from './surface.ts';
import { workspace } from './workspace.ts';
import { createWorlds, systemClock } from './world.ts';

/** Everything an operation gets, made when it is first asked for. */
export function createTools(
  surface: Surface,
  operation: Operation,
  files: readonly DeploymentFile[],
  stop: AbortSignal,
): Tools {
  const connected = (token: string): GitHub => {
    surface.keepSecret(token);
    return createGitHub(requireRepository(), { token, url: apiUrl(), clock: systemClock, stop });
  };
  const { 'github-token': own = '', 'app-token': app = '' } = surface.inputs;
  let github: GitHub | undefined;
  return {
    files,
    ...createWorlds(surface, operation, stop),
    runDagCheck,
    clock: systemClock,
    log: surface,
    stop,
    actor: surface.actor,
    github: () => (github ??= connected(requireToken(operation, own))),
    app: () => (app === '' ? undefined : connected(app)),
    repository: repositoryAt(process.cwd(), surface.run.commit ?? null),
    workspace,
    run: surface.run,
  };
}

function requireToken(operation: Operation, token: string): string {
  if (token !== '') return token;
  throw new MdrError({
    code: 'MDR-INPUT-MISSING',
    message: `${operation} needs GitHub, and the input \`github-token\` is missing`,
    fix: 'Give `github-token: ${{ github.token }}`; on a terminal set GITHUB_TOKEN.',
    state: 'Nothing was touched.',
  });
}

function requireRepository(): string {
  const repository = repositoryOfRun();
  if (repository !== undefined) return repository;
  throw new MdrError({
    code: 'MDR-INPUT-MISSING',
    message: 'nothing says which repository on GitHub this is',
    fix: 'Set GITHUB_REPOSITORY to its owner and name, as in my-organisation/mwaa-dr.',
    state: 'Nothing was touched.',
  });
}
