"""How long machines are checked by model, and whether the model finds what is planted in a machine.

`VENUEKIT_MACHINES=50` makes every such test fifty times as long; in the ordinary suite it is 1.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from venuekit.errors import VenuekitError

_TIMES = float(os.environ.get("VENUEKIT_MACHINES", "1"))


def budget(examples: int, steps: int = 40) -> settings:
    """So many runs of at most so many steps, times what the environment says."""
    return settings(max_examples=max(1, int(examples * _TIMES)), stateful_step_count=steps, deadline=None)


def finds_it(machine: type[RuleBasedStateMachine], within: settings) -> bool:
    """Whether a machine that now has a defect disagrees with its model, in five ordinary budgets at most.

    Most defects show within a fraction of one. The examples are the same in every run; none is made smaller.
    """
    hunt = settings(
        within,
        max_examples=5 * within.max_examples,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(machine, settings=hunt)
    except (AssertionError, VenuekitError, pytest.fail.Exception):
        return True
    return False
