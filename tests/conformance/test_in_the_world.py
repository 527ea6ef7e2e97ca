"""Every card that is one of our connectors', in the simulated world, where troubles last and nobody waits."""

from __future__ import annotations

import asyncio

import pytest
from tests.conformance.broken_orders import CountsTroubleAsAbsence

from venuekit.sim.options import Profile
from venuekit.testing.conformance import CARDS, Card, CardFailed, ConformanceSuite, Group
from venuekit.testing.conformance.card import Play
from venuekit.testing.conformance.stage import Stage
from venuekit.testing.conformance.traits import Traits
from venuekit.testing.conformance.world import play_in_world


def _suite(connector: str) -> ConformanceSuite:
    suite = ConformanceSuite()
    suite.connector = connector  # type: ignore[misc] # of this suite alone
    return suite


_SUITES = [_suite(name) for name in ("binance", "binance_perpetual", "bybit", "bybit_perpetual")]
_PLAYS = [
    pytest.param(suite, card, id=f"{suite.name}-{card.id}")
    for suite, traits in [(suite, Traits(suite.kind, suite.venue)) for suite in _SUITES]
    for card in CARDS
    if traits.objection(card) is None
]


@pytest.mark.parametrize("profile", Profile, ids=[profile.value for profile in Profile])
@pytest.mark.parametrize(("suite", "card"), _PLAYS)
def test_a_card_passes_in_the_world(suite: ConformanceSuite, card: Card, profile: Profile) -> None:
    play_in_world(suite, card, profile)


@pytest.mark.parametrize("profile", Profile, ids=[profile.value for profile in Profile])
def test_a_defect_fails_its_card_in_the_world_too(profile: Profile) -> None:
    suite = ConformanceSuite()
    suite.connector, suite.dialect = CountsTroubleAsAbsence, "binance"  # type: ignore[misc] # of this suite alone
    (card,) = [card for card in CARDS if card.title.startswith("M1 ")]
    with pytest.raises(CardFailed, match="while nobody could be asked"):
        play_in_world(suite, card, profile)


def _card(play: Play) -> Card:
    return Card(
        number=0,
        group=Group.SESSIONS,
        title="",
        precondition="",
        stimulus="",
        expected="",
        needs=(),
        play=play,
    )


def test_what_nobody_caught_in_the_world_fails_the_card() -> None:
    async def play(_stage: Stage) -> None:
        asyncio.get_running_loop().call_exception_handler({"message": "something was lost"})

    with pytest.raises(CardFailed, match="something was lost"):
        play_in_world(_SUITES[0], _card(play), Profile.DIRECT)
