"""Tallies: how often each of many small numbers was counted, kept so that who is among them is a union away.

The counts are written in binary, and each binary digit is a compressed bitmap of the numbers whose count has it: counting up is
an addition with carry, and counting down a subtraction. The same counts are always the same bytes, however they came about."""

from collections.abc import Iterable
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
        self._digits: list[Bits] = []
        at = 0
        while at < len(content):
            end = at + _LENGTH_BYTES + int.from_bytes(content[at : at + _LENGTH_BYTES], "big")
            self._digits.append(self._kind.deserialize(content[at + _LENGTH_BYTES : end]))
            at = end

    def add(self, numbers: Iterable[int]) -> Self:
        """Counts each of the numbers once more; one may come several times."""
        for once in self._parted(numbers):
            carry = once
            for place, digit in enumerate(self._digits):
                carry, self._digits[place] = carry & digit, carry ^ digit
                if not carry:
                    break
            if carry:
                self._digits.append(carry)
        return self

    def take(self, numbers: Iterable[int]) -> Self:
        """Counts each of the numbers once less. They must have been counted."""
        for once in self._parted(numbers):
            borrow = once
            for place, digit in enumerate(self._digits):
                borrow, self._digits[place] = borrow - digit, borrow ^ digit
                if not borrow:
                    break
            assert not borrow, "only what was counted is taken back"
        while self._digits and not self._digits[-1]:
            self._digits.pop()
        return self

    def _parted(self, numbers: Iterable[int]) -> Iterable[Bits]:
        """Sets that hold each number once, as often as it comes."""
        rest = sorted(numbers)
        while rest:
            again = [number for number, following in pairwise(rest) if number == following]
            yield self._kind(rest)
            rest = again

    @property
    def numbers(self) -> Bits:
        """All that were counted."""
        return self._kind.union(*self._digits) if self._digits else self._kind()

    def content(self) -> bytes:
        """As bytes; empty when nothing is counted."""
        parts = []
        for digit in self._digits:
            packed = self._kind(digit)
            packed.run_optimize()
            written = packed.serialize()
            parts += [len(written).to_bytes(_LENGTH_BYTES, "big"), written]
        return b"".join(parts)
