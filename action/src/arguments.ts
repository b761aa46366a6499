import { parseArgs } from 'node:util';
import { MdrError } from './domain/errors.ts';
import { didYouMean } from './domain/suggest.ts';
import { INPUTS, OPERATIONS } from './domain/inputs.ts';

/** Inputs that are not an operation's own. */
const COMMON = ['operation', 'deployment', 'role-to-assume', 'fail-on'] as const;

/** Every input of action.yml. */
export const INPUT_NAMES: readonly string[] = [
  ...new Set([...COMMON, ...OPERATIONS.flatMap((operation) => Object.keys(INPUTS[operation].shape))]),
];

const OPTIONS = INPUT_NAMES.filter(
  (name) => !['operation', 'role-to-assume'].includes(name) && !name.endsWith('-token'),
);

export const USAGE = [
  'node action/dist/index.js <operation> --deployment environments/<name>.json [--<input> <value> …]',
  '',
  ...OPERATIONS.map((operation) => {
    const names = [
      ...Object.keys(INPUTS[operation].shape).filter((name) => OPTIONS.includes(name)),
      ...(operation === 'check' ? ['fail-on'] : []),
    ];
    return `  ${operation.padEnd(11)}${names.map((name) => ` --${name}`).join('')}`.trimEnd();
  }),
  '',
  'README.md says what each operation does, action/action.yml what each input means.',
  '',
].join('\n');

/**
 * The words of a command line as inputs.
 * @throws MdrError MDR-INPUT-INVALID
 */
export function inputsFromArguments(args: readonly string[]): Readonly<Record<string, string>> {
  const options = Object.fromEntries(OPTIONS.map((name) => [name, { type: 'string' as const }]));
  const unknown = args.find((word) => /^--./.test(word) && !OPTIONS.includes(word.slice(2).replace(/=.*$/s, '')));
  if (unknown !== undefined) throw invalid(`"${unknown}" is no option${didYouMean(unknown.slice(2), OPTIONS)}`);
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [operation = '', ...more] = positionals;
    if (more.length > 0) throw invalid(`only one operation can be run, and "${more.join(' ')}" is too much`);
    return { ...values, operation };
  } catch (error) {
    if (error instanceof MdrError || !(error instanceof TypeError)) throw error;
    throw invalid(error.message);
  }
}

const invalid = (message: string): MdrError =>
  new MdrError({
    code: 'MDR-INPUT-INVALID',
    message,
    fix: `Usage: ${USAGE.split('\n')[0] ?? ''}`,
    state: 'Nothing was touched.',
  });
