import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { activeIn, agreeBranch, epochOfBranch, withActive } from '../../../action/src/domain/agreement.ts';

const role = { site: 'us-west-2', since: 9 };
const edit = (text: string): string => withActive(text, 'environments/a.json', role);

test('only site and epoch change in a file that names them: spaces, order and lines stay', () => {
  const before = '{\r\n\t"active" : {"since":8 ,\r\n "site"  : "us-east-1"},\r\n\t"deployment":"a"  }\r\n\r\n';
  expect(edit(before)).toBe(before.replace('8', '9').replace('us-east-1', 'us-west-2'));
});

test.each([
  ['on a line of its own', '{\n    "$schema": "x",\n    "deployment": "a",\n    "strategy": "s"\n}\n', '\n    '],
  ['with tabs and CRLF', '{\r\n\t"deployment": "a",\r\n\t"strategy": "s"\r\n}', '\r\n\t'],
  ['as the last key', '{\n  "strategy": "s",\n  "deployment": "a"\n}\n', '\n  '],
  ['on one line', '{"deployment":"a","strategy":"s"}', ' '],
])('a file without it gets it after deployment, %s', (_name, before, space) => {
  const active = `,${space}"active": { "site": "us-west-2", "since": 9 }`;
  expect(edit(before)).toBe(before.replace(/"deployment": ?"a"/, (whole) => whole + active));
});

test('one that says something else there is set right', () => {
  for (const value of ['null', '{}', '{ "site": "us-west-2" }', '"us-west-2"'])
    expect(activeIn(edit(`{ "active": ${value}, "deployment": "a" }`), 'a.json')).toEqual(role);
});

test('whatever is in a file, it says who is active afterwards and everything else as before', () => {
  const key = fc.string().filter((name) => !['active', '__proto__'].includes(name));
  const active = fc.record({ site: fc.string(), since: fc.nat() });
  const file = fc.tuple(
    fc.dictionary(
      key,
      fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as fc.JsonValue),
    ),
    fc.option(active),
    fc.constantFrom('', '  ', '\t'),
  );
  fc.assert(
    fc.property(file, ([members, was, indent]) => {
      const value = { ...members, deployment: 'a', ...(was === null ? {} : { active: was }) };
      const after: unknown = JSON.parse(edit(JSON.stringify(value, null, indent)));
      expect(after).toEqual({ ...value, active: role });
    }),
    { numRuns: 200 },
  );
});

test('a file that is no JSON, or names no deployment, is an error and no guess', () => {
  expect(() => edit('{ "deployment": ')).toThrow(expect.objectContaining({ code: 'MDR-FILE-SYNTAX' }));
  expect(() => edit('{ "name": "a" }')).toThrow(expect.objectContaining({ code: 'MDR-FILE-SCHEMA' }));
});

test('a branch is known by its deployment and epoch, and none is taken for another deployment’s', () => {
  expect(epochOfBranch(agreeBranch('shop', 7), 'shop')).toBe(7);
  for (const branch of ['mwaadr/agree-shop-2-7', 'mwaadr/agree-shop-', 'mwaadr/agree-sho-7', 'x/mwaadr/agree-shop-7'])
    expect(epochOfBranch(branch, 'shop')).toBeUndefined();
});
