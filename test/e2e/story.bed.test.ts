import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Story, tellStory } from '../support/story.ts';

/** The whole line on real Airflow, by the bundle. `MWAADR_AIRFLOW=3.3.1` plays it on the other generation. */
const airflow = process.env['MWAADR_AIRFLOW'] === '3.3.1' ? '3.3.1' : '2.10.3';

describe(`a Region is lost, the workflows go on (Airflow ${airflow})`, () => {
  let story: Story;

  beforeAll(async () => {
    story = await tellStory({ airflow, log: (line) => process.stderr.write(`${line}\n`) });
  }, 600_000);

  afterAll(async () => {
    await story.sandbox.stop();
  }, 60_000);

  it('keeps every promise of the move and of the return', () => {
    expect(story.claims.length).toBeGreaterThanOrEqual(14);
    expect(story.claims.filter(({ ok }) => !ok)).toEqual([]);
  });
});
