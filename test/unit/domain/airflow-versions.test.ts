import { describe, expect, test } from '@jest/globals';
import {
  AIRFLOW_VERSIONS,
  VERSIONS,
  reasonAgainstVersion,
  supportOf,
  versionStep,
} from '../../../action/src/domain/airflow-versions.ts';

const STEPS = [
  ['2.10.3', '2.10.3', 'same'],
  ['2.10.1', '2.10.3', 'in place'],
  ['2.9.2', '2.10.3', 'in place'],
  ['2.6.3', '2.10.3', 'in place'],
  ['2.11.0', '3.3.1', 'in place'],
  ['3.2.1', '3.3.1', 'in place'],
  ['3.3.1', '2.11.2', 'in place'],
  ['2.10.3', '3.3.1', 'not in place'],
  ['3.3.1', '2.10.3', 'not in place'],
  ['2.10.3', '2.9.2', 'not in place'],
  ['3.3.1', '3.2.1', 'not in place'],
  ['2.10.3', '2.6.3', 'not in place'],
  ['2.4.3', '2.6.3', 'not in place'],
  ['3.0.6', '3.1.0', 'not in place'],
] as const;

describe('a step between Airflow versions', () => {
  test.each(STEPS)('from %s to %s is %s', (from, to, kind) => {
    expect(versionStep(from, to).kind).toBe(kind);
  });

  test('that no update makes says by which way one gets there', () => {
    expect(versionStep('2.10.3', '3.3.1').reason).toBe(
      'an environment cannot be upgraded from Airflow 2.10.3 to 3.3.1: only from 2.11',
    );
    expect(versionStep('2.10.3', '2.6.3').reason).toContain('MWAA ended its support on 2025-12-30');
  });

  test('never goes back within a generation, whatever the versions', () => {
    const all = Object.keys(VERSIONS);
    for (const [index, older] of all.entries()) {
      for (const newer of all.slice(index + 1)) {
        const crosses = newer.startsWith('3') !== older.startsWith('3');
        expect(versionStep(newer, older).kind).toBe(crosses && older.startsWith('2.11') ? 'in place' : 'not in place');
      }
    }
  });
});

describe('an Airflow version', () => {
  test.each(AIRFLOW_VERSIONS)('%s that this release restores is on MWAA and has no end', (version) => {
    expect(reasonAgainstVersion(version)).toBeUndefined();
    expect(VERSIONS[version]?.endOfSupport).toBeNull();
  });

  test.each([
    ['2.9.2', 'this release cannot restore it'],
    ['2.6.3', 'ended its support of Airflow 2.6.3 on 2025-12-30'],
    ['3.1.0', 'is not a version of MWAA'],
  ])('%s is refused with its reason', (version, reason) => {
    expect(reasonAgainstVersion(version)).toContain(reason);
  });

  test('is supported through its last day', () => {
    expect(supportOf('2.6.3', Date.parse('2025-12-30T23:59:59Z'))).toEqual({ kind: 'ending', on: '2025-12-30' });
    expect(supportOf('2.6.3', Date.parse('2025-12-31T00:00:00Z'))).toEqual({ kind: 'ended', on: '2025-12-30' });
    expect(supportOf('3.3.1', 0)).toEqual({ kind: 'supported' });
    expect(supportOf('9.9.9', 0)).toEqual({ kind: 'unknown' });
  });
});
