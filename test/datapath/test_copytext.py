"""COPY's text format as PostgreSQL itself writes and reads it, and the bundle digest."""

from __future__ import annotations

import io
import sys
import tempfile
import unittest
from pathlib import Path

from bed import SOURCE, superuser
from seed import NASTY

sys.path.append(str(SOURCE.parent))

from mwaadr.core import bundle, config
from mwaadr.core.copytext import NULL, RowHash, decode, encode

EVERY_CHARACTER = "".join(map(chr, range(1, 0x250)))


class CopyText(unittest.TestCase):
    def setUp(self) -> None:
        self.connection = superuser()
        self.addCleanup(self.connection.close)
        self.cursor = self.connection.cursor()
        self.cursor.execute("set client_encoding = 'UTF8'")

    def test_what_postgresql_writes_is_read_and_written_back(self) -> None:
        for value in (*NASTY, EVERY_CHARACTER):
            out = io.BytesIO()
            query = self.cursor.mogrify("copy (select %s::text) to stdout", (value,))
            self.cursor.copy_expert(query.decode(), out)
            self.assertEqual(decode(out.getvalue()[:-1]), value)
            self.assertEqual(encode(value), out.getvalue()[:-1])

    def test_null_is_not_the_text_that_looks_like_it(self) -> None:
        self.assertNotEqual(encode("\\N"), NULL)
        self.assertEqual(decode(encode("\\N")), "\\N")

    def test_a_content_hash_knows_rows_but_not_their_order(self) -> None:
        def of(*rows: tuple[bytes, ...]) -> str:
            hashed = RowHash(b"salt", ["id", "a", "b"], ["a", "b"])
            for row in rows:
                hashed.add(row)
            return hashed.hex()

        one, two = (b"1", b"x", b"y"), (b"2", b"x", b"z")
        self.assertEqual(of(one, two), of(two, one))
        self.assertEqual(of(one), of((b"9", b"x", b"y")), "the id is not part of it")
        self.assertNotEqual(of(one), of(two))
        self.assertNotEqual(of(one), of(one, one))
        self.assertNotEqual(of((b"1", b"xy", b"")), of((b"1", b"x", b"y")))


class Files(unittest.TestCase):
    def test_the_bundle_digest_is_of_the_users_files(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "team").mkdir()
            (folder / "team" / "a.py").write_text("x")
            first = bundle.digest(folder)
            for ours in ("mwaadr/core/x.py", "team/__pycache__/a.pyc"):
                (folder / ours).parent.mkdir(parents=True)
                (folder / ours).write_text("y")
            self.assertEqual(bundle.digest(folder), first)
            (folder / "team" / "a.py").rename(folder / "team" / "b.py")
            self.assertNotEqual(bundle.digest(folder), first)

    def test_a_missing_deployment_file_says_what_to_do(self) -> None:
        with self.assertRaisesRegex(Exception, "run the operation `install`"):
            config.load(Path("/nowhere/deployment.json"))

    def test_names_are_those_of_the_action(self) -> None:
        keys = config.Keys("example")
        self.assertEqual(keys.result("scheduled__2026-11-24T10:00:00+00:00"),
                         "results/example/scheduled__2026-11-24T10_00_00_00_00.json")  # fmt: skip
        self.assertEqual(config.taken_at("20261124T101500Z-e0-ab12cd34"), "2026-11-24T10:15:00.000Z")


if __name__ == "__main__":
    unittest.main()
