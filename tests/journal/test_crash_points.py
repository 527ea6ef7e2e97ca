"""A run that dies before each of its steps on the disk in turn, and what the next run finds."""

from __future__ import annotations

import pytest
from tests.journal.story import (
    PATH,
    Death,
    begin,
    dies_at,
    ended,
    filled,
    intent,
    new_disk,
    sending,
)

from venuekit.journal import reader
from venuekit.journal.inspection import verify
from venuekit.journal.record import Body
from venuekit.journal.rotation import Rotation
from venuekit.journal.writer import Durability
from venuekit.sim.disk import SimDisk

RULE = Rotation(size=1_500, ended_for=2.0)


class Run:
    """What a run was promised: the ids it was given and the records it may rely on."""

    def __init__(self, disk: SimDisk, durability: Durability) -> None:
        self.disk = disk
        self.durability = durability
        self.ids: list[str] = []
        self.kept: dict[int, Body] = {}

    async def trade(self, orders: int) -> None:
        with begin(self.disk, now=1.0, durability=self.durability, rotate=RULE) as journal:
            for number in range(orders):
                client_id = journal.ids.take(float(number))
                self.ids.append(client_id)
                for kind in (intent, sending, filled, ended):
                    item = kind(client_id, at=float(number))
                    sequence = journal.append(item)
                    await journal.kept(sequence)
                    self.kept[sequence] = item


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("durability", Durability)
async def test_dying_at_any_step_breaks_no_promise_to_the_next_run(durability: Durability, seed: int) -> None:
    step, completed = 0, False
    while not completed:
        step += 1
        disk = new_disk(seed)
        dies_at(disk, step)
        first, second = Run(disk, durability), Run(disk, durability)
        try:
            await first.trade(8)
            completed = True
        except Death:
            pass
        disk.before_change = None
        disk.process_ends() if durability is Durability.PROCESS else disk.lose_power()
        await second.trade(2)
        remembered = {entry.sequence: entry.record for entry in reader.entries_since(PATH, disk=disk)}
        assert first.kept.items() <= remembered.items()
        assert not [client_id for client_id in second.ids if client_id in first.ids]
        assert verify(PATH, disk).is_sound
    assert step > 40


async def test_after_a_power_cut_without_power_durability_no_id_comes_twice_all_the_same() -> None:
    for step in range(1, 60):
        disk = new_disk(step)
        dies_at(disk, step)
        first, second = Run(disk, Durability.PROCESS), Run(disk, Durability.PROCESS)
        with pytest.raises(Death):
            await first.trade(20)
        disk.before_change = None
        disk.lose_power()
        await second.trade(2)
        assert not [client_id for client_id in second.ids if client_id in first.ids]
