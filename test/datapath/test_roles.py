"""What we make in the database, under the roles that Airflow itself has there: who owns it, and whom it serves."""

from __future__ import annotations

import threading
import unittest

import psycopg2
from bed import superuser
from two_sites import OfTwoSites

OBJECTS = {"mwaadr_state", "mwaadr_run_id_seq", "mwaadr_hold", "mwaadr_run_id"}
OWNERS = """
select relname::text, relowner::regrole::text from pg_class where relname in ('mwaadr_state', 'mwaadr_run_id_seq')
union all select proname::text, proowner::regrole::text from pg_proc where proname in ('mwaadr_hold', 'mwaadr_run_id')
"""
# As an earlier release made them, by whoever its canary signed in as.
EARLIER = """
create table mwaadr_state (one boolean primary key default true check (one), epoch bigint not null, role text not null,
  move text, inert_snapshot text, changed timestamptz not null default now(), detail jsonb not null default '{}');
insert into mwaadr_state (epoch, role) values (0, 'standby');
create function mwaadr_hold() returns trigger language plpgsql as $$ begin
  if new.is_paused is distinct from true and new.dag_id not like 'mwaadr\\_%'
     and exists (select 1 from public.mwaadr_state where role = 'standby') then new.is_paused := true; end if;
  return new;
exception when undefined_table then return new; end $$;
create trigger mwaadr_hold before insert or update on dag for each row execute function mwaadr_hold();
create sequence mwaadr_run_id_seq as integer minvalue 2000000000 start 2000000000 cycle;
create function mwaadr_run_id() returns trigger language plpgsql as $$ begin
  new.id := nextval('public.mwaadr_run_id_seq'); return new; end $$;
create trigger mwaadr_run_id before insert on dag_run
  for each row when (new.dag_id like 'mwaadr\\_%') execute function mwaadr_run_id();
"""


class OfRoles(OfTwoSites):
    """West is a standby."""

    def setUp(self) -> None:
        self.made: list[str] = []
        self.addCleanup(self.drop_roles)  # after the databases
        super().setUp()
        self.bed.control(0)
        for dag_id in ("user_0", "mwaadr_canary"):
            self.west.add_dag(dag_id)

    def new_role(self, *, of: str = "") -> str:
        """A role that may write what is in west's database now; a member of ``of``, if given."""
        name = f"{self.bed.name}_r{len(self.made)}"
        admin = superuser()
        admin.cursor().execute(f"create role {name} login {of and 'in role ' + of}")
        admin.close()
        self.made.append(name)
        there = superuser(self.west.database)
        there.cursor().execute(
            f"grant all on schema public to {name}; grant all on all tables in schema public to {name}; "
            f"grant all on all sequences in schema public to {name}"
        )
        there.close()
        return name

    def drop_roles(self) -> None:
        admin = superuser()
        for name in self.made:
            admin.cursor().execute(f"drop role {name}")
        admin.close()

    def owned_by(self, role: str) -> None:
        self.assertEqual(dict(self.west.sql(OWNERS)), dict.fromkeys(OBJECTS, role))

    def serves(self, *users: str) -> None:
        """Each may write `dag` and start a run of ours, and none gets a DAG of the user's unpaused."""
        for user in users:
            with self.subTest(user):
                session = self.west.session(user)
                session.cursor().execute("update dag set is_paused = false")
                session.close()
                self.assertEqual(self.paused(self.west), {"user_0": True})
                site = self.west
                site.connection.cursor().execute(f"reset role; set session authorization {user}")
                site.runs += 1
                when = {"execution_date": f"2026-10-01 00:00:{site.runs:02d}+00"}
                run = site.add_run("mwaadr_canary", f"by-{user}-{site.runs}", "success", **when)
                site.connection.cursor().execute("reset session authorization; set role airflow_user")
                self.assertGreaterEqual(run, 2_000_000_000)

    def mwaa_grants(self, user: str = "adminuser") -> None:
        """What MWAA does before each migration; one object that refuses it makes all of it fail."""
        session = self.west.session(user)
        for kind in ("tables", "sequences", "functions"):
            session.cursor().execute(f"grant all on all {kind} in schema public to airflow_user")
        session.close()


class TwoRoles(OfRoles):
    def test_what_the_canary_makes_belongs_to_the_owner_of_dag(self) -> None:
        self.assertEqual(self.west.beat()["hold"]["foreign"], [])
        self.owned_by("adminuser")
        self.serves("adminuser", "airflow_user")
        self.mwaa_grants()

    def test_the_hold_is_there_for_any_other_role_that_writes_dag(self) -> None:
        self.west.beat()
        self.serves(self.new_role())
        late = self.new_role()
        there = superuser(self.west.database)
        there.cursor().execute(f"revoke all on mwaadr_state, mwaadr_run_id_seq from {late}")
        there.close()
        self.serves(late)

    def test_what_an_earlier_release_left_is_mended_at_a_beat(self) -> None:
        self.west.sql(EARLIER)
        self.owned_by("airflow_user")
        self.assertEqual(self.west.beat()["hold"]["foreign"], [])
        self.owned_by("adminuser")
        self.serves("adminuser", "airflow_user")

    def test_nothing_is_written_when_nothing_has_to_be_mended(self) -> None:
        self.west.beat()
        marks = (
            "select xmin::text, relname::text from pg_class where relname like 'mwaadr%%' "
            "union all select xmin::text, proname::text from pg_proc where proname like 'mwaadr%%' order by 2"
        )
        before = self.west.sql(marks)
        self.west.beat()
        self.assertEqual(self.west.sql(marks), before)

    def test_each_role_may_be_the_canarys_in_any_order(self) -> None:
        for user in ("adminuser", "airflow_user", "adminuser"):
            self.west.user = user
            beat = self.west.beat()
            self.assertEqual((beat["role"], beat["hold"]["held"], beat["hold"]["foreign"]), ("standby", True, []))
            self.owned_by("adminuser")
        self.serves("adminuser", "airflow_user")

    def test_another_owner_of_dag_becomes_the_owner_of_ours(self) -> None:
        self.west.beat()
        self.west.sql("alter table dag owner to airflow_user")
        self.west.beat()
        self.owned_by("airflow_user")
        self.serves("airflow_user")

    def test_to_mend_owners_waits_for_nobody_and_stalls_nobody(self) -> None:
        self.west.sql(EARLIER)
        blocker = self.west.blocker("select 1 from mwaadr_state for update", "airflow_user")
        self.addCleanup(blocker.close)
        over, stalled = threading.Event(), []

        def scheduler() -> None:
            session = self.west.session("airflow_user")
            try:
                session.cursor().execute("set lock_timeout = '1s'")
                while not over.wait(0.01):
                    session.cursor().execute("update dag set last_parsed_time = now()")
            except psycopg2.Error as error:
                stalled.append(error)
            session.close()

        writing = threading.Thread(target=scheduler)
        writing.start()
        beat = self.west.beat()
        over.set()
        writing.join()
        self.assertEqual((set(beat["hold"]["foreign"]), stalled), (OBJECTS, []))
        blocker.close()
        self.assertEqual(self.west.beat()["hold"]["foreign"], [])
        self.owned_by("adminuser")

    def test_a_lost_sequence_stops_no_run_and_comes_back(self) -> None:
        self.west.beat()
        self.west.add_run("mwaadr_canary", "before", "success", execution_date="2026-09-02")
        self.west.sql("drop sequence mwaadr_run_id_seq")
        self.west.add_run("mwaadr_canary", "meanwhile", "success", execution_date="2026-09-01")
        self.west.beat()
        self.serves("adminuser", "airflow_user")


class OneRole(OfRoles):
    """Plain Airflow: the role that owns the tables is the only one."""

    def test_all_belongs_to_it(self) -> None:
        owner = self.new_role()
        there = superuser(self.west.database)
        there.cursor().execute(
            "do $$ declare t regclass; begin for t in select oid from pg_class where relkind = 'r' "
            f"and relnamespace = 'public'::regnamespace loop execute format('alter table %s owner to {owner}', t); "
            "end loop; end $$"
        )
        there.close()
        self.west.user = owner
        for _ in range(2):
            self.assertEqual(self.west.beat()["hold"]["foreign"], [])
            self.owned_by(owner)
        self.serves(owner)


class Stranger(OfRoles):
    """Tasks sign in as a role that may write Airflow's tables, and is no member of their owner."""

    def test_what_it_makes_stays_its_own_is_named_and_serves_both(self) -> None:
        self.west.user = self.new_role()
        beat = self.west.beat()
        self.assertEqual((beat["hold"]["installed"], beat["hold"]["held"]), (True, True))
        self.assertEqual(set(beat["hold"]["foreign"]), OBJECTS)
        self.owned_by(self.west.user)
        self.serves("adminuser", self.west.user)
        self.mwaa_grants()
        stranger, self.west.user = self.west.user, "adminuser"
        self.assertEqual(self.west.beat()["role"], "standby", "the owner of dag works with it, too")
        self.west.user = stranger
        self.assertEqual(self.west.beat()["role"], "standby")

    def test_it_works_with_what_the_owner_made(self) -> None:
        self.west.user = "adminuser"
        self.west.beat()
        stranger = self.new_role()
        self.west.user = stranger
        self.assertEqual(self.west.beat()["hold"]["foreign"], [])
        self.owned_by("adminuser")
        self.serves(stranger)

    def test_the_owner_gives_it_what_it_may_do_with_dag(self) -> None:
        stranger = self.new_role()
        for user in ("adminuser", stranger):
            self.west.user = user
            self.assertEqual(self.west.beat()["role"], "standby")

    def test_what_it_may_not_make_is_said(self) -> None:
        self.west.user = stranger = self.new_role()
        there = superuser(self.west.database)
        self.addCleanup(there.close)
        there.cursor().execute(f"revoke create on schema public from {stranger}")
        with self.assertRaisesRegex(AssertionError, "MdrError: our table cannot be created: .*permission denied"):
            self.west.beat()
        there.cursor().execute(f"grant create on schema public to {stranger}; revoke trigger on dag from {stranger}")
        hold = self.west.beat()["hold"]
        self.assertEqual((hold["installed"], hold["held"], hold["unpausedUserDags"]), (False, False, 0))
        there.cursor().execute(f"grant trigger on dag to {stranger}")
        self.assertTrue(self.west.beat()["hold"]["held"])

    def test_without_any_right_on_ours_it_is_told_so_and_airflow_goes_on(self) -> None:
        self.west.beat()
        self.west.user = stranger = self.new_role()
        there = superuser(self.west.database)
        there.cursor().execute(f"revoke all on mwaadr_state, mwaadr_run_id_seq from {stranger}")
        there.close()
        with self.assertRaisesRegex(AssertionError, f"{stranger} may not use mwaadr_state, which belongs to adminuser"):
            self.west.beat()
        result = self.west.run("restore", move="mv-1-aaaaaaaa", epoch=1, snapshot="x", manifestSha256="")
        self.assertEqual((result["outcome"], result["code"]), ("failed", "MDR-DB-ACCESS"), result["output"])
        self.serves(stranger)


if __name__ == "__main__":
    unittest.main()
