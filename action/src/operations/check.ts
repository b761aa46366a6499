import type { Deployment } from '../domain/deployment.ts';
import { unfenced, untold } from '../domain/debt-findings.ts';
import { environmentContext, environmentCopy } from '../domain/environment-copy.ts';
import type { Inputs } from '../domain/inputs.ts';
import { snapshotAge } from '../domain/loss.ts';
import { readSnapshotId } from '../domain/manifest.ts';
import type { Move } from '../domain/control-record.ts';
import { permissionOf } from '../domain/move-permission.ts';
import { keyAliasArn, keys } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import type { CheckResult, Finding, GradedDebt, SnapshotAge } from '../domain/results.ts';
import { iso, toStored } from '../domain/stored-json.ts';
import { withdrawAbandoned } from './abandoned.ts';
import { loadedOf, timeOf } from './control.ts';
import { payDebts } from './debts.ts';
import type { Settlement } from './debts.ts';
import { healRecords } from './heal-records.ts';
import type { Healed } from './heal-records.ts';
import type { Observed } from './observe.ts';
import { settle } from './settle.ts';
import { bothSides, probe } from './sides.ts';
import type { Side } from './sides.ts';
import { reachOf, readStanding } from './standing.ts';
import type { Known } from './standing.ts';

/**
 * Says how the active site is, and why. With `wait` it goes on reading, one reading a period, until the verdict is
 * clear or the time is up. Pays what moves owe, after each reading, since a side that is not stopped works on while
 * others are taken. Keeps a copy of healthy environments.
 */
export async function check(world: World, deployment: Deployment, inputs: Inputs<'check'>): Promise<CheckResult> {
  let done: Done = NOTHING_DONE;
  const settled = await settle(world, deployment, inputs, async () => {
    done = await doWhatIsDue(world, deployment, done);
  });
  const known = await readStanding(world, deployment);
  const { withdrawn, debts, healed } = await doWhatIsDue(world, deployment, done, known);
  // What was read before a record was healed, and the command that it asks for, is not what is there now.
  const again =
    healed.notes.length > done.healed.notes.length
      ? await settle(world, deployment, { ...inputs, wait: 0 })
      : undefined;
  const { observed } = again ?? settled;
  const { verdict, record } = observed;
  const warnings = [...observed.warnings];
  const saved = verdict.key === 'HEALTHY' ? await saveEnvironments(world, deployment, warnings) : [];
  return {
    operation: 'check',
    deployment: deployment.deployment,
    at: iso(world.clock.now()),
    active: observed.active.region,
    standby: observed.standby.region,
    epoch: record?.epoch,
    verdict,
    permission: { manual: permissionOf(verdict.key, 'manual'), automatic: permissionOf(verdict.key, 'automatic') },
    readings: settled.readings,
    isStillUnknown: observed.isStillUnknown,
    snapshot: ageOfId(observed.snapshot, timeOf(world, known.controls).at),
    findings: [...observed.findings, ...stillAtWork(deployment, known, debts.owed, observed), ...healed.findings],
    notes: [...observed.notes, ...healed.notes],
    withdrawn,
    debts,
    savedEnvironments: saved,
    warnings,
  };
}

interface Done {
  readonly withdrawn: readonly Move[];
  readonly debts: Settlement;
  readonly healed: Healed;
}

const NOTHING_DONE: Done = { withdrawn: [], debts: { paid: [], owed: [] }, healed: { notes: [], findings: [] } };

/** Takes out what is abandoned, pays what is owed, heals what is lost. `before`: what this run has done already. */
async function doWhatIsDue(world: World, deployment: Deployment, before: Done, read?: Known): Promise<Done> {
  const known = read ?? (await readStanding(world, deployment));
  const withdrawn = await withdrawAbandoned(world, deployment, known);
  const owes = loadedOf(known.controls).some(({ record }) => record.debts.length > 0);
  const debts = owes
    ? await world.log.group('Pay what moves owe', () => payDebts(world, deployment, known))
    : { paid: [], owed: [] };
  const healed = await healRecords(world, deployment, known);
  return {
    withdrawn: [...before.withdrawn, ...withdrawn],
    debts: { paid: [...before.debts.paid, ...debts.paid], owed: debts.owed },
    healed: { notes: [...before.healed.notes, ...healed.notes], findings: healed.findings },
  };
}

/** Once the debts were paid as far as that could be done. */
function stillAtWork(
  deployment: Deployment,
  { controls, standing }: Known,
  owed: readonly GradedDebt[],
  { standbyAnswers, isStandbyGone, findings }: Observed,
): readonly Finding[] {
  if (standing === undefined) return [];
  const facts = { deployment, standing, reach: reachOf(controls) };
  const isSaid = isStandbyGone || findings.some(({ name }) => name === 'two-active');
  return [...(isSaid ? [] : unfenced(facts, owed, standbyAnswers)), ...untold(facts, owed, standbyAnswers)];
}

function ageOfId(id: string | undefined, now: number): SnapshotAge | undefined {
  const taken = id === undefined ? undefined : readSnapshotId(id);
  if (id === undefined || taken === undefined) return undefined;
  return snapshotAge(id, iso(taken.at), now);
}

async function saveEnvironments(world: World, deployment: Deployment, warnings: string[]): Promise<readonly string[]> {
  const saved: string[] = [];
  for (const side of bothSides(world, deployment)) {
    const done = await probe(() => saveEnvironment(world, deployment, side));
    if ('fault' in done) warnings.push(`the environment of ${side.region} was not saved: ${done.detail}`);
    else if (done.answer) saved.push(side.region);
  }
  return saved;
}

async function saveEnvironment(world: World, deployment: Deployment, side: Side): Promise<boolean> {
  const environment = await side.ports.environments.describe(side.site.environment);
  if (environment === undefined) return false;
  const context = environmentContext(deployment.deployment, side.region);
  const own = keyAliasArn(deployment, side.site);
  const dataKey = await side.ports.keys.generateDataKey(own, context);
  const sides = bothSides(world, deployment);
  const wraps = await Promise.all(
    sides.map(async ({ region, site, ports }) => {
      const keyArn = keyAliasArn(deployment, site);
      const ciphertext =
        region === side.region ? dataKey.ciphertext : await ports.keys.encrypt(keyArn, dataKey.plaintext, context);
      return { region, keyArn, ciphertext: Buffer.from(ciphertext).toString('base64') };
    }),
  );
  const copy = environmentCopy({
    deployment: deployment.deployment,
    site: side.region,
    savedAt: world.clock.now(),
    raw: environment.raw,
    dataKey: dataKey.plaintext,
    wraps,
    nonce: Buffer.from(world.random.hex(12), 'hex'),
  });
  const key = keys.environment(deployment.deployment, side.region);
  for (const { bucket, ports } of sides) await ports.objects.put(bucket, key, toStored(copy), 'any');
  return true;
}
