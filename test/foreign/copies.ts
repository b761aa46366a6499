/**
 * What a snapshot saw and what an activation left, table by table, taken without anything of the product: the source by
 * the very snapshot that PostgreSQL exports for its readers, the target inside the transaction that makes it active.
 */
import type { Region } from '../sandbox/types.ts';
import type { ForeignBed } from './bed.ts';

const COPY = `
  create schema if not exists foreign_copy;
  create or replace function foreign_copy.all_tables(into_schema text) returns void language plpgsql as $$
  declare name text;
  begin
    execute format('drop schema if exists %I cascade', into_schema);
    execute format('create schema %I', into_schema);
    for name in select tablename from pg_tables where schemaname = 'public' loop
      execute format('create table %I.%I as table public.%I', into_schema, name, name);
    end loop;
  end $$;
  create or replace function foreign_copy.at_activation() returns trigger language plpgsql security definer as $$
  begin
    perform foreign_copy.all_tables('activated_' || new.epoch);
    return null;
  end $$`;

const TRIGGER = `
  drop trigger if exists foreign_copy on mwaadr_state;
  create constraint trigger foreign_copy after update on mwaadr_state deferrable initially deferred for each row
    when (new.role = 'active' and old.role is distinct from 'active') execute function foreign_copy.at_activation()`;

/** From now on an activation leaves a copy of what it made in the schema `activated_<epoch>`. */
export async function watchActivations(bed: ForeignBed): Promise<void> {
  for (const region of bed.sandbox.regions) {
    await bed.sandbox.sql(region, COPY);
    await bed.sandbox.sql(region, TRIGGER);
  }
}

/** Runs `snapshot`, and copies what its readers see into the schema `into`. Throws when none was exported. */
export async function copyOfSnapshot<T>(
  bed: ForeignBed,
  region: Region,
  into: string,
  snapshot: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const copied = (async () => {
    while (!over.signal.aborted) {
      const [row] = await bed.sandbox.sql(
        region,
        `select name from pg_ls_dir('pg_snapshots') as name where name not like '%.tmp' limit 1`,
      );
      if (row === undefined) continue;
      // One message is one transaction. The snapshot of another database, or one that is over, cannot be imported.
      const name = String(row['name']);
      const copy = `set transaction isolation level repeatable read; set transaction snapshot '${name}';
         select foreign_copy.all_tables('${into}')`;
      try {
        await bed.sandbox.sql(region, copy);
        return;
      } catch (error) {
        bed.log(`         not copied: ${String(error)}`);
      }
    }
    throw new Error(`nobody exported a snapshot in ${region}`);
  })();
  // Its failure is told when the snapshot is there.
  copied.catch(() => undefined);
  const result = await snapshot().finally(() => {
    over.abort();
  });
  await copied;
  return result;
}
