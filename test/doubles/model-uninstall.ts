import { AWS_CODES } from './model-data-path.ts';
import type { DataPathHost, DrOutcome } from './model-data-path.ts';
import { rulingOf, siteOf } from './model-records.ts';
import type { RecordReading } from './model-records.ts';
import { inSteps } from './model-site.ts';
import type { Step } from './model-site.ts';

const refused = (code: string, message: string): DrOutcome => ({ ok: false, outcome: 'refused', code, message });

/** A run of `mwaadr_uninstall`: both records must ask for it, and the pauses and the hold are one transaction. */
export function runUninstall(
  host: DataPathHost,
  conf: Readonly<Record<string, unknown>>,
  done: (end: DrOutcome | 'gone') => void,
): void {
  const { site, database } = host;
  const isLook = conf['task'] === 'look';
  const look = (): { readonly refusal: DrOutcome } | { readonly role: 'active' | 'standby' } => {
    const readings: readonly [RecordReading, RecordReading] = [site.record(0), site.record(1)];
    for (const { quality, record } of readings) {
      if (record === undefined) {
        const code = quality === 'missing' || quality === 'invalid' ? 'MDR-NOT-INSTALLED' : codeOf(quality);
        return { refusal: refused(code, `a control record cannot be read: ${quality}`) };
      }
      if (!isLook && record.uninstall !== conf['uninstall'])
        return { refusal: refused('MDR-CONTROL-CONFLICT', 'a control record does not ask for this uninstall') };
    }
    const ruling = rulingOf(readings);
    if (ruling?.phase !== 'activated') return { refusal: refused('MDR-MOVE-OTHER', 'an epoch is claimed') };
    const role = siteOf(ruling.epoch) === site.index ? 'active' : 'standby';
    const isOther = database.role !== role || (role === 'active' && database.epoch !== ruling.epoch);
    if (database.role !== undefined && isOther)
      return { refusal: refused('MDR-TARGET-UNREADY', `this site is ${database.role} by its own database`) };
    return { role };
  };
  const steps: readonly Step<DrOutcome>[] = [
    {
      after: () => 2_000,
      act: () => {
        const found = look();
        if ('refusal' in found) return found.refusal;
        return isLook ? { outcome: 'skipped' } : 'next';
      },
    },
    {
      after: () => 5_000,
      act: () => {
        if (database.rowLocked || database.lockedDags.size > 0) return 'again';
        const found = look();
        if ('refusal' in found) return found.refusal;
        const wasThere = database.role !== undefined;
        const pausedTotal = found.role === 'standby' ? database.unpaused.length : 0;
        if (found.role === 'standby') database.pauseWhatIsFree();
        database.loseRow();
        const removed = { pausedTotal, late: { total: 0, dags: [] } };
        return { outcome: wasThere ? 'done' : 'already', removed };
      },
    },
  ];
  inSteps(site.clock, host.isThere, steps, (end) => {
    done(end === 'done' ? 'gone' : end);
  });
}

const codeOf = (quality: Exclude<RecordReading['quality'], 'good' | 'missing' | 'invalid'> | 'good'): string =>
  quality === 'good' ? 'MDR-INTERNAL' : AWS_CODES[quality];
