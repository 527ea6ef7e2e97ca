"""A process that appends until it is killed, and says of each record that append returned.

python -m tests.journal.appender JOURNAL
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

from tests.journal.story import ACCOUNT, ended, filled, intent, sending

from venuekit.journal.rotation import Rotation
from venuekit.journal.writer import open_journal


def main(path: Path) -> None:
    # 20 kB: at a few kills in a hundred the process is at work on a new file.
    journal, _ = open_journal(
        path, ACCOUNT, now=1.0, prefix="vk", rotate=Rotation(size=20_000, ended_for=2.0)
    )
    for number in itertools.count():
        client_id = journal.ids.take(float(number))
        for item in (intent, sending, filled, ended):
            sequence = journal.append(item(client_id, at=float(number)))
            os.write(1, b"%d %s\n" % (sequence, client_id.encode()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
