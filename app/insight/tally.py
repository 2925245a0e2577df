"""Tallies: how often each of many small numbers was counted, kept so that who is among them is a union away.

First stands a compressed bitmap of all numbers that were counted. How often each was counted again is written in binary, and each
binary digit is one more bitmap, of the numbers that have it: counting up is an addition with carry, and counting down a
subtraction. The same counts are always the same bytes, however they came about."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Self

from pyroaring import BitMap, BitMap64

_LENGTH_BYTES = 4
Bits = Any
"""A BitMap or a BitMap64: they do the same and have no common type."""


class Tally:
    """Counts by number. `wide`: numbers beyond 32 bits."""

    def __init__(self, content: bytes = b"", *, wide: bool = False) -> None:
        self._kind: Bits = BitMap64 if wide else BitMap
        self.numbers: Bits = self._kind()
        """All that were counted."""
        self._again: list[Bits] = []
        """The binary digits of how often beyond the first time."""
        parts = list(_parts(content))
        if parts:
            self.numbers = self._kind.deserialize(parts[0])
            self._again = [self._kind.deserialize(part) for part in parts[1:]]

    def add(self, numbers: Iterable[int]) -> Self:
        """Counts each of the numbers once more; one may come several times."""
        for once in self._parted(numbers):
            carry = once & self.numbers
            self.numbers |= once
            for place, digit in enumerate(self._again):
                if not carry:
                    break
                carry, self._again[place] = carry & digit, carry ^ digit
            if carry:
                self._again.append(carry)
        return self

    def take(self, numbers: Iterable[int]) -> Self:
        """Counts each of the numbers once less. They must have been counted."""
        for once in self._parted(numbers):
            assert once.issubset(self.numbers), "only what was counted is taken back"
            several = self._kind.union(*self._again) if self._again else self._kind()
            self.numbers -= once - several
            borrow = once & several
            for place, digit in enumerate(self._again):
                if not borrow:
                    break
                borrow, self._again[place] = borrow - digit, borrow ^ digit
        while self._again and not self._again[-1]:
            self._again.pop()
        return self

    def _parted(self, numbers: Iterable[int]) -> Iterable[Bits]:
        """Sets that hold each number once, as often as it comes."""
        rest = sorted(numbers)
        while rest:
            again = [number for number, following in pairwise(rest) if number == following]
            yield self._kind(rest)
            rest = again

    def content(self) -> bytes:
        """As bytes; empty when nothing is counted."""
        written = []
        for bits in (self.numbers, *self._again) if self.numbers else ():
            packed = self._kind(bits.to_array())  # Made anew: how it came about would show in its bytes.
            packed.run_optimize()
            part = packed.serialize()
            written += [len(part).to_bytes(_LENGTH_BYTES, "big"), part]
        return b"".join(written)

    @classmethod
    def members(cls, content: bytes, *, wide: bool = False) -> Bits:
        """All numbers that a tally counted, from its bytes, without looking at how often."""
        first = next(_parts(content), None)
        kind: Bits = BitMap64 if wide else BitMap
        return kind.deserialize(first) if first is not None else kind()


def _parts(content: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(content):
        end = at + _LENGTH_BYTES + int.from_bytes(content[at : at + _LENGTH_BYTES], "big")
        yield content[at + _LENGTH_BYTES : end]
        at = end
