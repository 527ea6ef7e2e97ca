from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from venuekit.journal import reader
from venuekit.journal.inspection import verify
from venuekit.journal.record import Intent, OfOrder

ROOT = Path(__file__).parents[2]
KILLS = 20


def run_until_killed(path: Path, lines: int) -> list[tuple[int, str]]:
    """What the process was told before SIGKILL hit it, some time after that many records."""
    command = [sys.executable, "-m", "tests.journal.appender", str(path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=environment) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(lines)]
        child.kill()
        said += child.stdout.readlines()
    assert child.returncode == -9
    whole = [line.split() for line in said if line.endswith(b"\n")]
    return [(int(sequence), client_id.decode()) for sequence, client_id in whole]


def test_a_killed_process_forgets_nothing_that_append_returned_for(tmp_path: Path) -> None:
    path = tmp_path / "orders.journal"
    chance = random.Random(20_261_120)
    told: dict[int, str] = {}
    for _ in range(KILLS):
        told |= run_until_killed(path, chance.randrange(1, 400))
        remembered = {
            entry.sequence: entry.record.client_id
            for entry in reader.entries_since(path)
            if isinstance(entry.record, OfOrder)
        }
        assert told.items() <= remembered.items()
        # One record may have been written and not told of any more: the kill fell between the two.
        assert len(remembered) <= len(told) + KILLS
    verdict = verify(path)
    assert (True, ()) == (verdict.is_sound, verdict.complaints)
    assert len(verdict.files) > 1


def test_no_id_comes_twice_however_often_the_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "orders.journal"
    for _ in range(3):
        run_until_killed(path, 5)
    made = [
        entry.record.client_id for entry in reader.entries_since(path) if isinstance(entry.record, Intent)
    ]
    assert len(made) == len(set(made))
