import { describe, expect, test } from '@jest/globals';
import { harmless, updateErrorOf, withoutOptions } from '../../../action/src/domain/service-words.ts';

describe('The words of a service', () => {
  test('are repeated without the values of options, the longest first', () => {
    const options = { 'smtp.smtp_password': 'pa55word', 'smtp.smtp_user': 'pa55word-of-mail' };
    expect(withoutOptions('pa55word-of-mail and pa55word are wrong', options)).toBe('*** and *** are wrong');
  });

  test('are repeated without the password of an address or a text of JSON in a value', () => {
    const options = {
      'celery.broker_url': 'redis://user:hunter2-prod@host/0',
      'secrets.backend_kwargs': '{"vault_role": "inner-secret", "port": 8200}',
    };
    const words = withoutOptions('hunter2-prod is refused by host, inner-secret by vault_role', options);
    expect(words).toBe('*** is refused by host, *** by vault_role');
  });

  test('know the values of each of several sources, and need none of them', () => {
    const words = withoutOptions(
      'first-one second-one third',
      undefined,
      { a: 'first-one' },
      { b: 'second-one', c: 7 },
    );
    expect(words).toBe('*** *** third');
  });

  test('keep numbers and switches, which are in every sentence', () => {
    expect(withoutOptions('15 is more than 10: True', { a: '15', b: '10', c: 'True' })).toBe(
      '15 is more than 10: True',
    );
  });

  test('are never cut in the middle of a value, so that half of it is seen', () => {
    const secret = 'S3cret!'.repeat(6);
    const text = `${'x '.repeat(140)}${secret}`;
    expect(withoutOptions(text, { a: secret })).not.toContain('S3cret');
    expect(harmless(text)).toHaveLength(300);
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
