"""Words that layouts share: amounts, lists of people, days and links, as mrkdwn or as plain sentences."""

import re
from collections.abc import Sequence
from datetime import datetime

from integrations.slack.layouts.shapes import Person, Standing, Unit
from integrations.slack.markup import cut, escape

PEOPLE = Unit("person", "people")
NAMED_MAX = 10
"""People, values or groups that a sentence names before it counts the rest."""
WORD_CHARS_MAX = 300
"""Of a word or a line that somebody typed, escaped: the name of a reward, of a group, of a rule."""
UNIT_CHARS_MAX = 60
"""Of an amount with its unit, escaped."""
DOT = "  ·  "


def word(text: str, chars_max: int = WORD_CHARS_MAX) -> str:
    """What somebody typed, on one line, fit to stand in mrkdwn."""
    return cut(escape(" ".join(text.split())), chars_max)


def points(unit: Unit, number: int) -> str:
    """`10 points`, as mrkdwn: an admin has typed the name of the unit."""
    return word(unit.of(number), UNIT_CHARS_MAX)


def plural(unit: Unit) -> str:
    """`Points`, to begin a label with, as plain text."""
    return unit.plural[:1].upper() + unit.plural[1:]


def each(unit: Unit, number: int, people: int) -> str:
    """`10 points`, or to several people `10 points each`, as mrkdwn."""
    return points(unit, number) + (" each" if people > 1 else "")


def listing(words: Sequence[str], *, named_max: int = NAMED_MAX) -> str:
    """`a, b and c`; of many, the first are named and the rest is counted."""
    named = list(words[:named_max])
    if len(words) > named_max:
        named.append(f"{len(words) - named_max:,} more")
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def mentions(people: Sequence[Person]) -> str:
    """People as mrkdwn that Slack shows as their names."""
    return listing([person.mention for person in people])


def names(people: Sequence[Person]) -> str:
    """People by name, escaped, for the text beside the blocks."""
    return listing([person.called for person in people])


def hashtags(values: Sequence[str]) -> str:
    """`#teamwork #craft`, as mrkdwn."""
    shown = " ".join(f"#{word(value, 50)}" for value in values[:NAMED_MAX])
    return shown if len(values) <= NAMED_MAX else f"{shown} and {len(values) - NAMED_MAX} more"


def day(moment: datetime) -> str:
    """`1 December`, in the zone of the moment itself."""
    return f"{moment.day} {moment:%B}"


def date(moment: datetime) -> str:
    """The day as mrkdwn, which Slack shows in the reader's own zone and language."""
    return f"<!date^{int(moment.timestamp())}^{{date_short_pretty}}|{day(moment)}>"


def time(moment: datetime) -> str:
    """The time of day as mrkdwn, in the reader's own zone."""
    return f"<!date^{int(moment.timestamp())}^{{time}}|{moment:%H:%M}>"


def left(standing: Standing) -> str:
    """`*30 of 50* left until 1 December`, as mrkdwn."""
    return f"*{standing.remaining:,} of {standing.total:,}* left until {date(standing.resets_at)}"


def left_plain(standing: Standing) -> str:
    """The same for the text beside the blocks."""
    return f"{standing.remaining:,} of {standing.total:,} left until {day(standing.resets_at)}"


def link(url: str, text: str) -> str:
    """A link as mrkdwn."""
    return f"<{escape(url).replace('|', '%7C')}|{escape(text)}>"


def more_on_the_web(left_out: int, web_url: str | None) -> str:
    """How a list ends that is longer than what is shown."""
    return f"and {left_out:,} more" + (f" on {link(web_url, 'the web')}" if web_url else "")


def plain(mrkdwn: str) -> str:
    """The same sentence without bold, and with days written out: for the text beside the blocks."""
    without_dates = re.sub(r"<!date\^[^|>]*\|([^>]*)>", r"\1", mrkdwn)
    return re.sub(r"(?<!\w)\*([^*\n]+)\*(?!\w)", r"\1", without_dates)
