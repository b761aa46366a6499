import { describe, expect, test } from '@jest/globals';
import { isHarmlessOption } from '../../../action/src/domain/plan-shown.ts';
import { harmless, mayBeRepeated, updateErrorOf } from '../../../action/src/domain/service-words.ts';

describe('The words of a service', () => {
  const repeated = (...options: readonly unknown[]) => mayBeRepeated(isHarmlessOption, ...options);

  test('are repeated where there are no options, or only such as are no secrets anywhere', () => {
    expect(repeated(undefined, {})).toBe(true);
    expect(repeated({ 'core.parallelism': '64', 'celery.worker_autoscale': '10,5' })).toBe(true);
  });

  test('are not repeated beside an option that may be a secret, of whichever source and however short', () => {
    const plain = { 'core.parallelism': '64' };
    expect(repeated({ ...plain, 'shop.key': 'abc12' })).toBe(false);
    expect(repeated(undefined, plain, { 'shop.backend': '{"keys": ["hunter22xy"]}' })).toBe(false);
    expect(repeated(plain, { 'core.default_timezone': 'postgresql://u:pa/ssw0rd!@h/db' })).toBe(false);
  });

  test.each([
    ['{"connections_prefix": "shop/connections", "region_name": "us-east-1"}', true],
    ['{}', true],
    ['{"connections_prefix": "shop", "role_id": "hunter22xy"}', false],
    ['{"connections_prefix": "a\\" b", "x": "hunter22xy"}', false],
    ['{"connections_prefix": {"a": "hunter22xy"}}', false],
    ['hunter22xy', false],
  ])('beside the backend %s: %s', (value, isRepeated) => {
    expect(repeated({ 'secrets.backend_kwargs': value })).toBe(isRepeated);
  });

  test('beside an option that the deployment file lets be shown are repeated', () => {
    expect(isHarmlessOption('shop.colour', 'green', ['shop.*'])).toBe(true);
    expect(isHarmlessOption('shop.password', 'green', ['shop.*'])).toBe(false);
  });

  test('are one short line, without what looks like a token', () => {
    expect(harmless('x '.repeat(400))).toHaveLength(300);
    expect(harmless(`no\n${'a'.repeat(48)}`)).toBe('no ***');
  });
});

describe('The error of the last update', () => {
  test.each([
    [{ LastUpdate: { Error: { ErrorCode: 'INTERNAL', ErrorMessage: 'no' } } }, { code: 'INTERNAL', message: 'no' }],
    [{ LastUpdate: { Error: { ErrorMessage: 'no' } } }, { code: '', message: 'no' }],
    [{ LastUpdate: { Status: 'SUCCESS' } }, undefined],
    [undefined, undefined],
  ])('of %j is %j', (raw, error) => {
    expect(updateErrorOf(raw)).toEqual(error);
  });
});
