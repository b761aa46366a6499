import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { INPUT_NAMES } from '../../../action/src/arguments.ts';
import { OPERATIONS } from '../../../action/src/domain/inputs.ts';
import { outputsOf } from '../../../action/src/report/outputs.ts';
import { withActionReference } from '../../tools/action-reference.ts';
import * as gitops from './gitops-samples.ts';
import * as samples from './samples.ts';

const read = (path: string) => readFileSync(join(import.meta.dirname, '../../..', path), 'utf8');
const text = read('action/action.yml');
const action = parse(text) as {
  inputs: Record<string, { description: string; default?: string }>;
  outputs: Record<string, unknown>;
  runs: unknown;
};
const sorted = (names: Iterable<string>) => [...new Set(names)].sort();

test('action.yml has exactly the inputs that the code takes', () => {
  expect(sorted(Object.keys(action.inputs))).toEqual(sorted(INPUT_NAMES));
  // A default would be given to every operation, also to those that do not take the input.
  expect(Object.values(action.inputs).filter((input) => input.default !== undefined)).toEqual([]);
});

test('action.yml has exactly the outputs that the code sets', () => {
  const { lost, stopped, failover, moving, verified, snapshot, install } = samples;
  const results = [lost, stopped, failover, moving, verified, snapshot, install, ...Object.values(gitops)];
  expect(sorted(Object.keys(action.outputs))).toEqual(
    sorted(results.flatMap((result) => Object.keys(outputsOf(result)))),
  );
});

test('action.yml names every operation', () => {
  for (const operation of OPERATIONS) expect(action.inputs['operation']?.description).toContain(`\`${operation}\``);
});

test('action.yml starts the bundle by Node.js 24', () => {
  expect(action.runs).toEqual({ using: 'node24', main: 'dist/index.js' });
});

test('the README lists inputs and outputs as action.yml has them', () => {
  // The formatter pads the columns of tables.
  const unpadded = (markdown: string) => markdown.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');
  const readme = read('README.md');
  expect(unpadded(readme)).toBe(unpadded(withActionReference(readme, text)));
});

test('while nobody is active no site is called so', () => {
  expect(outputsOf(samples.stopped)).toMatchObject({
    verdict: 'UNHEALTHY',
    'verdict-class': 'stopped',
    findings: 'nobody-active move-stands',
  });
  for (const result of [samples.stopped, samples.nobodyActive])
    expect(outputsOf(result)).not.toHaveProperty('active-site');
  expect(outputsOf(samples.healthy)).toMatchObject({ 'active-site': 'us-east-1' });
  expect(outputsOf(samples.healthy)).not.toHaveProperty('findings');
});
