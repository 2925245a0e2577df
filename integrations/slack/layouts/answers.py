"""What is answered, to the one who asks, when somebody asks in words: balance, help, values, history, top."""

from collections.abc import Sequence

from integrations.slack.layouts import parts, wording
from integrations.slack.layouts.parts import button, context, section, sections
from integrations.slack.layouts.shapes import HistoryItem, Json, Message, Person, Standing, Unit
from integrations.slack.layouts.wording import DOT, date, each, left, left_plain, link, mentions, names, points, word

LINES_MAX = 50
ITEMS_MAX = 10
RANKS_MAX = 10


def balance(unit: Unit, balance: int, standing: Standing | None) -> Message:
    """What somebody has to spend, and left to give."""
    line, text = f"You have *{points(unit, balance)}* to spend.", f"You have {points(unit, balance)} to spend."
    if standing is None:
        gives = "You are not set up to give."
        return parts.message(f"{text} {gives}", [section(f"{line}\n{gives}")])
    return parts.message(f"{text} {left_plain(standing)} to give.", [section(f"{line}\nTo give: {left(standing)}.")])


def help_text(command: str, unit: Unit, words: Sequence[tuple[str, str]], also: Sequence[str] = ()) -> Message:
    """How to give, and what else can be asked. `words`: what to type after the command, and what that does; `also`: sentences
    about other ways."""
    said = word(command)
    blocks = [
        section(
            f"*Thank somebody*\n`{said} @name 10 for helping with the release #teamwork`\n"
            f"Everyone named gets that many {word(unit.plural)}; 0 is plain thanks. `{said}` alone opens a form."
        ),
        *sections([f"`{said} {word(typed)}`  {word(does)}" for typed, does in words[:LINES_MAX]]),
        *([context("\n".join(word(line) for line in also))] if also else []),
        parts.actions([button("give_open", "Open the form", style="primary")]),
    ]
    return parts.message(f"To thank somebody, type: {said} @name 10 for helping with the release.", blocks)


def values(values: Sequence[tuple[str, str]]) -> Message:
    """The company values, as hashtags with names."""
    if not values:
        return parts.message("There are no company values yet.", [section("There are no company values yet.")])
    lines = [f"*#{word(hashtag, 50)}*  {word(name)}" for hashtag, name in values[:LINES_MAX]]
    blocks = [*sections(["Write one into what you say:", *lines]), *parts.ending(len(values) - LINES_MAX, None)]
    listed = wording.hashtags([hashtag for hashtag, _ in values])
    return parts.message(f"The company values are {listed}.", blocks)


def history(unit: Unit, items: Sequence[HistoryItem]) -> Message:
    """What somebody gave and received lately, the newest first."""
    if not items:
        sentence = "You have given and received nothing yet."
        return parts.message(sentence, [section(sentence)])
    blocks = [block for item in items[:ITEMS_MAX] for block in item_blocks(item)]
    newest = items[0]
    counted = Unit("entry", "entries").of(min(len(items), ITEMS_MAX))
    text = f"Your history, {counted}, the newest from {wording.day(newest.at)}: {_item_sentence(unit, newest)}."
    return parts.message(text, [*blocks, *parts.ending(len(items) - ITEMS_MAX, None)])


def top(unit: Unit, period_name: str, givers: Sequence[tuple[Person, int]], receivers: Sequence[tuple[Person, int]]) -> Message:
    """Who gave and who received most in a period, each with points."""
    period = word(period_name)
    blocks = [section(f"*{period}*")]
    for title, people in (("Gave most", givers), ("Received most", receivers)):
        lines = [f"{rank}. {person.mention}  {points(unit, number)}" for rank, (person, number) in enumerate(people, 1)]
        blocks += sections([f"*{title}*", *(lines[:RANKS_MAX] or ["Nobody yet."])])
    first = [f"{names([people[0][0]])} {what} most" for what, people in (("gave", givers), ("received", receivers)) if people]
    return parts.message(f"{period}: {wording.listing(first) if first else 'nobody gave anything yet'}.", blocks)


def item_blocks(item: HistoryItem) -> list[Json]:
    """One line of a history, and what was said."""
    line = DOT.join(
        [
            _item_line(item),
            date(item.at),
            *(["private"] if item.private else []),
            *(["taken back"] if item.taken_back else []),
            *([link(item.permalink, "see the message")] if item.permalink else []),
        ]
    )
    return [section(line), *parts.quote(item.message, parts.EXCERPT_CHARS_MAX)]


def nothing_more(has_older: bool) -> Json:
    """How the latest of a history end."""
    return context("Older ones are under *My history*." if has_older else "Nothing older.")


def _item_line(item: HistoryItem) -> str:
    who, number = mentions(item.people), f"*{item.points_each:,}{' each' if _is_to_several(item) else ''}*"
    if item.boost:
        return f"{who} added {number} for you" if item.received else f"You added {number} for {who}"
    if not item.points_each:
        return f"{who} thanked you" if item.received else f"You thanked {who}"
    return f"{who} gave you {number}" if item.received else f"You gave {who} {number}"


def _item_sentence(unit: Unit, item: HistoryItem) -> str:
    """The same for the text beside the blocks."""
    who = names(item.people)
    if not item.points_each:
        return f"{who} thanked you" if item.received else f"you thanked {who}"
    what = each(unit, item.points_each, 2 if _is_to_several(item) else 1)
    verb = "added" if item.boost else "gave"
    return f"{who} {verb} {what}" if item.received else f"you {verb} {what} to {who}"


def _is_to_several(item: HistoryItem) -> bool:
    return not item.received and len(item.people) > 1
