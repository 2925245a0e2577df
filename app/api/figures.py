"""GraphQL types of figures: what insights are made of."""

from datetime import date

import strawberry

from app.api.described import described
from app.api.numbers import Total
from app.api.people import CompanyValue, Group, Member
from app.insight import Bucket

strawberry.enum(Bucket)


@described
@strawberry.input
class DateRange:
    """Days of the organization, in its time zone."""

    from_: date = strawberry.field(name="from")
    """The first day."""
    to: date
    """The last day; it belongs to the range."""


@described
@strawberry.type
class Participation:
    """How many take part. Observers are in no denominator, receivers not in that of giving, givers not in that of receiving,
    by their mode at the end of the range."""

    active_members: int
    """Members who were active on at least one day of the range, observers left out."""
    givers: int
    """Those of them who gave a recognition or a boost."""
    receivers: int
    """Those of them who received one."""
    giving_rate: float | None
    """Givers ÷ active members who may give; null where there are none."""
    receiving_rate: float | None
    """Receivers ÷ active members who may receive; null where there are none."""


@described
@strawberry.type
class TrendPoint:
    """One bucket of a trend."""

    start: date
    """Its first day. The first bucket may start before the range, and counts only days within it."""
    recognition_count: int
    """Recognitions given in it; boosts are none."""
    points: int
    """Points given in it, boosts included."""
    givers: int
    """Distinct members who gave in it."""
    receivers: int
    """Distinct members who received in it."""


@described
@strawberry.type
class ValueCount:
    """What was given for a company value. Recognitions may be for several values: these add up to more than the total."""

    value: CompanyValue
    """The value."""
    recognition_count: int
    """Recognitions for it."""
    points: int
    """Points given with them, boosts included."""


@described
@strawberry.type
class GroupCount:
    """What a group gave and received. Members may be in several groups: these add up to more than the total."""

    group: Group
    """The group; who was in it is known for every day."""
    withheld: bool
    """Whether it is too small to be shown."""
    given: int | None
    """Recognitions by its members; null when withheld, as are all figures."""
    received: int | None
    """Recognitions to its members."""
    points_given: int | None
    """Points by its members, boosts included."""
    points_received: int | None
    """Points to its members, boosts included."""
    giving_rate: float | None
    """Of its active members who may give, how many did."""
    receiving_rate: float | None
    """Of its active members who may receive, how many did."""


@described
@strawberry.type
class GroupFlow:
    """What one group gave another, or itself. A recognition counts once for each pair of groups."""

    from_: Group = strawberry.field(name="from")
    """The group of the giver."""
    to: Group
    """The group of a recipient."""
    withheld: bool
    """Whether one of them is too small to be shown."""
    recognition_count: int | None
    """Recognitions; null when withheld."""
    points: int | None
    """Points, boosts included; null when withheld."""


@described
@strawberry.type
class MemberCount:
    """What a member gave or received, in public."""

    member: Member
    """The member."""
    recognition_count: int
    """Recognitions."""
    points: int
    """Points, boosts included."""


@described
@strawberry.type
class Concentration:
    """Whether recognition comes from few and goes to few."""

    gini_received: float
    """Gini coefficient of points received, over active members who may receive, those with none included: 0 is all alike,
    towards 1 one has everything."""
    gini_given: float
    """The same of points given, over active members who may give."""
    never_recognised: int
    """Active members who may receive and received nothing in the range."""
    reciprocity: float
    """Share of giver→recipient pairs that also occur the other way."""


@described
@strawberry.type
class Funnel:
    """How far people come: each step counts those of the step before."""

    joined: int
    """Members who were active on at least one day of the range."""
    gave: int
    """Of these, who gave."""
    received: int
    """Of these, who also received."""
    redeemed: int
    """Of these, who also redeemed something."""


@described
@strawberry.type
class Economy:
    """How points came, went round and were spent in the range."""

    issued: Total
    """Points to give: at the beginning of periods, by raises and top-ups."""
    given: Total
    """Given, boosts included, whatever became of it later."""
    taken_back: Total
    """Taken back, as what was given was revoked, on the day of that."""
    expired: Total
    """Points to give that nobody gave in their time."""
    adjusted: Total
    """Put into wallets less taken out of them by admins."""
    imported: Total
    """Brought in with another system's history."""
    redeemed: Total
    """Held for rewards."""
    returned: Total
    """Back from redemptions that came to nothing before they were delivered."""
    fulfilled: Total
    """Spent for good."""
    refunded: Total
    """Back from redemptions after their delivery."""
    holding: Total
    """Points in wallets, and held for rewards, now."""
    velocity: float | None
    """Points given ÷ points issued in the range: 1 is all that was issued; null where nothing was."""


@described
@strawberry.type
class GroupOutcome:
    """A group's outcome beside how much it was recognised, over the months of the range that were measured."""

    group: Group
    """The group."""
    withheld: bool
    """Whether it is too small to be shown; it is not counted then, either."""
    months: int | None
    """Months that were measured; null when withheld, as are all figures."""
    recognitions_per_member: float | None
    """Recognitions received per active member and month."""
    outcome: float | None
    """The mean of its months."""


@described
@strawberry.type
class Influence:
    """Recognition beside an outcome that admins uploaded. Each group counts once, as the mean of its months."""

    metric: str
    """The measure."""
    groups: list[GroupOutcome]
    """Groups that were measured, by name."""
    number: int
    """Groups that the correlation is of."""
    correlation: float | None
    """Spearman's rank correlation, −1 to 1; null for fewer than three groups, or where one measure is the same for all."""
    low: float | None
    """Lower end of its 95 % interval; null for fewer than five groups."""
    high: float | None
    """Upper end of it."""
    warning: str
    """What correlation is not. Show it beside the number."""
