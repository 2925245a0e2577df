"""What insights may show, and how their figures are made out of counts. Pure."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from app.core.actor import Role

GROUP_MEMBERS_MIN = 5
"""A group with fewer members active in the range is withheld."""
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


def share(part: int, whole: int) -> float | None:
    """A part of a whole; None of nothing."""
    return part / whole if whole else None
