import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dagsDigest } from '../../action/src/domain/bundle.ts';
import { sha256 } from '../../action/src/domain/envelope.ts';
import { AwsFault } from '../../action/src/domain/faults.ts';
import { ArtifactStory } from '../doubles/artifact-story.ts';
import { Killed } from '../doubles/process.ts';

type Mishap = 'kill before' | 'kill after' | 'lose reply';
type Event =
  | { readonly kind: 'commit'; readonly path: string; readonly text: string | undefined }
  | { readonly kind: 'apply'; readonly mishap: Mishap | undefined; readonly at: number }
  | { readonly kind: 'somebody writes'; readonly site: 0 | 1; readonly path: string | undefined }
  | { readonly kind: 'replication'; readonly site: 0 | 1; readonly on: boolean }
  | { readonly kind: 'move' }
  | { readonly kind: 'time'; readonly seconds: number };

const site = fc.constantFrom(0 as const, 1 as const);
const path = fc.constantFrom('dags/a.py', 'dags/b.py', 'dags/c/d.py', 'dags/c/.airflowignore');
const text = fc.constantFrom('1', '2', 'three');

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('commit' as const), path, text: fc.option(text, { nil: undefined }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('commit' as const), path: fc.constant('requirements.txt'), text }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('apply' as const),
      mishap: fc.option(fc.constantFrom<Mishap>('kill before', 'kill after', 'lose reply'), { nil: undefined }),
      at: fc.integer({ min: 1, max: 70 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('somebody writes' as const),
      site,
      path: fc.option(path, { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replication' as const), site, on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'move' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), seconds: fc.integer({ min: 1, max: 10 }) }) },
);

/** Files that are not ours, by path below the DAGs folder, and where they were put. */
type Theirs = Map<string, 0 | 1>;

/** Whether the last manifest names the file. */
function isDeployed(story: ArtifactStory, name: string): boolean {
  const manifests = [story.manifest(0), story.manifest(1)] as ({ at: string; files: { path: string }[] } | undefined)[];
  const [last] = manifests.flatMap((manifest) => manifest ?? []).toSorted((a, b) => (a.at < b.at ? 1 : -1));
  return last?.files.some((file) => file.path === name) ?? false;
}

async function happen(story: ArtifactStory, theirs: Theirs, what: Event): Promise<void> {
  if (what.kind === 'commit') {
    if (what.text === undefined) story.repository.files.delete(what.path);
    else story.repository.files.set(what.path, what.text);
  } else if (what.kind === 'apply') {
    const process = story.process({ mishap: ({ number }) => (number === what.at ? what.mishap : undefined) });
    await story.apply(process).catch((error: unknown) => {
      if (!(error instanceof Killed) && !(error instanceof AwsFault)) throw error;
    });
  } else if (what.kind === 'somebody writes') {
    const name = what.path?.slice('dags/'.length) ?? `theirs-${theirs.size}.py`;
    if (what.path === undefined) theirs.set(name, what.site);
    // A file of a complete deployment that somebody changes stays ours; one that we have only announced does not.
    else if (!(name in story.dags(what.site)) || !isDeployed(story, name)) return;
    story.putByHand(what.site, name, 'by hand');
  } else if (what.kind === 'replication') {
    const rules = what.on ? [{ prefix: '', to: story.bucket(what.site === 0 ? 1 : 0) }] : [];
    story.s3(what.site).setReplication(story.bucket(what.site), rules);
  } else if (what.kind === 'move') story.active = story.active === 0 ? 1 : 0;
  else await story.seconds(what.seconds);
}

test('whatever happens, both buckets end with what the repository holds and with what is not ours', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 5, maxLength: 30, size: 'max' }),
      fc.constantFrom('md5', 'opaque'),
      async (events, etags) => {
        const artifacts = { dags: 'dags', requirements: 'requirements.txt', replicationSeconds: 6 };
        const story = new ArtifactStory({ 'dags/kept.py': 'kept', 'requirements.txt': '1' }, { artifacts });
        for (const index of [0, 1] as const) story.s3(index).etags = etags;
        const theirs: Theirs = new Map();
        for (const what of events) await happen(story, theirs, what);
        await story.seconds(30);
        await story.apply();
        await story.seconds(30);

        const files = [...story.repository.files].filter(([name]) => name.startsWith('dags/'));
        const wanted = files.map(([name, content]) => [name.slice('dags/'.length), content] as const);
        const digest = dagsDigest(wanted.map(([name, content]) => ({ path: name, sha256: sha256(content) })));
        for (const index of [0, 1] as const) {
          const there = story.dags(index);
          const ours = Object.entries(there).filter(([name]) => !theirs.has(name));
          expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(wanted));
          for (const [name, where] of theirs) if (where === index) expect(there[name]).toBe('by hand');
          expect(story.pinned(index)['requirements.txt']).toBe(story.repository.files.get('requirements.txt'));
          expect(story.manifest(index)).toMatchObject({ dags: digest, pending: [] });
        }
        const { after, before } = await story.plan();
        expect([before, after]).toEqual([
          [[], []],
          [[], []],
        ]);
      },
    ),
    { numRuns: 100 },
  );
});
