import { describe, expect, test } from '@jest/globals';
import type { ErrorCode } from '../../action/src/domain/errors.ts';
import { keys } from '../../action/src/domain/names.ts';
import { EXAMPLE_DEPLOYMENT, Universe } from '../doubles/universe.ts';
import { EAST, FAILOVER, Story, WEST } from '../doubles/story.ts';

type Trouble = (story: Story) => void;

/** Key of an object of the newest snapshot at the standby. */
function newest(story: Story, path: string): string {
  const listed = story.universe.s3(WEST).list(story.universe.bucket(WEST), keys.snapshots('example'));
  return listed.map(({ key }) => key).findLast((key) => key.endsWith(path)) ?? '';
}

const spoil =
  (path: string, change: (text: string) => string | undefined): Trouble =>
  (story) => {
    const s3 = story.universe.s3(WEST);
    const bucket = story.universe.bucket(WEST);
    const key = newest(story, path);
    const text = Buffer.from(s3.get(bucket, key)?.body ?? []).toString('latin1');
    const changed = change(text);
    if (changed === undefined) s3.delete(bucket, key);
    else s3.putByHand(bucket, key, Buffer.from(changed, 'latin1'));
  };

const west =
  (change: (airflow: ReturnType<Universe['airflow']>) => void): Trouble =>
  (story) => {
    change(story.universe.airflow(WEST));
  };

const TROUBLES: readonly (readonly [string, ErrorCode, string, Trouble])[] = [
  [
    'a part is missing in every snapshot',
    'MDR-SNAPSHOT-PART',
    'dag_run/live-0001 is missing',
    (story) => {
      while (newest(story, 'live-0001') !== '') spoil('live-0001', () => undefined)(story);
    },
  ],
  [
    'a bit of a part is wrong',
    'MDR-SNAPSHOT-PART',
    'inert-0001',
    spoil('inert-0001', (text) => `${text.slice(0, -1)}x`),
  ],
  ['the manifest is cut off', 'MDR-SNAPSHOT-MANIFEST', 'no JSON', spoil('manifest.json', (text) => text.slice(0, -5))],
  [
    'the manifest is forged',
    'MDR-SNAPSHOT-MANIFEST',
    'MAC',
    spoil('manifest.json', (text) => text.replace('"rows":', '"rowz":1,"rows":')),
  ],
  [
    'the data key does not unwrap',
    'MDR-SNAPSHOT-KEY',
    'InvalidCiphertext',
    spoil('manifest.json', (text) =>
      text
        .replace('"ciphertext":"ey', '"ciphertext":"ez')
        .replace(
          /("us-west-2","keyArn":"[^"]*","ciphertext":")[^"]*/,
          `$1${Buffer.from('{"keyArn":"x"}').toString('base64')}`,
        ),
    ),
  ],
  [
    'KMS of the target denies',
    'MDR-SNAPSHOT-KEY',
    'AccessDenied',
    (story) => {
      story.universe.fault({ service: 'kms', quality: 'denied', region: WEST });
    },
  ],
  [
    'the target is being updated',
    'MDR-TARGET-UNREADY',
    'UPDATING',
    west((airflow) => {
      airflow.status = 'UPDATING';
    }),
  ],
  [
    'the target has another Airflow',
    'MDR-AIRFLOW-VERSION',
    '3.3.1',
    west((airflow) => {
      airflow.version = '3.3.1';
    }),
  ],
  [
    'the target has parsed none of the DAGs',
    'MDR-TARGET-UNREADY',
    'not parsed any of invoices, orders, report',
    west((airflow) => {
      airflow.dags.clear();
    }),
  ],
  [
    'the target has no DR DAGs',
    'MDR-TARGET-UNREADY',
    'mwaadr_restore',
    west((airflow) => {
      airflow.installed = false;
    }),
  ],
];

async function onTheBadDay(trouble: Trouble): Promise<Story> {
  const story = await Story.ofARunningDeployment();
  story.universe.lose(EAST);
  await story.check({ wait: '1800' });
  trouble(story);
  return story;
}

describe('A failover refuses before anything is touched', () => {
  test.each(TROUBLES)('when %s: %s', async (_, code, told, trouble) => {
    const story = await onTheBadDay(trouble);
    const before = story.everythingIn(WEST, 'control/');
    const error = await story.refusal('failover', FAILOVER);
    expect(error.code).toBe(code);
    expect(error.message).toContain(told);
    expect(story.everythingIn(WEST, 'control/')).toBe(before);
    expect(story.universe.airflow(WEST)).toMatchObject({ role: 'standby', epoch: 0 });
  });

  test.each([
    [{ ...FAILOVER, confirm: 'exmaple' }, 'MDR-INPUT-CONFIRM'],
    [{ ...FAILOVER, target: 'us-west-1' }, 'MDR-INPUT-INVALID'],
    [{ ...FAILOVER, reason: ' ' }, 'MDR-INPUT-INVALID'],
    [{ target: WEST, confirm: 'example' }, 'MDR-INPUT-MISSING'],
    [{ ...FAILOVER, target: EAST }, 'MDR-MOVE-SAME-SITE'],
    [FAILOVER, 'MDR-MOVE-HEALTHY'],
  ] as const)('with %j of a healthy site: %s', async (inputs, code) => {
    const story = await Story.ofARunningDeployment();
    const before = story.everythingIn(WEST, 'control/');
    const refusal = async () => story.refusal('failover', inputs);
    expect(await refusal().catch((error: unknown) => error)).toMatchObject({ code });
    expect(story.everythingIn(WEST, 'control/')).toBe(before);
  });

  test('when the verdict is UNKNOWN, unless it is forced to', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    await story.minutes(7);
    expect(await story.refusal('failover', FAILOVER)).toMatchObject({ code: 'MDR-MOVE-VERDICT' });
    expect(await story.failover({ ...FAILOVER, override: 'force' })).toMatchObject({ epoch: 1, overridden: true });
  });

  test('when nothing was ever installed', async () => {
    const story = new Story();
    expect(await story.refusal('failover', FAILOVER)).toMatchObject({ code: 'MDR-NOT-INSTALLED' });
    expect(await story.refusal('check', {})).toMatchObject({ code: 'MDR-NOT-INSTALLED' });
  });
});

describe('A failover that fails at the target', () => {
  test.each([
    ['mwaadr_restore', { ok: false, outcome: 'failed', message: 'disk full' }, 'MDR-RESTORE-FAILED', null],
    ['mwaadr_restore', { ok: false, outcome: 'refused', code: 'MDR-TARGET-LIVE' }, 'MDR-TARGET-LIVE', null],
    ['mwaadr_restore', 'lost', 'MDR-DR-RUN-LOST', null],
    ['mwaadr_activate', { ok: false, outcome: 'failed', message: 'x' }, 'MDR-ACTIVATE-FAILED', 'fenced'],
    ['mwaadr_activate', 'lost', 'MDR-DR-RUN-LOST', 'fenced'],
  ] as const)('in %s with %j says so, and the next run brings it to its end', async (dag, spoiled, code, step) => {
    const story = await onTheBadDay(() => undefined);
    story.universe.airflow(WEST).spoiled.set(dag, spoiled);
    expect(await story.refusal('failover', FAILOVER)).toMatchObject({ code });
    expect(story.control(WEST).move?.step ?? null).toBe(step);
    story.universe.airflow(WEST).spoiled.clear();
    expect(await story.failover()).toMatchObject({ epoch: 1, to: WEST, resumed: step !== null });
  });

  test('with another target while it is under way is told to finish it first', async () => {
    const story = await onTheBadDay(() => undefined);
    story.universe.airflow(WEST).spoiled.set('mwaadr_activate', 'lost');
    await story.refusal('failover', FAILOVER);
    story.universe.bringBack(EAST);
    await story.minutes(3);
    const other = await story.refusal('failover', { ...FAILOVER, target: EAST, override: 'force' });
    expect(other.code).toBe('MDR-MOVE-OTHER');
  });
});

test('the example is the deployment of all these stories', () => {
  expect(EXAMPLE_DEPLOYMENT.deployment).toBe(FAILOVER.confirm);
});
