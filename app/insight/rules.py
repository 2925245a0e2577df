"""What insights may show, and how their figures are made out of counts. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from app.core.actor import Role

GROUP_MEMBERS_MIN = 5
"""A group with fewer members active in the range is withheld."""
NORMAL_95 = 1.959964
"""Between minus and plus so many standard deviations lie 95 % of a normal distribution."""
SEE_WITHHELD = frozenset({Role.OWNER, Role.AUDITOR})


def withheld(sizes: Mapping[UUID, int], role: Role) -> frozenset[UUID]:
    """Which groups of one kind show no figures to this role: those too small to hide somebody in and, where that is one alone,
    the next smallest, as the rest subtracted from the total would tell. A group that nobody was in tells of nobody."""
    if role in SEE_WITHHELD:
        return frozenset()
    small = {group_id for group_id, size in sizes.items() if size < GROUP_MEMBERS_MIN}
    if sum(sizes[group_id] > 0 for group_id in small) == 1:
        others = sorted((size, str(group_id), group_id) for group_id, size in sizes.items() if group_id not in small)
        small |= {group_id for _, _, group_id in others[:1]}
    return frozenset(small)


def gini(amounts: Iterable[int]) -> float:
    """The Gini coefficient of amounts that are not negative, those of nothing included: 0 when all are equal, towards 1 when one
    has everything. By the sorted form G = 2·Σ i·x_i / (n·Σ x_i) − (n + 1) / n (Gini 1912; i from 1, x ascending)."""
    ordered = sorted(amounts)
    number, total = len(ordered), sum(ordered)
    if total == 0:
        return 0.0
    weighted = sum(place * amount for place, amount in enumerate(ordered, start=1))
    return 2 * weighted / (number * total) - (number + 1) / number


class Correlation(NamedTuple):
    """How far two measures of the same things rise together."""

    number: int
    """Of things that both were measured of."""
    rho: float | None
    """Spearman's rank correlation, −1 to 1; None for fewer than three things, or where one measure is the same for all."""
    low: float | None
    """The lower end of its 95 % interval; None for fewer than five things."""
    high: float | None


def rank_correlation(pairs: Sequence[tuple[float, float]]) -> Correlation:
    """Spearman's rank correlation with equal values sharing their mean rank, and its 95 % interval by Fisher's transformation
    with the standard error √((1 + ρ²/2) / (n − 3)) (Bonett and Wright 2000)."""
    number = len(pairs)
    if number < 3:
        return Correlation(number, None, None, None)
    rho = _pearson(_ranks([one for one, _ in pairs]), _ranks([other for _, other in pairs]))
    if rho is None or number < 5:
        return Correlation(number, rho, None, None)
    if abs(rho) >= 1:
        return Correlation(number, rho, rho, rho)
    middle, spread = math.atanh(rho), NORMAL_95 * math.sqrt((1 + rho**2 / 2) / (number - 3))
    return Correlation(number, rho, math.tanh(middle - spread), math.tanh(middle + spread))


def _ranks(values: Sequence[float]) -> list[float]:
    """The rank of each value, from 1; equal ones share the mean of theirs."""
    places: dict[float, list[int]] = {}
    for place, value in enumerate(sorted(values), start=1):
        places.setdefault(value, []).append(place)
    return [sum(places[value]) / len(places[value]) for value in values]


def _pearson(ones: Sequence[float], others: Sequence[float]) -> float | None:
    mean_one, mean_other = sum(ones) / len(ones), sum(others) / len(others)
    shared = sum((one - mean_one) * (other - mean_other) for one, other in zip(ones, others, strict=True))
    spreads = sum((one - mean_one) ** 2 for one in ones) * sum((other - mean_other) ** 2 for other in others)
    return max(-1.0, min(1.0, shared / math.sqrt(spreads))) if spreads else None


def share(part: int, whole: int) -> float | None:
    """A part of a whole; None of nothing."""
    return part / whole if whole else None
