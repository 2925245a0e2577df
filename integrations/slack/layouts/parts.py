"""Blocks from which layouts are put together: too long a text is cut here, and too many of our own is a bug."""

from collections.abc import Iterable, Sequence
from typing import Literal

from integrations.slack.layouts.shapes import Button, Json, Message
from integrations.slack.layouts.wording import more_on_the_web
from integrations.slack.markup import cut, escape

TEXT_CHARS_MAX = 4_000
"""Slack takes 40,000 and advises this."""
MESSAGE_BLOCKS_MAX = 50
VIEW_BLOCKS_MAX = 100
SECTION_CHARS_MAX = 3_000
FIELDS_MAX = 10
FIELD_CHARS_MAX = 2_000
CONTEXT_ELEMENTS_MAX = 10
CONTEXT_CHARS_MAX = 2_000
ACTIONS_MAX = 25
OVERFLOW_MAX = 5
OPTIONS_MAX = 100
OPTION_CHARS_MAX = 75
OPTION_VALUE_CHARS_MAX = 75
BUTTON_CHARS_MAX = 75
BUTTON_VALUE_CHARS_MAX = 2_000
URL_CHARS_MAX = 3_000
HEADER_CHARS_MAX = 150
ID_CHARS_MAX = 255
QUOTE_CHARS_MAX = 2_900
"""Of what somebody wrote, escaped: 2,000 times & are 10,000 characters."""
EXCERPT_CHARS_MAX = 300
"""Of the same in a list."""

Style = Literal["primary", "danger"] | None


def message(text: str, blocks: Sequence[Json], metadata: Json | None = None) -> Message:
    """A message; `text` is a full sentence, as mrkdwn."""
    assert text, "screen readers read the text"
    assert len(blocks) <= MESSAGE_BLOCKS_MAX, f"{len(blocks)} blocks in a message"
    return Message(cut(text, TEXT_CHARS_MAX), list(blocks), metadata)


def shorten(text: str, chars_max: int) -> str:
    """Plain text, cut to so many characters. Slack refuses an empty one, so that nothing becomes a dash."""
    if len(text) > chars_max:
        text = text[: chars_max - 1].rstrip() + "…"
    return text if text.strip() else "–"


def excerpt(text: str, chars_max: int = QUOTE_CHARS_MAX) -> str:
    """What somebody wrote, not escaped, cut to what has so many characters when it is."""
    kept = cut(escape(text), chars_max)
    return kept.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def plain_text(text: str, chars_max: int) -> Json:
    """Text in which nothing but emoji is looked for."""
    return {"type": "plain_text", "text": shorten(text, chars_max), "emoji": True}


def mrkdwn(text: str, chars_max: int = SECTION_CHARS_MAX) -> Json:
    """Text with mentions, dates and bold. Verbatim, so that Slack makes no links of its own from a #hashtag or a name."""
    return {"type": "mrkdwn", "text": cut(text, chars_max), "verbatim": True}


def section(text: str, *, accessory: Json | None = None, block_id: str | None = None) -> Json:
    """A paragraph of mrkdwn, with something to press beside it."""
    block: Json = {"type": "section", "text": mrkdwn(text)}
    if accessory is not None:
        block["accessory"] = accessory
    return block | _block_id(block_id)


def sections(lines: Iterable[str]) -> list[Json]:
    """Lines of mrkdwn in as few paragraphs as they fit into."""
    paragraphs: list[str] = []
    for line in lines:
        line = cut(line, SECTION_CHARS_MAX)
        if paragraphs and len(paragraphs[-1]) + 1 + len(line) <= SECTION_CHARS_MAX:
            paragraphs[-1] += "\n" + line
        else:
            paragraphs.append(line)
    return [section(paragraph) for paragraph in paragraphs]


def fields(*texts: str) -> list[Json]:
    """Short paragraphs of mrkdwn in two columns."""
    elements = [mrkdwn(text, FIELD_CHARS_MAX) for text in texts]
    return [{"type": "section", "fields": elements[start : start + FIELDS_MAX]} for start in range(0, len(elements), FIELDS_MAX)]


def context(*texts: str) -> Json:
    """Small print of mrkdwn."""
    assert 1 <= len(texts) <= CONTEXT_ELEMENTS_MAX, f"{len(texts)} texts in a context"
    return {"type": "context", "elements": [mrkdwn(text, CONTEXT_CHARS_MAX) for text in texts]}


def quote(text: str, chars_max: int = QUOTE_CHARS_MAX) -> list[Json]:
    """What somebody wrote, letter by letter: nothing in it is parsed. Nothing written, no block."""
    shown = excerpt(text.strip(), chars_max)
    if not shown:
        return []
    quoted = {"type": "rich_text_quote", "elements": [{"type": "text", "text": shown}]}
    return [{"type": "rich_text", "elements": [quoted]}]


def header(text: str) -> Json:
    """A heading."""
    return {"type": "header", "text": plain_text(text, HEADER_CHARS_MAX)}


def divider() -> Json:
    """A line across."""
    return {"type": "divider"}


def button(
    action_id: str,
    text: str,
    value: str | None = None,
    *,
    style: Style = None,
    url: str | None = None,
    confirm: Json | None = None,
    about: str | None = None,
) -> Json:
    """A button. `about` names its object for a screen reader, where several buttons say the same."""
    made: Json = {"type": "button", "action_id": identified(action_id), "text": plain_text(text, BUTTON_CHARS_MAX)}
    if value is not None:
        assert len(value) <= BUTTON_VALUE_CHARS_MAX, "a button's value is an id"
        made["value"] = value
    if url is not None:
        assert len(url) <= URL_CHARS_MAX, "an address of ours is short"
        made["url"] = url
    if style is not None:
        made["style"] = style
    if confirm is not None:
        made["confirm"] = confirm
    if about is not None:
        made["accessibility_label"] = shorten(f"{text}: {about}", BUTTON_CHARS_MAX)
    return made


def actions(elements: Sequence[Json], *, block_id: str | None = None) -> Json:
    """A row of things to press."""
    assert 1 <= len(elements) <= ACTIONS_MAX, f"{len(elements)} elements in a row"
    return {"type": "actions"} | _block_id(block_id) | {"elements": list(elements)}


def buttons(given: Sequence[Button]) -> list[Json]:
    """A row of buttons; none, no row."""
    return [actions([button(one.action_id, one.text, one.value, style=one.style) for one in given])] if given else []


def confirm(title: str, text: str, yes: str, no: str = "Cancel", *, danger: bool = True) -> Json:
    """The question that a press on a button asks first; `text` is mrkdwn."""
    asked: Json = {
        "title": plain_text(title, 100),
        "text": mrkdwn(text, 300),
        "confirm": plain_text(yes, 30),
        "deny": plain_text(no, 30),
    }
    return asked | ({"style": "danger"} if danger else {})


def option(text: str, value: str, description: str | None = None) -> Json:
    """One choice."""
    assert 1 <= len(value) <= OPTION_VALUE_CHARS_MAX, "an option's value is an id"
    made: Json = {"text": plain_text(text, OPTION_CHARS_MAX), "value": value}
    if description and description.strip():
        made["description"] = plain_text(description, OPTION_CHARS_MAX)
    return made


def overflow(action_id: str, options: Sequence[Json]) -> Json:
    """The menu behind three dots."""
    assert 1 <= len(options) <= OVERFLOW_MAX, f"{len(options)} entries in a menu"
    return {"type": "overflow", "action_id": identified(action_id), "options": list(options)}


def ending(left_out: int, web_url: str | None) -> list[Json]:
    """How a list ends that is longer than what is shown; one that is not ends without a word."""
    return [context(more_on_the_web(left_out, web_url))] if left_out > 0 else []


def identified(id_: str) -> str:
    """An action's or a block's id, which is ours and short."""
    assert 1 <= len(id_) <= ID_CHARS_MAX, f"an id of {len(id_)} characters"
    return id_


def _block_id(block_id: str | None) -> Json:
    return {} if block_id is None else {"block_id": identified(block_id)}
