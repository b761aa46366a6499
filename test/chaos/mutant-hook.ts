/** `node --import`: takes the rule in MWAADR_WITHOUT out of its file while that is loaded. */
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../tools/paths.ts';
import { MUTANTS, without } from './mutants.ts';

const rule = process.env['MWAADR_WITHOUT'];
const mutant = MUTANTS.find((candidate) => candidate.rule === rule);
if (mutant === undefined) throw new Error(`there is no rule "${rule ?? ''}": npm run chaos -- --without ""`);
const url = pathToFileURL(join(ROOT, mutant.file)).href;

registerHooks({
  load: (loaded, context, nextLoad) => {
    const result = nextLoad(loaded, context);
    if (loaded !== url) return result;
    return { ...result, source: without(mutant, Buffer.from((result.source ?? '') as string).toString()) };
  },
});
