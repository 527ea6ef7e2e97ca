"""A plugin for pytest: the tests of a run see the bug that `VENUEKIT_PLANTED` names.

VENUEKIT_PLANTED=lost-sending-record python -m pytest -p tests.mutation.plugin tests/journal
"""

from __future__ import annotations

import os

from tests.mutation.planting import bugs, plant

for _bug in bugs():
    if _bug.key == os.environ.get("VENUEKIT_PLANTED"):
        plant(_bug)
        break
else:
    raise SystemExit(f"no planted bug is called {os.environ.get('VENUEKIT_PLANTED')!r}")
