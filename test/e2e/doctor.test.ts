import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Bed } from './doctor-bed.ts';
import { DEFECTS } from './doctor-defects.ts';

jest.setTimeout(60_000);

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.start();
}, 120_000);
afterAll(() => bed.services.stop(), 30_000);

test('a sound deployment gives no finding', async () => {
  const { findings, unknown, checked } = await bed.examine();
  expect(findings).toEqual([]);
  expect(unknown).toBe(0);
  expect(checked).toBeGreaterThan(40);
});

describe('a planted defect is found, and nothing else:', () => {
  test.each(DEFECTS)('$name', async ({ plant, found, says, deployment }) => {
    const undo = await plant(bed);
    try {
      const { findings } = await bed.examine(deployment);
      expect(findings.map(({ level, check, where }) => `${level} ${check}: ${where}`)).toEqual(
        expect.arrayContaining([...found]),
      );
      expect(findings.map(({ what }) => what).join(' | ')).toMatch(says);
      expect(findings.filter(({ level, cure }) => level !== 'unknown' && cure === '')).toEqual([]);
      if (deployment === undefined) expect(findings).toHaveLength(found.length);
    } finally {
      await undo();
    }
  });

  test('and all of them were taken away again', async () => {
    expect((await bed.examine()).findings).toEqual([]);
  });
});

test.each([
  ['denied', /^Allow /],
  ['throttled', /in a minute/],
  ['5xx', /Run `check`/],
] as const)('a Region whose services are %s is unknown, never a defect', async (effect, cure) => {
  const end = bed.services.gateway('us-west-2').fault(effect);
  try {
    const { findings } = await bed.examine();
    expect(findings.length).toBeGreaterThan(10);
    expect(findings.filter(({ level }) => level !== 'unknown')).toEqual([]);
    expect(findings.filter((finding) => !cure.test(finding.cure))).toEqual([]);
  } finally {
    end();
  }
});
