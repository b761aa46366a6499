import { eventually } from '../support/deadline.ts';
import type { Region } from '../sandbox/types.ts';
import { type ForeignBed, PATIENCE } from './bed.ts';
import { copyOfSnapshot } from './copies.ts';

/** What a snapshot has to find at work, each as a condition on `task_instance t`, and how many of it there were. */
const STATES = {
  running: `t.state = 'running'`,
  queued: `t.state = 'queued' and t.next_method is null`,
  scheduled: `t.state = 'scheduled' and t.next_method is null`,
  'scheduled with the event of its trigger': `t.state = 'scheduled' and t.next_method is not null`,
  deferred: `t.state = 'deferred'`,
  up_for_retry: `t.state = 'up_for_retry'`,
  up_for_reschedule: `t.state = 'up_for_reschedule'`,
  'mapped and unfinished': `t.map_index >= 0 and t.dag_id = 'state_mapped' and t.state in ('running', 'scheduled', 'queued')`,
  'of a backfill': `t.run_id like 'backfill%' and t.state in ('running', 'scheduled', 'queued')`,
} as const;
const STATES_OF_3 = { awaiting_input: `t.state = 'awaiting_input'` } as const;

export const statesOf = (bed: ForeignBed): Readonly<Record<string, string>> =>
  bed.isThree ? { ...STATES, ...STATES_OF_3 } : STATES;

/** How many tasks of each state a copy of `task_instance` has. */
export async function census(bed: ForeignBed, region: Region, table: string): Promise<Record<string, number>> {
  const parts = Object.entries(statesOf(bed)).map(
    ([name, where]) => `count(*) filter (where ${where})::int as "${name}"`,
  );
  const [row = {}] = await bed.sandbox.sql(
    region,
    `select ${parts.join(', ')} from ${table} t where dag_id not like 'mwaadr\\_%'`,
  );
  return row as Record<string, number>;
}

const isSet = (counts: Readonly<Record<string, number>>): boolean => Object.values(counts).every((count) => count > 0);

/** Pools, variables and connections with what is hard to carry. */
export async function configure(bed: ForeignBed, region: Region): Promise<void> {
  const rest = bed.rest(region);
  for (const [name, slots, more] of [
    ['narrow', 1, false],
    ['mapped', 2, false],
    ['wide „ö“', 7, true],
  ] as const)
    await rest.call('POST', '/pools', { name, slots, description: null, include_deferred: more });
  await rest.call('POST', '/variables', { key: 'templates', value: '{{ ds }}\n\\N\t"x"', description: 'odd' });
  await rest.call('POST', '/variables', { key: 'large', value: 'ä'.repeat(60_000) });
  await rest.call('POST', '/connections', {
    connection_id: 'odd',
    conn_type: 'http',
    host: 'h',
    password: '{"k": "gAAAAA"}',
    extra: JSON.stringify({ token: 'tok', deep: { list: [1, null, 'é'] } }),
  });
}

const STAYS_PAUSED = 'late_paused';

/** Unpauses all but the fillers, and what is paused on purpose. */
export async function unpauseAll(bed: ForeignBed, region: Region): Promise<void> {
  const rest = bed.rest(region);
  for (const [dagId, isPaused] of await bed.facts.paused(region))
    if (isPaused && !/^[az]filler/.test(dagId) && dagId !== STAYS_PAUSED) await rest.pause(dagId, false);
  await rest.pause(STAYS_PAUSED, true);
}

const TRIGGERED = ['running', 'retry', 'reschedule', 'deferred', 'mapped', 'changed'].map((name) => `state_${name}`);

const one = (bed: ForeignBed, region: Region, dagId: string, runId: string, where: string) =>
  bed.until(
    `${dagId} ${runId}: ${where}`,
    PATIENCE,
    region,
    `task_instance where dag_id = '${dagId}' and run_id = '${runId}' and ${where}`,
    (count) => count > 0,
  );

/** Names of the runs that are arranged at one site and at the other, and the month that each fills back. */
export type RunName = 'one' | 'two';
const MONTHS = { one: '2026-02', two: '2026-03' } as const;

/** Brings runs named `run` into every state, and keeps them there until the file `run` is there. */
export async function arrange(bed: ForeignBed, region: Region, run: RunName): Promise<void> {
  const rest = bed.rest(region);
  const asked = bed.isThree ? ['state_asked', 'state_told'] : [];
  for (const dagId of [...TRIGGERED, 'state_answered', ...asked]) await rest.trigger(dagId, run);
  await one(bed, region, 'state_answered', run, `state = 'deferred'`);
  if (bed.isThree) {
    await one(bed, region, 'state_told', run, `state = 'awaiting_input'`);
    await rest.call('POST', '/backfills', {
      dag_id: 'state_backfill',
      from_date: `${MONTHS[run]}-01T00:00:00Z`,
      to_date: `${MONTHS[run]}-03T00:00:00Z`,
      max_active_runs: 2,
    });
  } else await rest.trigger('state_backfiller', run);
  await rest.trigger('state_narrow', run);
  await one(bed, region, 'state_narrow', run, `state = 'running'`);
  await bed.open(`${run}-answer`);
  if (bed.isThree)
    await rest.call('PATCH', `/dags/state_told/dagRuns/${run}/taskInstances/ask/-1/hitlDetails`, {
      chosen_options: ['yes'],
      params_input: {},
    });
  await one(bed, region, 'state_answered', run, `state = 'scheduled' and next_method is not null`);
}

export interface Taken {
  readonly id: string;
  /** Where a copy of what it saw lies. */
  readonly schema: string;
  readonly counts: Readonly<Record<string, number>>;
}

const ATTEMPTS = 10;
/** Tasks that wait for a slot for as long as a snapshot takes. */
const ENOUGH = 60;

/** Orders snapshots while more tasks wait than there are slots, until one has found a task in each state. */
export async function snapshotOfAll(bed: ForeignBed, region: Region, run: RunName): Promise<Taken> {
  for (let attempt = 1; ; attempt += 1) {
    const schema = `seen_${run}_${attempt}`;
    const waiting = await bed.count(region, `task_instance where dag_id = 'state_queued' and state = 'scheduled'`);
    if (waiting < ENOUGH) await bed.rest(region).trigger('state_queued', `${run}-${attempt}`);
    await eventually(
      'there is a task in each state',
      PATIENCE,
      async () => (isSet(await census(bed, region, 'public.task_instance')) ? true : undefined),
      bed.log,
    );
    const { outputs } = await copyOfSnapshot(bed, region, schema, () => bed.act('snapshot', { force: 'true' }));
    const counts = await census(bed, region, `${schema}.task_instance`);
    bed.log(`         ${outputs['snapshot'] ?? '?'}: ${JSON.stringify(counts)}`);
    if (isSet(counts) || attempt === ATTEMPTS) return { id: outputs['snapshot'] ?? '', schema, counts };
  }
}

/** Lets everything go on that waits for a file of that run, or for a human. */
export async function letGo(bed: ForeignBed, region: Region, run: RunName): Promise<void> {
  await bed.open(run);
  await bed.open(`backfill-${MONTHS[run]}`);
  if (bed.isThree)
    await bed.rest(region).call('PATCH', `/dags/state_asked/dagRuns/${run}/taskInstances/ask/-1/hitlDetails`, {
      chosen_options: ['no'],
      params_input: {},
    });
}
