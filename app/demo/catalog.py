"""What lumens buy at Farola: the rewards, each with a picture of its own among those that our server shows."""

from dataclasses import dataclass

from app.reward import Provider, RewardKind

EVER_SINCE = 350
"""Days before the end of the story at which most of the catalog was opened."""


@dataclass(frozen=True, slots=True)
class Item:
    """A reward, before any database knows of it. Days are counted back from the end of a year's story."""

    key: str
    """By which the claims name it; its picture is called the same."""
    name: str
    description: str
    kind: RewardKind
    price: int
    provider: Provider = Provider.MANUAL
    requires_approval: bool = True
    stock: int | None = None
    per_member_limit: int | None = None
    group: str | None = None
    """The team that it is meant for; None: everyone."""
    opened: int = EVER_SINCE
    """How many days ago it came into the catalog."""
    sold_out: int | None = None
    """How many days ago the last one was gone."""
    archived: int | None = None
    """How many days ago it was taken out again."""

    @property
    def image_url(self) -> str:
        """Where its picture is."""
        return f"/pictures/{self.key}.png"


ITEMS = (
    Item(
        "coffee",
        "Coffee with Lucía",
        "An hour by the water, two coffees, and any question that you like. Lucía pays, and plain words are welcome.",
        RewardKind.EXPERIENCE,
        0,
        requires_approval=False,
        per_member_limit=1,
    ),
    Item(
        "seagrass",
        "A square metre of seagrass",
        "Our divers' friends plant it in the bay, where it calms the waves and hides the fish. We send you a photo.",
        RewardKind.DONATION,
        50,
        requires_approval=False,
    ),
    Item(
        "plant",
        "Basil for your desk",
        "In a pot of red clay. Likes light, and being eaten.",
        RewardKind.MERCHANDISE,
        80,
        stock=20,
        archived=175,
    ),
    Item(
        "bookshop",
        "€10 at the bookshop",
        "A code, yours at once. Good for paper, e-books and audiobooks, in every bookshop of the Three Harbours chain.",
        RewardKind.GIFT_CARD,
        100,
        provider=Provider.VOUCHER,
        requires_approval=False,
    ),
    Item(
        "mug",
        "The enamel mug",
        "Survives a fall from a jetty. Tested by the Field Crew, not on purpose.",
        RewardKind.MERCHANDISE,
        120,
        stock=12,
        sold_out=64,
    ),
    Item(
        "multitool",
        "A multitool with your name on it",
        "For hands that open sensor boxes in the rain. Seawater steel, engraved in Rotterdam.",
        RewardKind.MERCHANDISE,
        220,
        stock=25,
        group="Field Crew",
        opened=190,
    ),
    Item(
        "afternoon",
        "An afternoon off",
        "Four hours beside your holidays. Say which day; we look that the light stays on.",
        RewardKind.TIME_OFF,
        250,
    ),
    Item(
        "wish",
        "A wish of your own",
        "Something up to €30 that is not on this list. Tell us what, and where one buys it.",
        RewardKind.CUSTOM,
        300,
        opened=230,
    ),
    Item(
        "raincoat",
        "The yellow raincoat",
        "The one the Field Crew wears, without the salt. Say your size, S to XXL.",
        RewardKind.MERCHANDISE,
        550,
        stock=9,
        per_member_limit=1,
        opened=140,
    ),
    Item(
        "pilots",
        "A day at sea with the pilots",
        "Out of the harbour before sunrise, up a rope ladder if you dare, and back for a late lunch. Two people a month.",
        RewardKind.EXPERIENCE,
        1_200,
        stock=2,
        opened=95,
    ),
)
