import { wantsEnvironment } from './doctor-facts.ts';
import type { DoctorFacts, InstalledFile, SiteFacts } from './doctor-facts.ts';
import { answerOf, doubtful, failing, look, outcome } from './doctor-outcome.ts';
import type { Outcome, Remark } from './doctor-outcome.ts';
import type { StoredBeat } from './heartbeat.ts';
import { readSnapshotId } from './manifest.ts';
import { staleAfter } from './reading.ts';
import { inWords } from './stored-json.ts';

const GET = 's3:GetObject';
const INSTALL = 'Run `install`.';
const DAGS_JSON = 'deployment.json';

/** What `install` leaves at a site, and what its DAGs do there. */
export function installedChecks(facts: DoctorFacts, site: SiteFacts): readonly Outcome[] {
  const { region } = site.site;
  const control = look('control-record', `${region}, ${site.drBucket.name}`, GET, site.control, (record) =>
    record === undefined
      ? failing('there is no control record: disaster recovery is not installed here', INSTALL)
      : undefined,
  );
  const where = `${region}, ${site.site.dagsBucket}`;
  return [
    control,
    look('dr-dags', where, `${GET} and s3:ListBucket`, site.files, (files) => changed(ofDags(files))),
    look('deployment-json', where, GET, site.files, (files) => outdated(files)),
    ...beatChecks(facts, site),
  ];
}

const ofDags = (files: readonly InstalledFile[]) => files.filter(({ path }) => path !== DAGS_JSON);

const SHOWN = 5;

function changed(files: readonly InstalledFile[]): Remark | undefined {
  const of = (state: InstalledFile['state']) => files.filter((file) => file.state === state).map(({ path }) => path);
  const [missing, different] = [of('missing'), of('different')];
  if (missing.length === files.length) return failing('the DR DAGs are not there', INSTALL);
  if (missing.length > 0) return failing(`files of the DR DAGs are missing: ${some(missing)}`, INSTALL);
  if (different.length === 0) return undefined;
  return doubtful(`files of the DR DAGs are not those of this release: ${some(different)}`, INSTALL);
}

const some = (paths: readonly string[]): string =>
  `${paths.slice(0, SHOWN).join(', ')}${paths.length > SHOWN ? ` and ${paths.length - SHOWN} more` : ''}`;

function outdated(files: readonly InstalledFile[]): Remark | undefined {
  const file = files.find(({ path }) => path === DAGS_JSON);
  if (file?.state === 'missing') return failing('deployment.json is missing: no DR DAG can be parsed', INSTALL);
  if (file?.state !== 'different') return undefined;
  return failing('deployment.json is not what the deployment file says: the DR DAGs act for another one', INSTALL);
}

function beatChecks(facts: DoctorFacts, site: SiteFacts): readonly Outcome[] {
  if (!wantsEnvironment(facts.deployment, site)) return [];
  const where = `${site.site.region}, ${site.site.environment}`;
  const stale = staleAfter(facts.deployment);
  const beat = answerOf(site.beat);
  return [
    look('heartbeat', where, GET, site.beat, (last) => silent(last, stale, site.isActive)),
    ...(site.isActive || beat === undefined ? [] : [outcome('hold', where, free(beat))]),
    ...(beat === undefined ? [] : [outcome('database-owner', where, foreign(beat))]),
  ];
}

/** Without the canary of the standby a failover refuses; that of the active site is looked at by `check`. */
function silent(beat: StoredBeat | undefined, stale: number, isActive: boolean): Remark | undefined {
  const level = isActive ? doubtful : failing;
  const cure = 'Look at mwaadr_canary in its Airflow: is it parsed, unpaused, and do its runs end well?';
  if (beat === undefined) return level('its canary has never beaten', `${INSTALL} ${cure}`);
  const age = beat.ageMilliseconds;
  return age > stale ? level(`its canary is silent for ${inWords(age)}`, cure) : undefined;
}

function free({ hold }: StoredBeat): Remark | undefined {
  const cure = 'Look at the log of mwaadr_canary there: each beat tries to put the hold in place.';
  if (!hold.installed) return failing('its hold is not installed: its user DAGs may run', cure);
  if (!hold.held) return failing('it is not held: its user DAGs may run', cure);
  if (hold.liveUserRuns === 0) return undefined;
  return doubtful(
    `${hold.liveUserRuns} run(s) of user DAGs are live on the held standby`,
    'Let them end, or end them.',
  );
}

function foreign({ hold }: StoredBeat): Remark | undefined {
  if (hold.foreign === undefined || hold.foreign.length === 0) return undefined;
  return doubtful(
    `the role that its tasks sign in as keeps ${some(hold.foreign)}`,
    'Both roles work with it. Let that role be a member of the owner of `dag`: the next beat gives it away.',
  );
}

/** What could be restored now, and what moves still owe. */
export function protectionChecks({ deployment, record, sites, roles, snapshot, now }: DoctorFacts): readonly Outcome[] {
  const { site } = sites[roles.standby];
  const { rpoSeconds } = deployment.objectives;
  const owed = (record?.debts ?? []).map(({ kind, site: of, since }) => `${kind} of ${of} since ${since}`);
  const debts =
    owed.length === 0 ? undefined : doubtful(`still owed: ${owed.join(', ')}`, 'Run `check`, which tries to pay.');
  return [
    ...(record === undefined ? [] : [outcome('open-debts', deployment.deployment, debts)]),
    ...(snapshot === undefined
      ? []
      : [look('snapshot', site.region, `${GET} and s3:ListBucket`, snapshot, (id) => old(id, now, rpoSeconds))]),
  ];
}

function old(id: string | undefined, now: number, rpoSeconds: number): Remark | undefined {
  const cure = 'Run `snapshot`, and look whether mwaadr_snapshot runs at the active site and S3 replicates.';
  const taken = id === undefined ? undefined : readSnapshotId(id);
  if (taken === undefined) return failing('UNPROTECTED: no snapshot of the current lineage is at the standby', cure);
  const age = now - taken.at;
  if (age <= rpoSeconds * 1000) return undefined;
  return doubtful(`the newest snapshot is ${inWords(age)} old, the objective is ${inWords(rpoSeconds * 1000)}`, cure);
}
