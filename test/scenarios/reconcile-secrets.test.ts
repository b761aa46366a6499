import { describe, expect, test } from '@jest/globals';
import type { Deployment } from '../../action/src/domain/deployment.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { PATH, ReconcileStory, withMwaa } from './reconcile-story.ts';
import { drift } from '../../action/src/operations/drift.ts';

const SECRET = 'SuperHiddenPw99';
const ADDRESS = `db+postgresql://u:${SECRET}@h/db`;

const withOption = (story: ReconcileStory, name: string, value: string) =>
  withMwaa({ airflowConfigurationOptions: { ...story.file.mwaa.airflowConfigurationOptions, [name]: value } });

/** Everything that anybody could read of it. */
async function saidBy(story: ReconcileStory, run: () => Promise<unknown>, lines: readonly string[]): Promise<string> {
  const error = await run().then(
    () => undefined,
    (thrown: unknown) => thrown as { code: string; message: string; fix: string; state?: string },
  );
  const { plan } = await story.plan();
  const found = await drift(story.process(), { path: PATH, deployment: story.file });
  expect(error?.code).toBe('MDR-UPDATE-FAILED');
  const of = { code: error?.code, message: error?.message, fix: error?.fix, state: error?.state };
  return JSON.stringify([of, lines, plan, found, story.record(WEST)]);
}

const failWith = (story: ReconcileStory, message: string): void => {
  story.universe.controlPlane(WEST).failNextUpdate(story.nameIn(WEST), { code: 'INCORRECT_CONFIGURATION', message });
};

const withoutOptions = ({ mwaa, ...file }: Deployment): Deployment => {
  const bare = <T extends Deployment['mwaa']>({ airflowConfigurationOptions: _, ...rest }: T) => rest;
  const [first, second] = file.sites;
  return {
    ...file,
    mwaa: bare(mwaa),
    sites: [
      { ...first, mwaa: bare(first.mwaa) },
      { ...second, mwaa: bare(second.mwaa) },
    ],
  };
};

describe('What MWAA says of an update that it gave up', () => {
  test('does not reach the reader where Git sent what may be a secret: only its code does', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(withOption(story, 'celery.result_backend', ADDRESS));
    failWith(story, `invalid value ${ADDRESS} for celery.result_backend: ${SECRET} was refused`);
    const process = story.process();
    const said = await saidBy(story, () => story.reconcile(reviewed, process), process.lines);
    expect(said).not.toContain(SECRET);
    expect(said).toContain('INCORRECT_CONFIGURATION (its words may quote a secret');
    expect(said).toContain(`aws mwaa get-environment --name ${story.nameIn(WEST)} --region ${WEST}`);
  });

  test('does not reach the reader where it quotes only a part of a value', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(withOption(story, 'shop.backend', `{"keys": ["${SECRET}"]}`));
    failWith(story, `shop backend: key ${SECRET} is not valid`);
    const process = story.process();
    const said = await saidBy(story, () => story.reconcile(reviewed, process), process.lines);
    expect(said).not.toContain(SECRET);
  });

  test('does not reach the reader where only the active site has what may be a secret', async () => {
    const story = await ReconcileStory.running(withoutOptions);
    story.edit(EAST, { AirflowConfigurationOptions: { 'smtp.smtp_password': SECRET } });
    failWith(story, `cannot use ${SECRET} for smtp.smtp_password`);
    const { plan, fingerprints } = await story.plan();
    const process = story.process();
    const reviewed = { digest: plan.digest, fingerprints, pullRequest: 7 };
    const said = await saidBy(story, () => story.reconcile(reviewed, process), process.lines);
    expect(said).not.toContain(SECRET);
    expect(said).toContain('INCORRECT_CONFIGURATION (its words may quote a secret');
  });

  test('is left out where nobody knows any more what was sent, but for its code', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(withOption(story, 'celery.result_backend', ADDRESS));
    failWith(story, `invalid value ${ADDRESS}`);
    const killed = story.process({
      mishap: ({ operation }) => (operation === 'UpdateEnvironment' ? 'kill after' : undefined),
    });
    await expect(story.reconcile(reviewed, killed)).rejects.toThrow();
    await story.minutes(60);
    // The next commit has another value, and MWAA has gone back to the old one.
    const next = await story.review(withOption(story, 'celery.result_backend', 'db+postgresql://another'));
    const process = story.process();
    expect(await story.reconcile(next, process)).toMatchObject({ outcome: 'applied' });
    const said = process.lines.join('\n');
    expect(said).not.toContain(SECRET);
    expect(said).toContain('INCORRECT_CONFIGURATION (its words may quote a secret');
  });
});
