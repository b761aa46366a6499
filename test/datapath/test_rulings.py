"""Who is active, from records, beats and snapshots alone. Needs nothing but Python: `python3 test_rulings.py`."""

from __future__ import annotations

import itertools
import sys
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "dags"))

from mwaadr.core import rulings

REGIONS = ["us-east-1", "us-west-2"]
MOVE = "mv-1-aaaaaaaa"


def record(site: int, epoch: int, activated: int | None = None, **more: Any) -> dict[str, Any]:
    """Of the site; claimed by a move of its own epoch when ``activated`` is lower than the epoch."""
    activated = epoch if activated is None else activated
    claimed = activated < epoch
    return {
        "site": REGIONS[site],
        "epoch": epoch,
        "phase": "claimed" if claimed else "activated",
        "activated": {"site": REGIONS[activated % 2], "epoch": activated, "snapshot": None},
        "move": {"id": MOVE, "epoch": epoch} if claimed else None,
        **more,
    }


class Records(unittest.TestCase):
    def test_a_record_without_what_we_go_by_is_none(self) -> None:
        good = record(0, 1, 0)
        self.assertIs(rulings.checked(good), good)
        self.assertEqual(rulings.checked(record(0, rulings.HIGHEST_EPOCH)), record(0, rulings.HIGHEST_EPOCH))
        for change in (
            {"epoch": None},
            {"epoch": True},
            {"epoch": "1"},
            {"epoch": 1.5},
            {"epoch": -1},
            {"phase": "?"},
            {"phase": []},
            {"site": None},
            {"activated": None},
            {"activated": {"site": "us-east-1"}},
            {"activated": {"site": 0, "epoch": 0}},
            {"activated": {"site": "us-east-1", "epoch": -1}},
        ):
            self.assertIsNone(rulings.checked(good | change), change)
        for nothing in (None, [], "{}", 1, {}):
            self.assertIsNone(rulings.checked(nothing), nothing)

    def test_an_epoch_out_of_bounds_is_none(self) -> None:
        self.assertIsNotNone(rulings.checked(record(0, rulings.LEAP, 0)))
        self.assertIsNone(rulings.checked(record(0, rulings.LEAP + 1, 0)))
        self.assertIsNone(rulings.checked(record(0, rulings.HIGHEST_EPOCH + 1)))
        self.assertFalse(rulings.leaps(record(0, 1_005), 5))
        self.assertTrue(rulings.leaps(record(0, 1_006), 5))

    def test_a_claim_that_names_no_move_of_its_epoch_is_void(self) -> None:
        one = {"epoch": 1}
        nameless: tuple[Any, ...] = (one, one | {"id": None}, one | {"id": 1})
        for move in (None, "mv-1", {}, {"id": MOVE, "epoch": 3}, {"id": MOVE, "epoch": "1"}, {"id": MOVE}, *nameless):
            read = rulings.effective(record(0, 1, 0, move=move))
            self.assertEqual((read["epoch"], read["phase"]), (0, "activated"), move)
        for good in (record(0, 1, 0), record(0, 4)):
            self.assertIs(rulings.effective(good), good)

    def test_the_highest_epoch_rules_and_at_equal_ones_the_record_of_its_own_site(self) -> None:
        for low, high in itertools.combinations(range(4), 2):
            for records in itertools.permutations([record(0, low), record(1, high)]):
                self.assertEqual(rulings.ruling(list(records), REGIONS)["epoch"], high)
        for epoch in range(4):
            for records in itertools.permutations([record(0, epoch), record(1, epoch)]):
                self.assertEqual(rulings.ruling(list(records), REGIONS)["site"], REGIONS[epoch % 2])
        self.assertIsNone(rulings.ruling([], REGIONS))

    def test_a_void_claim_rules_nothing(self) -> None:
        forged = record(1, 3, 0, move=None)
        self.assertEqual(rulings.ruling([record(0, 2, 0), forged], REGIONS)["epoch"], 2)
        self.assertEqual(rulings.ruling([forged], REGIONS)["epoch"], 0)

    def test_a_site_learns_epochs_of_the_other_one_alone(self) -> None:
        self.assertEqual([rulings.learned(epoch, 0) for epoch in range(4)], [-1, 1, 1, 3])
        self.assertEqual([rulings.learned(epoch, 1) for epoch in range(4)], [0, 0, 2, 2])


class Activations(unittest.TestCase):
    def refused(self, own: Any, peer: Any, epoch: int = 1, move: str = MOVE, here: int = 1) -> str:
        why = rulings.refusal(own, peer, here, epoch, move)
        self.assertIsNotNone(why)
        return str(why)

    def test_one_that_is_claimed_by_its_move_is_let_through(self) -> None:
        claim = record(1, 1, 0)
        for peer in (None, record(0, 0), record(0, 1, 0), record(0, 2, 0, move=None)):
            self.assertIsNone(rulings.refusal(claim, peer, 1, 1, MOVE), peer)
        self.assertIsNone(rulings.refusal(record(0, 2, 1), record(1, 1), 0, 2, MOVE))

    def test_one_of_the_other_sites_epoch_is_refused(self) -> None:
        self.assertIn("other site", self.refused(record(1, 2, 0), None, epoch=2))

    def test_one_without_a_claim_is_refused(self) -> None:
        self.assertIn("cannot be read", self.refused(None, record(0, 1, 0)))
        self.assertIn("at epoch 0", self.refused(record(1, 0), record(0, 1, 0)))
        self.assertIn("at epoch 0", self.refused(record(1, 1, 0, move=None), None))
        self.assertIn("activated already", self.refused(record(1, 1), None))

    def test_one_of_another_move_is_refused(self) -> None:
        self.assertIn("not for mv-1-bbbbbbbb", self.refused(record(1, 1, 0), None, move="mv-1-bbbbbbbb"))

    def test_one_below_a_higher_epoch_is_refused(self) -> None:
        self.assertIn("at epoch 2", self.refused(record(1, 2, 0), None))
        self.assertIn("other site is at epoch 2", self.refused(record(1, 1, 0), record(0, 2, 0)))
        self.assertIn("other site is at epoch 2", self.refused(record(1, 1, 0), record(0, 2)))


class LostRows(unittest.TestCase):
    def recovered(self, here: int, *records: dict, beats: Any = (), proven: Any = ()) -> tuple[str, int, int]:
        found = rulings.recovered(list(records), REGIONS, here, list(beats), list(proven))
        return found["role"], found["epoch"], found["activated"]

    def test_nothing_comes_back_without_a_record(self) -> None:
        self.assertIsNone(rulings.recovered([], REGIONS, 0, [{"role": "active", "epoch": 0}], []))

    def test_what_was_activated_last_comes_back(self) -> None:
        self.assertEqual(self.recovered(0, record(0, 0)), ("active", 0, 0))
        self.assertEqual(self.recovered(1, record(0, 0)), ("standby", 0, -1))
        self.assertEqual(self.recovered(1, record(0, 1), record(1, 1)), ("active", 1, 1))
        self.assertEqual(self.recovered(0, record(0, 0), record(1, 1)), ("standby", 1, 0))

    def test_an_epoch_that_was_only_claimed_does_not(self) -> None:
        self.assertEqual(self.recovered(1, record(1, 1, 0)), ("standby", 0, -1))
        self.assertEqual(self.recovered(0, record(0, 0), record(1, 1, 0)), ("standby", 1, 0))
        self.assertEqual(self.recovered(1, record(1, 3, 1)), ("standby", 2, 1), "2 was somebody else's")
        self.assertEqual(self.recovered(0, record(0, 0), record(1, 1, 0, move=None)), ("active", 0, 0))

    def test_a_beat_proves_an_activation_that_no_record_tells_of(self) -> None:
        claim = record(1, 1, 0)
        self.assertEqual(self.recovered(1, claim, beats=[{"role": "active", "epoch": 1}]), ("active", 1, 1))
        self.assertEqual(self.recovered(1, claim, beats=[{"role": "active", "epoch": 0}]), ("standby", 0, -1))
        two = [{"role": "standby", "epoch": 0}, {"role": "active", "epoch": 1}]
        self.assertEqual(self.recovered(1, claim, beats=two), ("active", 1, 1))

    def test_a_snapshot_proves_an_activation_too(self) -> None:
        claim = record(1, 1, 0)
        self.assertEqual(self.recovered(1, claim, proven=[-1, 0, 1]), ("active", 1, 1))
        self.assertEqual(self.recovered(1, claim, proven=[-1, 0]), ("standby", 0, -1))

    def test_a_snapshot_proves_only_what_its_manifest_says_as_well(self) -> None:
        name = "20261124T101500Z-e1-ab12cd34"
        good = {"id": name, "deployment": "example", "lineage": {"site": REGIONS[1], "epoch": 1}}
        self.assertEqual(rulings.proven_by(name, good, "example", REGIONS), 1)
        for wrong in (
            None,
            {},
            good | {"id": "20261124T101500Z-e3-ab12cd34"},
            good | {"deployment": "other"},
            good | {"lineage": {"site": REGIONS[0], "epoch": 1}},
            good | {"lineage": {"site": REGIONS[1], "epoch": 3}},
            good | {"lineage": None},
        ):
            self.assertEqual(rulings.proven_by(name, wrong, "example", REGIONS), -1, wrong)
        self.assertEqual(rulings.proven_by("x-e1-y", good | {"id": "x-e1-y"}, "example", REGIONS), -1)

    def test_only_a_few_snapshots_that_could_tell_more_are_opened(self) -> None:
        def opened(ids: list[str], *records: dict[str, Any]) -> list[str]:
            return rulings.worth_opening(ids, list(records), REGIONS, 1)

        epochs = (0, 1, 2, 3, 5)
        ids = [f"20261124T10{minute:02}00Z-e{epoch}-ab12cd34" for minute in range(9, 0, -1) for epoch in epochs]
        newest = [name for epoch in (5, 3, 1) for name in ids if f"-e{epoch}-" in name and name[11:13] in ("08", "09")]
        self.assertEqual(opened(ids, record(1, 3, 1)), newest[:4])
        self.assertEqual(opened(ids, record(0, 2)), newest, "that it was active once is told by no record")
        far = [f"20261124T101500Z-e{epoch}-ab12cd34" for epoch in (rulings.LEAP + 1, rulings.LEAP + 3)]
        self.assertEqual(opened(far, record(0, 1, 0)), far[:1])
        many = [f"20261124T101500Z-e{epoch}-ab12cd34" for epoch in range(1, 99, 2)]
        self.assertEqual(opened(many, record(0, 0)), many[:-7:-1])
        self.assertEqual(opened(["x-e1-y", f"{ids[1]}/"], record(0, 0)), [])
        self.assertEqual(opened(ids), [])

    def test_a_beat_as_a_standby_proves_that_it_obeyed(self) -> None:
        """All records are of long ago: it was active in 1, and has obeyed epoch 2 since."""
        beats = [{"role": "active", "epoch": 1}, {"role": "standby", "epoch": 2}]
        self.assertEqual(self.recovered(1, record(1, 1), beats=beats), ("standby", 2, 1))
        self.assertEqual(self.recovered(1, record(1, 1), beats=[{"role": "standby", "epoch": 1}]), ("active", 1, 1))
        self.assertEqual(self.recovered(1, record(0, 0), beats=[{"role": "standby", "epoch": 2}]), ("standby", 2, -1))

    def test_what_is_no_epoch_proves_nothing(self) -> None:
        far = rulings.LEAP + 2
        odd = [{"role": "active", "epoch": e} for e in (None, True, "1", -1, far + 1, 10**18)] + [{}, {"epoch": 1}]
        odd.append({"role": "standby", "epoch": far})
        self.assertEqual(self.recovered(1, record(0, 0), beats=odd, proven=[far + 1, 10**18 + 1]), ("standby", 0, -1))


if __name__ == "__main__":
    unittest.main()
