/** `node --import`: takes the rule in MWAADR_WITHOUT out of its file while that is loaded. */
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { ROOT } from '../tools/paths.ts';
import { MUTANTS } from './mutants.ts';

const rule = process.env['MWAADR_WITHOUT'];
const mutant = MUTANTS.find((candidate) => candidate.rule === rule);
if (mutant === undefined) throw new Error(`there is no rule ${rule ?? ''}`);
const { file, from, to } = mutant;
const url = pathToFileURL(join(ROOT, file)).href;

registerHooks({
  load: (loaded, context, nextLoad) => {
    const result = nextLoad(loaded, context);
    if (loaded !== url) return result;
    const source = Buffer.from((result.source ?? '') as string).toString();
    return { ...result, source: source.replace(from, () => to) };
  },
});
