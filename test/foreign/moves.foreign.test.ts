/**
 * Airflow's own example DAGs, a task in each state that it knows, and more than 150 DAGs in a site, through a lost Region
 * and a forced move back. Nothing that is believed here comes from the product: copies of all tables are compared row by
 * row, a listener keeps a ledger outside both sites, REST and UI are crawled. `npm run test:foreign`.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AirflowVersion } from '../sandbox/types.ts';
import { ForeignBed } from './bed.ts';
import { blindSpots } from './compare.ts';
import { lost, type Move, repeated, succeededTwice } from './ledger.ts';
import { type Evidence, play, WEST } from './story.ts';
import { statesOf } from './work.ts';

const VERSION = (process.env['MWAADR_AIRFLOW'] ?? '2.10.3') as AirflowVersion;
const MINUTES = 60_000;
const PAGE = 100;
const isThree = VERSION.startsWith('3.');

describe(`DAGs that know nothing of us, Airflow ${VERSION}`, () => {
  let bed: ForeignBed;
  let seen: Evidence;
  let moves: readonly [Move, Move];

  beforeAll(async () => {
    bed = await ForeignBed.start(VERSION, (line) => process.stderr.write(`${line}\n`));
    seen = await play(bed);
    moves = [
      { ...seen.there, until: seen.back.committedAt },
      { ...seen.back, until: Infinity },
    ];
  }, 30 * MINUTES);

  afterAll(async () => {
    await bed.stop();
  }, MINUTES);

  it('are at work in every state that the version has, at both snapshots', () => {
    for (const { counts } of [seen.there, seen.back])
      expect(Object.keys(statesOf(bed)).filter((state) => (counts[state] ?? 0) === 0)).toEqual([]);
  });

  it('fill more than a page before ours, and leave ours on the first one', () => {
    expect(seen.dags).toBeGreaterThanOrEqual(150);
    expect(seen.before[0]).toBeLessThanOrEqual(PAGE - 5);
    expect(seen.before[1]).toBeGreaterThan(PAGE);
  });

  it.each(['there', 'back'] as const)('are as they were, row by row, but for what is documented (%s)', (way) => {
    const { rows, differences } = seen[way].comparison;
    expect(rows).toBeGreaterThan(500);
    expect(differences).toEqual([]);
  });

  it.each(['there', 'back'] as const)(
    'are compared in all that is not documented: what is planted is found (%s)',
    (way) => {
      const { source, target, comparison } = seen[way];
      expect(blindSpots(source, target, comparison)).toEqual([]);
    },
  );

  it('repeat nothing that was finished, outside the loss window', () => {
    expect(seen.ledger.filter(({ event }) => event === 'success').length).toBeGreaterThan(200);
    expect(repeated(seen.ledger, moves)).toEqual([]);
    expect(succeededTwice(seen.ledger, moves)).toEqual([]);
  });

  it('lose no task: what was in flight ends, once', () => {
    for (const [index, { tasks, runs, unfinished }] of [seen.there, seen.back].entries()) {
      expect(unfinished).toEqual([]);
      expect(lost(seen.ledger, moves[index] as Move, tasks, runs)).toEqual([]);
    }
  });

  it('are shown by REST and UI without an error that the source did not have', () => {
    for (const { crawled, errors } of [seen.there, seen.back]) {
      expect(crawled).toBeGreaterThan(1000);
      expect(errors).toEqual([]);
    }
  });

  it('Wl1: leave ours at work after the fence, wherever they stand in the list', () => {
    expect(seen.afterDebt.paused).toEqual([]);
    expect(seen.afterDebt.beats).toBeGreaterThanOrEqual(3);
  });

  it('Wl2: get a new task in the run that was in flight', () => {
    expect(ends(seen.there, 'state_changed', 'one')).toEqual({
      gate: 'success',
      only_in_the_new_file: 'success',
      then: 'success',
    });
  });

  it('Wl3: have no task instance that REST cannot answer', () => {
    for (const { errors } of [seen.there, seen.back])
      expect(errors.filter((error) => error.includes('/taskInstances'))).toEqual([]);
  });

  it('Wl4: keep the event of a trigger, and the answer of a human', () => {
    for (const [{ to, takenAt }, run] of [
      [seen.there, 'one'],
      [seen.back, 'two'],
    ] as const) {
      const again = seen.submitted.filter((line) => line.run === run && line.site === to && line.at > takenAt);
      expect(again).toEqual([]);
      expect(ends(to === WEST ? seen.there : seen.back, 'state_answered', run)).toEqual({ job: 'success' });
      if (isThree) expect(seen.asked[run]).toEqual(['yes']);
    }
  });

  it('Wl5: keep beats and results small', () => {
    // Two lists of a hundred names each.
    expect(seen.largest.beat).toBeLessThan(32 * 1024);
    expect(seen.largest.result).toBeLessThan(512 * 1024);
    expect(seen.fenceNames).toBeLessThanOrEqual(100);
  });

  it('Wl6: come up late as they were, with their runs', () => {
    expect(seen.there.report.missingDags).toEqual(expect.arrayContaining(['late_paused', 'late_working']));
    expect(seen.late).toEqual({ late_paused: true, late_working: false });
  });

  it('Wl7: have their loss counted to the fence', () => {
    const { takenAt, outputs, lastBegun } = seen.back;
    // What has begun before the fence may end behind it, until its process is killed.
    expect(lastBegun).toBeGreaterThan(takenAt);
    const counted = Number(outputs['rpo-seconds']);
    expect(counted).toBeGreaterThanOrEqual(lastBegun - takenAt);
    expect(counted).toBeLessThanOrEqual(Math.ceil(seen.back.committedAt - takenAt));
  });

  if (isThree)
    it('Wl8: are named when they wait for a human', () => {
      for (const { report } of [seen.there, seen.back])
        expect(report.continued).toContainEqual(
          expect.objectContaining({ dagId: 'state_asked', taskId: 'ask', was: 'awaiting_input' }),
        );
    });
});

/** Task → how it ended. */
function ends({ tasks }: Evidence['there'], dag: string, run: string): Record<string, unknown> {
  const mine = tasks.filter((row) => row['dag_id'] === dag && row['run_id'] === run);
  return Object.fromEntries(mine.map((row) => [String(row['task_id']), row['state']]));
}
