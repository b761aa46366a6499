import { createHash } from 'node:crypto';
import type { ErrorCode } from '../../action/src/domain/errors.ts';
import type { Unreadable } from '../../action/src/domain/faults.ts';
import { parseManifest } from '../../action/src/domain/manifest.ts';
import type { Manifest } from '../../action/src/domain/manifest.ts';
import { keyAliasArn, keys } from '../../action/src/domain/names.ts';
import type { ModelDatabase } from './model-database.ts';
import { believed, siteOf } from './model-records.ts';
import { inSteps } from './model-site.ts';
import type { ModelSite, Step } from './model-site.ts';
import { lastRunIdOf, readLayer } from './model-snapshot.ts';
import type { ModelRun } from './model-snapshot.ts';

/** `conf` of a restore or an activation. */
export interface DrConf {
  readonly move: string;
  readonly epoch: number;
  readonly snapshot: string;
  readonly manifestSha256?: string;
  readonly unpause?: readonly string[];
}

/** What a run leaves in its result object. */
export interface DrOutcome {
  readonly ok?: boolean;
  readonly outcome: string;
  readonly [more: string]: unknown;
}

/** What the data path needs of the environment that it runs in. */
export interface DataPathHost {
  readonly site: ModelSite;
  readonly database: ModelDatabase;
  readonly isThere: () => boolean;
  /** Told right after the commit of an activation. */
  readonly activated: (conf: DrConf) => void;
}

export const AWS_CODES: Readonly<Record<Unreadable, ErrorCode>> = {
  dark: 'MDR-AWS-DARK',
  denied: 'MDR-AWS-DENIED',
  throttled: 'MDR-AWS-THROTTLED',
};

const RECORD_CODES = { ...AWS_CODES, missing: 'MDR-NOT-INSTALLED', invalid: 'MDR-CONTROL-INVALID' } as const;

/** The end of a run before its last step; what it had not committed is rolled back. */
class Ended extends Error {
  readonly outcome: DrOutcome;

  constructor(outcome: 'refused' | 'failed', code: ErrorCode, message: string) {
    super(message);
    this.outcome = { ok: false, outcome, code, message };
  }
}

const refused = (code: ErrorCode, message: string): Ended => new Ended('refused', code, message);
const superseded = (message: string): Ended => refused('MDR-MOVE-SUPERSEDED', message);

/**
 * A run of `mwaadr_restore` or `mwaadr_activate`: guards, download, one transaction under the lock of the state row, and
 * its commit. `gone`: the site went away under it, and with it everything that was not committed.
 */
export function runDataPath(
  host: DataPathHost,
  kind: 'restore' | 'activate',
  conf: DrConf,
  done: (end: DrOutcome | 'gone') => void,
): void {
  const { site, database } = host;
  const path = kind === 'restore' ? new Restore(host, conf) : new Activation(host, conf);
  let isOurs = false;
  const steps: readonly Step<DrOutcome>[] = [
    step(1_000, () => path.begin() ?? 'next'),
    step(4_000, () => {
      if (database.rowLocked) return 'again';
      database.rowLocked = isOurs = true;
      path.requireRow();
      return 'next';
    }),
    step(10_000, () => path.commit()),
  ];
  inSteps(site.clock, host.isThere, steps, (end) => {
    if (isOurs) database.rowLocked = false;
    done(end === 'done' ? 'gone' : end);
  });
}

const step = (after: number, act: Step<DrOutcome>['act']): Step<DrOutcome> => ({
  after: () => after,
  act: () => {
    try {
      return act();
    } catch (error) {
      if (error instanceof Ended) return error.outcome;
      throw error;
    }
  },
});

class Restore {
  readonly #inert: () => readonly ModelRun[];
  protected readonly conf: DrConf;
  protected readonly host: DataPathHost;
  protected manifest: Manifest | undefined;
  /** As the manifest says. */
  protected lastRunId = 0;

  constructor(host: DataPathHost, conf: DrConf) {
    this.host = host;
    this.conf = conf;
    this.#inert = () => this.layer('inert');
  }

  /** Everything that can be found out before the transaction: it may have been done before, or be refused. */
  begin(): DrOutcome | undefined {
    const { inert, role } = this.host.database;
    const { snapshot, move, epoch } = this.conf;
    if (role === 'standby' && inert?.snapshot === snapshot && inert.move === move) {
      return { outcome: 'already', snapshot, epoch, move };
    }
    this.manifest = this.openManifest();
    this.requireHeld();
    return undefined;
  }

  /** First statement of the transaction, under the lock of the row. */
  requireRow(): void {
    const { role, epoch } = this.host.database;
    if (role !== 'standby') throw refused('MDR-TARGET-UNREADY', 'this site became active, or lost its state row');
    if (epoch > this.conf.epoch) throw superseded(`this site is at epoch ${epoch}`);
  }

  commit(): DrOutcome {
    const { database } = this.host;
    const { snapshot, move, epoch } = this.conf;
    database.passRunId(this.lastRunId);
    database.runs = [...this.#inert()];
    database.inert = { snapshot, move };
    return { outcome: 'done', snapshot, epoch, move };
  }

  protected requireHeld(): void {
    const { role, epoch, unpaused, runningRuns } = this.host.database;
    if (role === undefined) throw refused('MDR-TARGET-UNREADY', 'the canary has not installed the hold here yet');
    if (epoch > this.conf.epoch) throw superseded(`this site is at epoch ${epoch}, the move at ${this.conf.epoch}`);
    if (role === 'active') throw refused('MDR-TARGET-UNREADY', `this site is still active (epoch ${epoch})`);
    if (unpaused.length > 0) throw refused('MDR-TARGET-UNREADY', `${unpaused.length} user DAGs are not paused here`);
    if (runningRuns.length > 0) throw refused('MDR-TARGET-LIVE', 'tasks of this site still run');
  }

  protected layer(layer: 'inert' | 'live'): readonly ModelRun[] {
    const { site } = this.host;
    const keyArn = keyAliasArn(site.deployment, site.site);
    return readLayer(this.requireManifest(), keyArn, layer, (path) => this.#object(path));
  }

  protected requireManifest(): Manifest {
    this.manifest ??= this.openManifest();
    return this.manifest;
  }

  protected openManifest(): Manifest {
    const { site } = this.host;
    const body = this.#object('manifest.json');
    const hash = createHash('sha256').update(body).digest('hex');
    const { snapshot, manifestSha256 = hash } = this.conf;
    if (hash !== manifestSha256) throw refused('MDR-SNAPSHOT-MANIFEST', `${snapshot} is not what the action saw`);
    const quality = site.trouble('kms');
    if (quality !== undefined) throw new Ended('failed', AWS_CODES[quality], 'the data key could not be unwrapped');
    const manifest = parseManifest(body, snapshot);
    this.lastRunId = lastRunIdOf(JSON.parse(Buffer.from(body).toString('utf8'))) ?? 0;
    if (manifest.wraps.every(({ region }) => region !== site.site.region)) {
      throw refused('MDR-SNAPSHOT-KEY', `${snapshot} has no wrap for ${site.site.region}`);
    }
    return manifest;
  }

  #object(path: string): Uint8Array {
    const { site } = this.host;
    const { snapshot } = this.conf;
    const quality = site.trouble('s3');
    if (quality !== undefined) throw new Ended('failed', AWS_CODES[quality], `${path} could not be read`);
    const body = site.get(site.index, `${keys.snapshots(site.deployment.deployment)}${snapshot}/${path}`);
    if (body !== undefined) return body;
    const code = path === 'manifest.json' ? 'MDR-SNAPSHOT-MANIFEST' : 'MDR-SNAPSHOT-PART';
    throw refused(code, `${path} of ${snapshot} is not here`);
  }
}

class Activation extends Restore {
  override begin(): DrOutcome | undefined {
    const { role, epoch, activation } = this.host.database;
    const { move, epoch: wanted } = this.conf;
    if (epoch === wanted && role === 'active' && activation?.move === move) {
      const { snapshot, committedAt, report } = activation;
      return { outcome: 'already', snapshot, epoch, move, committedAt, report };
    }
    if (epoch === wanted && role === 'active' && activation === undefined) {
      // The row was lost since, and came back: only the claim still says which move it was.
      this.#requireClaim();
      return { outcome: 'already', snapshot: null, epoch, move, committedAt: null };
    }
    if (epoch > wanted || (epoch === wanted && role === 'active')) {
      throw superseded(`this site is at epoch ${epoch}, the move at ${wanted}`);
    }
    this.#requireClaim();
    this.manifest = this.openManifest();
    this.requireHeld();
    return undefined;
  }

  override requireRow(): void {
    super.requireRow();
    if (this.host.database.epoch === this.conf.epoch) throw superseded('this site lost that epoch already');
  }

  override commit(): DrOutcome {
    const { database, site } = this.host;
    const { snapshot, move, epoch, unpause = [] } = this.conf;
    const live = this.layer('live');
    const runs = [...this.layer('inert'), ...live];
    const { pauseSet } = this.requireManifest();
    this.#requireClaim();
    database.passRunId(this.lastRunId);
    const rerun = live.map(({ dagId, runId }) => ({ dagId, runId, taskId: 'task', mapIndex: -1, was: 'running' }));
    const report = { rerun, unpaused: pauseSet.unpaused.length };
    const dags = new Map([
      ...pauseSet.unpaused.map((dagId) => [dagId, false] as const),
      ...pauseSet.paused.map((dagId) => [dagId, !unpause.includes(dagId)] as const),
    ]);
    database.activate(epoch, { move, snapshot, committedAt: site.time, report }, runs, dags);
    this.host.activated(this.conf);
    return { outcome: 'done', snapshot, epoch, move, committedAt: site.time, report };
  }

  /** Both records are asked: our own must be the claim of this very move, and the peer's, if it answers, no higher. */
  #requireClaim(): void {
    const { site } = this.host;
    const { move, epoch } = this.conf;
    if (siteOf(epoch) !== site.index) throw superseded(`epoch ${epoch} is the other site's`);
    const own = believed(site.record(site.index), this.host.database.row);
    if (own.quality !== 'good') {
      throw new Ended('failed', RECORD_CODES[own.quality], 'our own control record could not be read');
    }
    const claim = own.record;
    if (claim?.phase !== 'claimed' || claim.epoch !== epoch || claim.move?.id !== move) {
      throw superseded(`our own control record does not claim epoch ${epoch} for ${move}`);
    }
    const peer = believed(site.record(site.peer), this.host.database.row).record;
    if (peer !== undefined && peer.epoch > epoch) throw superseded(`the peer's control record has epoch ${peer.epoch}`);
  }
}
