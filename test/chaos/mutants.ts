import type { ProfileName } from './profiles.ts';

interface Edit {
  /** Stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
}

/** A rule taken out: the texts that make it, what stands there instead, and the promise that breaks without it. */
export interface Mutant {
  readonly rule: string;
  /** From the root of the repository. */
  readonly file: string;
  readonly edits: readonly [Edit, ...Edit[]];
  readonly breaks: string;
  readonly profile: ProfileName;
}

const CANARY = 'test/doubles/model-canary.ts';
const DATABASE = 'test/doubles/model-database.ts';
const DATA_PATH = 'test/doubles/model-data-path.ts';
const RECORDS = 'test/doubles/model-records.ts';

/** Rules of the DR DAGs, in their model. */
const OF_THE_DAGS: readonly Mutant[] = [
  {
    rule: 'an activation reads the control records',
    file: DATA_PATH,
    edits: [{ from: '  #requireClaim(): void {', to: '  #requireClaim(): void {\n    if (this.conf.move) return;' }],
    breaks: 'late-activation',
    profile: 'moves',
  },
  {
    rule: 'a row never takes an epoch of its own side from a record',
    file: CANARY,
    edits: [
      {
        from: 'const others = othersUpTo(ruling.epoch, site.index);\n  if (database.role',
        to: 'const others = ruling.epoch;\n  if (database.role',
      },
    ],
    breaks: 'cannot-move-again',
    profile: 'moves',
  },
  {
    rule: 'a side that loses obeys from the claim on',
    file: CANARY,
    edits: [
      {
        from: 'const others = othersUpTo(ruling.epoch, site.index);\n  if (database.role',
        to: "const others = othersUpTo(ruling.phase === 'claimed' ? ruling.activated.epoch : ruling.epoch, site.index);\n  if (database.role",
      },
    ],
    breaks: 'two-active',
    profile: 'moves',
  },
  {
    rule: 'a fence that comes too late writes nothing',
    file: DATABASE,
    edits: [
      {
        from: "if (this.role !== 'active' || this.epoch >= epoch) return false;",
        to: "if (this.role !== 'active') return false;",
      },
    ],
    breaks: 'stopped-for-nothing',
    profile: 'moves',
  },
  {
    rule: 'a claim that names no move counts for nothing',
    file: RECORDS,
    edits: [{ from: "if (phase === 'activated' || move?.epoch === epoch) return", to: 'if (phase.length > 0) return' }],
    breaks: 'stopped-for-nothing',
    profile: 'records',
  },
  {
    rule: 'a record that leaps is not believed',
    file: RECORDS,
    edits: [{ from: 'row !== undefined && (reading', to: 'row !== row && (reading' }],
    breaks: 'cannot-move-again',
    profile: 'records',
  },
  {
    rule: 'a lost row comes back from all that proves an activation',
    file: CANARY,
    edits: [
      { from: 'if (own > theirs) {', to: 'if (own > theirs && database.started.length < 20) {' },
      { from: "own >= 0 ? 'active' : 'standby', own >= 0 ? own : theirs", to: "'standby', Math.max(own, theirs)" },
    ],
    breaks: 'stopped-for-nothing',
    profile: 'records',
  },
  {
    rule: 'only a standby is activated, and only above its epoch',
    file: DATA_PATH,
    edits: [
      { from: "if (epoch === wanted && role === 'active' && activation?.move === move) {", to: 'if (epoch < -1) {' },
      { from: "if (epoch === wanted && role === 'active' && activation === undefined) {", to: 'if (epoch < -1) {' },
      { from: "if (epoch > wanted || (epoch === wanted && role === 'active')) {", to: 'if (epoch > wanted) {' },
      {
        from: "if (role === 'active') throw refused('MDR-TARGET-UNREADY', `this site is still",
        to: "if (epoch < -1) throw refused('MDR-TARGET-UNREADY', `this site is still",
      },
      { from: 'if (unpaused.length > 0) throw', to: 'if (epoch < -1) throw' },
      { from: 'if (runningRuns.length > 0) throw', to: 'if (epoch < -1) throw' },
      {
        from: "if (role !== 'standby') throw refused('MDR-TARGET-UNREADY', 'this site became",
        to: "if (epoch < -1) throw refused('MDR-TARGET-UNREADY', 'this site became",
      },
      { from: 'if (this.host.database.epoch === this.conf.epoch) throw', to: 'if (this.conf.epoch < -1) throw' },
    ],
    breaks: 'same-epoch-twice',
    profile: 'normal',
  },
];

const FAILOVER = 'action/src/operations/failover.ts';
const FENCE = 'action/src/operations/fence.ts';
const DEBTS = 'action/src/operations/debts.ts';
const STANDING = 'action/src/domain/standing.ts';
const ARRIVAL = 'action/src/operations/move-arrival.ts';

/** Rules of the action. */
const OF_THE_ACTION: readonly Mutant[] = [
  {
    rule: 'nobody but a site that lost is paused by REST',
    file: FENCE,
    edits: [
      {
        from: 'if (record?.epoch === epoch && siteOfEpoch(record.epoch) !== side.index) return;',
        to: 'if (epoch >= 0) return;',
      },
    ],
    breaks: 'active-site-paused',
    profile: 'pauses',
  },
  {
    rule: 'a pause is not sent late',
    file: FENCE,
    edits: [{ from: '{ notAfter: lookedAt + LOOK_LASTS }', to: '{ notAfter: Infinity }' }],
    breaks: 'active-site-paused',
    profile: 'pauses',
  },
  {
    rule: 'check pays what moves owe',
    file: DEBTS,
    edits: [
      {
        from: 'own?.record.debts.filter((debt) => isValid(deployment, standing, debt)) ?? [];',
        to: 'own?.record.debts.filter((debt) => isValid(deployment, standing, debt) && debt.epoch < 0) ?? [];',
      },
    ],
    breaks: 'debts-left',
    profile: 'moves',
  },
  {
    rule: 'a move below the ruling epoch is dead',
    file: STANDING,
    edits: [
      { from: '=> site === winner && epoch === record.epoch)', to: '=> site.length > 0 && epoch < -1)' },
      {
        from: 'move !== null && move.epoch === epoch && epoch === record.epoch ? [move] : []',
        to: 'move !== null && move.epoch === epoch ? [move] : []',
      },
    ],
    breaks: 'dead-move-resumed',
    profile: 'moves',
  },
  {
    rule: 'check takes out of the records what nobody goes on with',
    file: 'action/src/operations/abandoned.ts',
    edits: [
      {
        from: 'if (record === undefined || withoutAbandoned(record, standing) === record) continue;',
        to: 'if (record === undefined || side.index >= 0) continue;',
      },
    ],
    breaks: 'dead-move-resumed',
    profile: 'moves',
  },
  {
    rule: 'the snapshot is chosen when the activation is ordered',
    file: ARRIVAL,
    edits: [
      {
        from: 'for (const id of await patiently(scene, () => idsToMove(world, to, deployment, lineage))) {',
        to: 'for (const id of [verified.id]) {',
      },
    ],
    breaks: 'old-snapshot',
    profile: 'normal',
  },
  {
    rule: 'heartbeats and snapshots prove an activation that no record tells of',
    file: STANDING,
    edits: [{ from: 'return [...recorded, ...beaten, ...taken];', to: 'return recorded;' }],
    breaks: 'dead-branch',
    profile: 'moves',
  },
  {
    rule: 'the next epoch lies above everything that was claimed',
    file: FAILOVER,
    edits: [
      { from: 'nextEpoch(to.index, [standing.highest])', to: 'nextEpoch(to.index, [standing.record.activated.epoch])' },
    ],
    breaks: 'dead-move-resumed',
    profile: 'moves',
  },
  {
    rule: 'a mirror never lowers a record',
    file: DEBTS,
    edits: [{ from: 'theirs.epoch > epoch ||', to: 'theirs.epoch < -1 ||' }],
    breaks: 'epoch-goes-back',
    profile: 'moves',
  },
  {
    rule: 'nobody active is trouble',
    file: 'action/src/domain/trouble.ts',
    edits: [
      {
        from: 'if (claim === undefined && !nobodyActive) return undefined;',
        to: 'if (run === undefined) return undefined;',
      },
    ],
    breaks: 'false-healthy',
    profile: 'moves',
  },
  {
    rule: 'check prints the command that leads on',
    file: 'action/src/domain/standing-findings.ts',
    edits: [{ from: 'isOpen ? undefined : commandOf', to: 'permission ? undefined : commandOf' }],
    breaks: 'no-way-on',
    profile: 'moves',
  },
  {
    rule: 'a healthy site is not left without force',
    file: 'action/src/operations/move-plan.ts',
    edits: [
      {
        from: "if (permissionOf(verdict.key, 'manual') !== 'force' || override === 'force') return;",
        to: 'if (verdict.key.length > 0) return;',
      },
    ],
    breaks: 'refusal-touched',
    profile: 'normal',
  },
  {
    rule: 'a check that waits for its verdict ends when its time is up',
    file: 'action/src/operations/settle.ts',
    edits: [
      {
        from: 'if (clear || next > began + wait * 1000 || world.stop.aborted) return',
        to: 'if (world.stop.aborted) return',
      },
    ],
    breaks: 'hang',
    profile: 'moves',
  },
  {
    rule: 'an object that is damaged is an error with a code',
    file: 'action/src/domain/stored-json.ts',
    edits: [{ from: "throw unreadable(where, code, 'it is no JSON', cause);", to: 'throw cause;' }],
    breaks: 'crash',
    profile: 'records',
  },
];

export const MUTANTS: readonly Mutant[] = [...OF_THE_DAGS, ...OF_THE_ACTION];

/** The source without the rule. Throws when a text does not stand there exactly once. */
export function without({ rule, file, edits }: Mutant, source: string): string {
  return edits.reduce((text, { from, to }) => {
    if (text.split(from).length !== 2) throw new Error(`"${rule}": this does not stand once in ${file}: ${from}`);
    return text.replace(from, () => to);
  }, source);
}
