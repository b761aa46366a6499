import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { matches } from '../../../action/src/domain/wildcard.ts';

test.each([
  ['core.parallelism', 'core.parallelism', true],
  ['core.parallelism', 'core.parallelisms', false],
  ['core.*', 'core.parallelism', true],
  ['*.parallelism', 'core.parallelism', true],
  ['*', '', true],
  ['a*a', 'a', false],
  ['a*b*c', 'a-b-c', true],
  ['a*bb*c', 'abc', false],
  ['a.c', 'abc', false],
  ['*ab*ba*', 'aba', false],
])('the pattern %s and %s', (pattern, text, is) => {
  expect(matches(pattern, text)).toBe(is);
});

test('a pattern matches whatever its stars are replaced by', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (parts, fillings) => {
      const plain = parts.map((part) => part.replaceAll('*', ''));
      const text = plain
        .map((part, index) => part + (index < plain.length - 1 ? (fillings[index] ?? '') : ''))
        .join('');
      expect(matches(plain.join('*'), text)).toBe(true);
    }),
  );
});
