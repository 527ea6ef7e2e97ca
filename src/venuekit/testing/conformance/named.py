"""The cards of the connector that `pytest --venuekit-connector NAME` names; collected by the plug-in only."""

from __future__ import annotations

import pytest

from venuekit.testing.conformance.suite import ConformanceSuite

__all__ = ["TestConnector"]


class TestConnector(ConformanceSuite):
    """An installed connector."""

    @pytest.fixture(autouse=True)
    def _named(self, request: pytest.FixtureRequest) -> None:
        self.connector = request.config.getoption("--venuekit-connector")  # type: ignore[misc] # of this run
