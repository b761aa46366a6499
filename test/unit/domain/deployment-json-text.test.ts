import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { format } from 'prettier';
import { jsonText } from '../../../action/src/domain/json-text.ts';

const OPTIONS = JSON.parse(readFileSync(new URL('../../../.prettierrc.json', import.meta.url), 'utf8')) as Record<
  string,
  unknown
>;

const reformatted = (text: string) => format(text, { ...OPTIONS, parser: 'json' });

test.each(['example', 'example-archive'])('%s.json is written as the formatter leaves it', async (name) => {
  const text = readFileSync(new URL(`../../../environments/${name}.json`, import.meta.url), 'utf8');
  expect(jsonText(JSON.parse(text))).toBe(text);
  expect(await reformatted(text)).toBe(text);
});

const plain = fc.oneof(fc.string({ maxLength: 30 }), fc.integer(), fc.boolean());
const key = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => text !== '__proto__');
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    plain,
    fc.array(plain, { maxLength: 6 }),
    fc.array(fc.dictionary(key, plain, { minKeys: 2, maxKeys: 5 }), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 8 }),
  ),
}));

/** Lists hold texts and numbers, or plain objects of some keys: what deployment files are made of. */
test('the formatter changes nothing in what is written', async () => {
  await fc.assert(
    fc.asyncProperty(value, async (anything) => {
      const text = jsonText({ anything });
      expect(JSON.parse(text)).toEqual({ anything });
      expect(await reformatted(text)).toBe(text);
    }),
    { numRuns: 200 },
  );
});
