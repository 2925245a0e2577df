"""Tallies: they count as a dictionary would, and the same counts are the same bytes."""

import random
from collections import Counter

import pytest

from app.insight import Tally


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("spread", [5, 300, 70_000])
def test_it_counts_as_a_dictionary_does(wide: bool, spread: int):
    chance = random.Random(spread)
    shift = 32 if wide else 0
    counts: Counter[int] = Counter()
    tally = Tally(wide=wide)
    for _ in range(400):
        if chance.random() < 0.5:
            some = [chance.randrange(spread) << shift for _ in range(chance.randrange(12))]
            tally.add(some)
            counts.update(some)
        else:
            some = chance.sample(list(counts.elements()), min(5, counts.total()))
            tally.take(some)
            counts -= Counter(some)

        content = tally.content()
        tally = Tally(content, wide=wide)
        assert set(tally.numbers) == set(Tally.members(content, wide=wide)) == set(counts)
        assert Tally(wide=wide).add(counts.elements()).content() == content


def test_nothing_is_no_bytes():
    assert Tally().content() == b""
    assert Tally().add([7, 7]).take([7, 7]).content() == b""
    assert len(Tally.members(b"")) == 0


def test_what_was_not_counted_is_not_taken():
    with pytest.raises(AssertionError, match="only what was counted"):
        Tally().add([1, 2]).take([3])
    with pytest.raises(AssertionError, match="only what was counted"):
        Tally().add([1, 2]).take([2, 2])
