import { parse } from 'yaml';

interface ActionYml {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly required?: boolean }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
}

const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

/** The tables of inputs and outputs for the README, from the text of action.yml. */
export function actionReference(actionYml: string): string {
  const { inputs, outputs } = parse(actionYml) as ActionYml;
  return [
    row('input', 'meaning'),
    row('---', '---'),
    ...Object.entries(inputs).map(([name, { description, required }]) =>
      row(`\`${name}\`${required === true ? ' (required)' : ''}`, description),
    ),
    '',
    row('output', 'meaning'),
    row('---', '---'),
    ...Object.entries(outputs).map(([name, { description }]) => row(`\`${name}\``, description)),
  ].join('\n');
}

const SECTION = /(?<=<!-- inputs -->\n).*?(?=<!-- \/inputs -->)/s;

/** The README with its section of inputs and outputs as action.yml has it. */
export const withActionReference = (readme: string, actionYml: string): string =>
  readme.replace(SECTION, () => `\n${actionReference(actionYml)}\n\n`);
