import { glob, readFile } from 'node:fs/promises';
import { isStandIn, parseEndpoints } from './aws/endpoints.ts';
import { parseDeployment, parseForMove } from './domain/deployment-file.ts';
import type { Deployment } from './domain/deployment.ts';
import { periodOfCloudWatch } from './domain/deployment-rules-policies.ts';
import { MdrError } from './domain/errors.ts';
import type { DeploymentFile } from './domain/fleet.ts';
import { FOR_MOVES, type Operation } from './domain/inputs.ts';
import { ENVIRONMENTS, isDeploymentFile } from './domain/names.ts';

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new MdrError({
      code: 'MDR-FILE-MISSING',
      message: `${path} cannot be read: ${code}`,
      fix: `Give the path of a deployment file from ${process.cwd()}, and check out the repository before this step.`,
      state: 'Nothing was touched.',
    });
  }
}

type Warn = (line: string) => void;

const parse = (operation: Operation, text: string, path: string, warn: Warn): Deployment => {
  const more = isStandIn(parseEndpoints(process.env['MWAADR_ENDPOINTS'])) ? [] : [periodOfCloudWatch];
  if (!FOR_MOVES.includes(operation)) return parseDeployment(text, path, more);
  const { deployment, warnings } = parseForMove(text, path, more);
  for (const warning of warnings) warn(warning);
  return deployment;
};

/** The one file that an operation is about. Throws `MDR-INPUT-MISSING`, `MDR-FILE-…`. */
export async function readOne(
  operation: Operation,
  path: string,
  warn: Warn,
): Promise<{ text: string; deployment: Deployment }> {
  if (path === '')
    throw new MdrError({
      code: 'MDR-INPUT-MISSING',
      message: `the input \`deployment\` is missing, which says what to ${operation}`,
      fix: 'Give the path of a deployment file, as in environments/example.json.',
      state: 'Nothing was touched.',
    });
  const text = await read(path);
  return { text, deployment: parse(operation, text, path, warn) };
}

/**
 * The files that paths and patterns name, each once, sorted. One that cannot be read or parsed is there with its error.
 * Throws `MDR-FILE-MISSING` when none is found.
 */
export async function readMany(operation: Operation, patterns: string, warn: Warn): Promise<readonly DeploymentFile[]> {
  const wanted = patterns.split(/[\s,]+/).filter((pattern) => pattern !== '');
  const paths = new Set<string>();
  for (const pattern of wanted.length === 0 ? [`${ENVIRONMENTS}/*.json`] : wanted) {
    if (/[*?{[]/.test(pattern)) for await (const path of glob(pattern)) paths.add(path);
    else paths.add(pattern);
  }
  const files = [...paths].filter(isDeploymentFile).sort();
  if (files.length === 0)
    throw new MdrError({
      code: 'MDR-FILE-MISSING',
      message: `there is no deployment file in ${wanted.join(' ') || ENVIRONMENTS}`,
      fix: `Check out the repository before this step, and keep the deployment files in ${ENVIRONMENTS}/.`,
      state: 'Nothing was touched.',
    });
  return Promise.all(files.map((path) => readTolerantly(operation, path, warn)));
}

async function readTolerantly(operation: Operation, path: string, warn: Warn): Promise<DeploymentFile> {
  let text = '';
  try {
    text = await read(path);
    return { path, text, deployment: parse(operation, text, path, warn) };
  } catch (error) {
    if (!(error instanceof MdrError)) throw error;
    return { path, text, error };
  }
}
