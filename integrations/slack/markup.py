"""Slack's markup: into plain text, and plain text safely into it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

OMITTED = "…"
"""Stands where code or a quote was left out, so that what stood on either side of it does not touch."""

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_CHARACTERS = {entity: character for character, entity in _ESCAPES.items()}
_ENTITY = re.compile(r"&(?:amp|lt|gt);")
_ENTITY_CHARS_MAX = max(map(len, _CHARACTERS))
# Neither bracket may stand inside: Slack escapes them there, and only so is a text of nothing but brackets read in linear time.
_REFERENCE_OR_ENTITY = re.compile(rf"<(?P<inside>[^<>]+)>|{_ENTITY.pattern}")
_CODE_OR_QUOTE = re.compile(
    r"```(?s:.*?)```"  # a block of code
    r"|`[^`\n]+`"  # a piece of code
    r"|^&gt;&gt;&gt;(?s:.*)"  # a quote that goes on to the end
    r"|^&gt;.*$",  # a quoted line
    re.MULTILINE,
)
_ID = re.compile(r"[A-Z0-9]+")
_SKIN_TONE = "::skin-tone-"


class Refers(StrEnum):
    """What something in angle brackets refers to."""

    PERSON = "person"
    CHANNEL = "channel"
    GROUP = "group"
    BROADCAST = "broadcast"
    """Everybody here, or in the channel, or in the workspace."""
    DATE = "date"
    LINK = "link"
    OTHER = "other"


_SHAPES = (
    (Refers.PERSON, re.compile(rf"@({_ID.pattern})")),
    (Refers.CHANNEL, re.compile(rf"#({_ID.pattern})")),
    (Refers.GROUP, re.compile(rf"!subteam\^({_ID.pattern})")),
    (Refers.BROADCAST, re.compile(r"!(here|channel|everyone)")),
    (Refers.DATE, re.compile(r"!date\^(.*)", re.DOTALL)),
    (Refers.OTHER, re.compile(r"([@#!].*)", re.DOTALL)),
)
"""How it begins; all else is a link."""


class Reference(NamedTuple):
    """What stood in angle brackets, taken apart."""

    to: Refers
    target: str
    """Its id, its address, or what else it is known by."""
    label: str
    """What whoever wrote it says that it is called, still escaped; "" if nothing."""


class Mentioned(NamedTuple):
    """Slack's ids of whoever a text mentions: in order, each once."""

    people: tuple[str, ...]
    channels: tuple[str, ...]
    groups: tuple[str, ...]


def reference(inside: str) -> Reference:
    """What stands between two angle brackets, read."""
    target, _, label = inside.partition("|")
    for to, shape in _SHAPES:
        if found := shape.fullmatch(target):
            return Reference(to, found[1], label)
    return Reference(Refers.LINK, target, label)


def escape(text: str) -> str:
    """Plain text as markup that says the same: nothing in it mentions, links or notifies."""
    return re.sub("[&<>]", lambda found: _ESCAPES[found[0]], text)


def plain(markup: str, people: Mapping[str, str], channels: Mapping[str, str], groups: Mapping[str, str]) -> str:
    """The markup as people read it. The mappings tell names by Slack's ids; emoji stay `:names:`."""

    def written(found: re.Match[str]) -> str:
        if found["inside"] is None:
            return _CHARACTERS[found[0]]
        to, target, label = reference(found["inside"])
        match to:
            case Refers.PERSON:  # Anybody can write a label; a person's is never believed.
                return f"@{people.get(target) or 'someone'}"
            case Refers.GROUP:
                return f"@{(groups.get(target) or 'a-group').removeprefix('@')}"
            case Refers.CHANNEL:
                name = channels.get(target) or _unescaped(label) or "a-channel"
                return f"#{name.removeprefix('#')}"
            case Refers.BROADCAST:
                return f"@{target}"
            case Refers.DATE:
                return _unescaped(label) or "a date"
            case Refers.LINK:
                return _link(_unescaped(target), _unescaped(label))
        return _unescaped(label or target)

    # In one pass: what has become a character, or a name, is not read again.
    return _REFERENCE_OR_ENTITY.sub(written, markup)


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda found: _CHARACTERS[found[0]], text)


def _link(address: str, label: str) -> str:
    scheme, _, bare = address.partition(":")
    if scheme in {"mailto", "tel"}:
        return bare.partition("?")[0]
    # Slack makes <http://example.com|example.com> of a typed example.com: those say the same.
    ways_to_write = {way.rstrip("/") for way in (address, bare.removeprefix("//"))}
    return address if not label or label.rstrip("/") in ways_to_write else f"{label} ({address})"


def mentioned(markup: str) -> Mentioned:
    """Whoever the markup mentions."""
    ids: dict[Refers, dict[str, None]] = {Refers.PERSON: {}, Refers.CHANNEL: {}, Refers.GROUP: {}}
    for found in _REFERENCE_OR_ENTITY.finditer(markup):
        if found["inside"] is not None:
            to, target, _ = reference(found["inside"])
            ids.get(to, {})[target] = None
    return Mentioned(*(tuple(those) for those in ids.values()))


def from_blocks(blocks: Sequence[Mapping[str, Any]]) -> str | None:
    """A message's rich text as markup, with OMITTED for every piece of code, every quote, and whatever cannot be read. None:
    there is no rich text in it."""
    texts = [
        "\n".join(_part(part) for part in _mappings(block.get("elements")))
        for block in _mappings(blocks)
        if _text(block, "type") == "rich_text"
    ]
    return "\n".join(texts) if texts else None


def _part(part: Mapping[str, Any]) -> str:
    match _text(part, "type"):
        case "rich_text_section":
            return _line(part)
        # What has a border is a list inside a quote.
        case "rich_text_list" if not part.get("border"):
            return "\n".join(f"• {_line(item)}" for item in _mappings(part.get("elements")))
    return OMITTED


def _line(section: Mapping[str, Any]) -> str:
    if _text(section, "type") != "rich_text_section":
        return OMITTED
    return "".join(_element(element) for element in _mappings(section.get("elements")))


def _element(element: Mapping[str, Any]) -> str:
    style = element.get("style")
    if isinstance(style, Mapping) and style.get("code"):
        return OMITTED
    match _text(element, "type"):
        case "text":
            return escape(_text(element, "text"))
        case "user":
            return _mention("@", _text(element, "user_id"))
        case "usergroup":
            return _mention("!subteam^", _text(element, "usergroup_id"))
        case "channel":
            return _mention("#", _text(element, "channel_id"))
        case "broadcast" if (everybody := _text(element, "range")) in {"here", "channel", "everyone"}:
            return f"<!{everybody}>"
        case "emoji":
            name, tone = _text(element, "name"), element.get("skin_tone")
            toned = isinstance(tone, int) and _SKIN_TONE not in name
            return escape(f":{name}{_SKIN_TONE}{tone}:" if toned else f":{name}:")
        case "link":
            address, label = escape(_text(element, "url")).replace("|", "%7C"), escape(_text(element, "text"))
            return f"<{address}|{label}>" if label else f"<{address}>"
        case "date":
            return escape(_text(element, "fallback")) or OMITTED
        case "color":
            return escape(_text(element, "value"))
    return OMITTED


def _mention(sign: str, slack_id: str) -> str:
    return f"<{sign}{slack_id}>" if _ID.fullmatch(slack_id) else OMITTED


def _mappings(value: object) -> Iterator[Mapping[str, Any]]:
    """The mappings in what should be a list of them."""
    return (item for item in (value if isinstance(value, Sequence) else ()) if isinstance(item, Mapping))


def _text(element: Mapping[str, Any], key: str) -> str:
    value = element.get(key)
    return value if isinstance(value, str) else ""


def without_code_and_quotes(markup: str) -> str:
    """The markup with OMITTED for every piece of code and every quote: for a message that came without blocks."""
    return _CODE_OR_QUOTE.sub(OMITTED, markup)


def cut(escaped: str, chars_max: int) -> str:
    """The escaped text in at most so many characters, with an ellipsis where the rest was. No entity is cut in two, nor anything
    in angle brackets."""
    if len(escaped) <= chars_max:
        return escaped
    end = max(chars_max - 1, 0)
    entity = escaped.rfind("&", max(end - _ENTITY_CHARS_MAX + 1, 0), end)
    if entity >= 0 and (found := _ENTITY.match(escaped, entity)) and found.end() > end:
        end = entity
    opening = escaped.rfind("<", 0, end)
    if opening > escaped.rfind(">", 0, end):
        end = opening
    return (escaped[:end].rstrip() + "…")[: max(chars_max, 0)]


_EMOJI_ALIASES = {
    "collision": "boom",
    "cooking": "fried_egg",
    "envelope": "email",
    "flipper": "dolphin",
    "grinning_face_with_one_large_and_one_small_eye": "zany_face",
    "grinning_face_with_star_eyes": "star-struck",
    "hand_with_index_and_middle_fingers_crossed": "crossed_fingers",
    "heavy_exclamation_mark": "exclamation",
    "honeybee": "bee",
    "knife": "hocho",
    "lady_beetle": "ladybug",
    "lantern": "izakaya_lantern",
    "lightning_cloud": "lightning",
    "open_book": "book",
    "paw_prints": "feet",
    "pencil": "memo",
    "poop": "hankey",
    "punch": "facepunch",
    "raised_hand": "hand",
    "red_car": "car",
    "running": "runner",
    "sailboat": "boat",
    "satisfied": "laughing",
    "shit": "hankey",
    "shocked_face_with_exploding_head": "exploding_head",
    "shoe": "mans_shoe",
    "sign_of_the_horns": "the_horns",
    "telephone": "phone",
    "thumbsdown": "-1",
    "thumbsup": "+1",
    "tornado_cloud": "tornado",
    "tshirt": "shirt",
    "waxing_gibbous_moon": "moon",
}
"""Other names that Slack has for an emoji, and the one that it goes by itself."""


def emoji_name(name: str) -> str:
    """An emoji's own name: lower case, without colons and skin tone, whichever of its names was used."""
    bare = name.strip(":").lower().partition(_SKIN_TONE)[0]
    return _EMOJI_ALIASES.get(bare, bare)
