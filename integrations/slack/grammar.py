"""What somebody typed, read: a pure reading of the grammar.

    reading  = [ subcommand, [ rest ] | [ "give" ], head, [ leads ], [ reason ] ]
    head     = item, { { joiner }, item }              at least one who, at most one amount, in any order
    item     = who | amount, { unit }
    who      = <@person> | <!subteam^group>
    amount   = [ "+" ], digits, [ unit ] | "++" | give emoji, { give emoji }
    joiner   = "," | "&amp;" | "and" | "+" | "to" | unit
    unit     = "points" | "point" | "pts" | "pt" | "kudos" | "each"
    leads    = { "-" | "–" | "—" | ":" }, [ "for" | "because" ]

A joiner that joins nothing, such as the "to" of "10 to celebrate", belongs to the reason. So does a second number ("10 3 great
demos"), unless the head goes on or ends behind it: "1 000 for x" and "10 20" say two amounts, and that is a mistake.

In a message, which was not said to us, only this gives, on as many people as stand together:

    who, { { "," | "&amp;" | "and" | "+" }, who }, ( "++" | "+", digits, [ unit ] | give emoji, { give emoji } ), { unit }

outside code and quotes, with nothing but space before the amount. More people with the same amount may follow at once, as in
"<@A> ++ <@B> ++". Everything else in a message is talk, and is ignored: also "+1.5", "+10%" and telephone numbers. The one
mistake that cannot be talk is "++" behind a broadcast.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import NamedTuple

from integrations.slack.markup import OMITTED, Refers, cut, emoji_name, mentioned, reference, without_code_and_quotes

SUBCOMMANDS = frozenset({"help", "balance", "history", "values", "top", "undo", "rewards", "redeem", "settings", "admin"})
PERIODS = frozenset({"week", "month", "quarter", "year"})
SHOWN_CHARS_MAX = 40
"""Of the text at fault."""


class Way(StrEnum):
    """How it reached us."""

    COMMAND = "command"
    MENTION = "mention"
    """Behind a mention of ours, which is left out."""
    DIRECT = "direct"
    """Said to us alone."""
    MESSAGE = "message"
    """Said to others."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a workspace calls things."""

    emoji: frozenset[str]
    """Names of the give emoji and its aliases, without colons, lower case."""
    points_per_emoji: int
    points_default: int | None
    """Points where none are said. None: ask."""


@dataclass(frozen=True, slots=True)
class Open:
    """Nothing was typed: the form says it all."""


@dataclass(frozen=True, slots=True)
class Subcommand:
    """Something other than giving."""

    word: str
    """One of SUBCOMMANDS."""
    rest: str
    """What was typed behind it; of `top`, one of PERIODS or nothing."""


@dataclass(frozen=True, slots=True)
class Giving:
    """People, points and a reason."""

    people: tuple[str, ...]
    """Slack's ids in order, each once."""
    groups: tuple[str, ...]
    """Ids of user groups in order, each once."""
    points: int | None
    """To each. None: nothing was typed, and there is no default."""
    reason: str
    """In Slack's markup, hashtags and mentions included; "" if there is none."""
    channels: tuple[str, ...]
    """Ids of the channels that the reason mentions: a value's hashtag becomes one where a channel is called the same."""


class Problem(StrEnum):
    """Why it cannot be read."""

    NOBODY = "nobody"
    """Nobody is named where somebody should be."""
    UNKNOWN_HANDLE = "unknown_handle"
    """A name was typed and not picked, so it is a word to Slack."""
    BROADCAST = "broadcast"
    """Everybody was named."""
    BAD_AMOUNT = "bad_amount"
    """Neither a whole number nor anything else that says how many points, or two of them."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """It was meant for us, and cannot be read."""

    problem: Problem
    shown: str
    """The text at fault, short, and safe to show as markup: it mentions nobody. "" for NOBODY."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that gives nothing."""


Reading = Open | Subcommand | Giving | Mistake | Ignored


def read(text: str, way: Way, words: Words) -> Reading:
    """What the text, in Slack's markup, asks for. Never raises; takes time in proportion to the length."""
    if way is Way.MESSAGE:
        return _Text(without_code_and_quotes(text), words).in_message()
    return _Text(text, words).addressed()


class _Kind(StrEnum):
    PERSON = auto()
    GROUP = auto()
    BROADCAST = auto()
    HANDLE = auto()
    NUMBER = auto()
    PLUSES = auto()
    EMOJI = auto()
    """The give emoji, once or more in a row."""
    WRONG_NUMBER = auto()
    UNIT = auto()
    TO = auto()
    JOINER = auto()
    SEPARATOR = auto()
    SIGN = auto()
    """Leads to the reason."""
    LEAD = auto()
    """Leads to the reason, in a word."""
    OTHER = auto()


_WHO = frozenset({_Kind.PERSON, _Kind.GROUP})
_AMOUNT = frozenset({_Kind.NUMBER, _Kind.PLUSES, _Kind.EMOJI})
_LIKE_AN_AMOUNT = _AMOUNT | {_Kind.WRONG_NUMBER}
_EXPLICIT = frozenset({_Kind.PLUSES, _Kind.EMOJI})
_PEOPLE = _WHO | {_Kind.JOINER, _Kind.SEPARATOR}
_UNITS = frozenset({_Kind.UNIT})
_JOINING = frozenset({_Kind.JOINER, _Kind.SEPARATOR, _Kind.TO, _Kind.UNIT})
_LEADING = frozenset({_Kind.SEPARATOR, _Kind.SIGN})
_HEAD = _WHO | _LIKE_AN_AMOUNT | _JOINING | {_Kind.BROADCAST, _Kind.HANDLE}

_UNIT_WORDS = ("points", "point", "pts", "pt", "kudos")
_WORDS = {
    **dict.fromkeys((*_UNIT_WORDS, "each"), _Kind.UNIT),
    **dict.fromkeys(("and", "+"), _Kind.JOINER),
    **dict.fromkeys(("-", "–", "—", ":"), _Kind.SIGN),
    **dict.fromkeys(("for", "because"), _Kind.LEAD),
    **dict.fromkeys(("@here", "@channel", "@everyone"), _Kind.BROADCAST),
    "to": _Kind.TO,
}
# Seven digits are more than anybody may give, and no number that is read grows with the text.
_NUMBER = re.compile(rf"(\+?\d{{1,7}})(?:{'|'.join(_UNIT_WORDS)})?")
_LIKE_A_NUMBER = re.compile(r"[-+−–—$€£¥]*[.,]?\d")
_PLUSES = re.compile(r"\+{2,}")
_HANDLE = re.compile(r"@\w")
_ENDS = ".,:!"
"""What may follow a word without being part of it. Not the question mark: "++?" asks, and does not give."""
_EDGES = " ,:…•-–—"
"""What is left at the edges of a text that was cut out of a message."""
_WORD_CHARS_MAX = 40
"""No further is a word looked at: normalizing takes time with the square of the length."""
# Every branch ends where the next token may begin, and none looks past a bracket for another: so it takes linear time.
_TOKEN = re.compile(
    r"""
      \s+
    | (?P<separator> [,，、] | &amp; )
    | < (?P<inside> [^<>]+ ) >
    | : (?P<emoji> [^\s:<>]+ ) : (?: :skin-tone-[\d-]+: )*
    | (?P<word> (?: [^\s<,，、&] | (?<=\d)[,，](?=\d) | &(?!amp;) )+ | < )
    """,
    re.VERBOSE,
)


class _Token(NamedTuple):
    kind: _Kind
    value: str
    """Its id, its number, or the word as a dictionary would have it."""
    start: int
    end: int
    emoji: int = 1
    """How many in a row."""


def _tokens(text: str, emoji: frozenset[str]) -> Iterator[_Token]:
    """All that the text consists of, but space."""
    for found in _TOKEN.finditer(text):
        start, end = found.span()
        if found["separator"]:
            yield _Token(_Kind.SEPARATOR, ",", start, end)
        elif found["inside"]:
            yield _Token(*_referring(found["inside"]), start, end)
        elif found["emoji"]:
            yield _Token(_Kind.EMOJI if emoji_name(found["emoji"]) in emoji else _Kind.OTHER, "", start, end)
        elif found["word"]:
            yield _Token(*_worded(found["word"]), start, end)


def _referring(inside: str) -> tuple[_Kind, str]:
    """What something in angle brackets is to us."""
    to, target, _ = reference(inside)
    match to:
        case Refers.PERSON:
            return _Kind.PERSON, target
        case Refers.GROUP:
            return _Kind.GROUP, target
        case Refers.BROADCAST:
            return _Kind.BROADCAST, f"@{target}"
    return _Kind.OTHER, ""


def _worded(typed: str) -> tuple[_Kind, str]:
    """What a word is to us. NFKC: people write ＋１０, too; digits of other scripts are digits as they are."""
    shape = unicodedata.normalize("NFKC", typed[:_WORD_CHARS_MAX]).lower()
    shape = shape.rstrip(_ENDS) or shape[:1]
    if kind := _WORDS.get(shape):
        return kind, shape
    if number := _NUMBER.fullmatch(shape):
        return _Kind.NUMBER, number[1]
    if _LIKE_A_NUMBER.match(shape):
        return _Kind.WRONG_NUMBER, shape
    if _PLUSES.fullmatch(shape):
        return _Kind.PLUSES, shape
    return (_Kind.HANDLE if _HANDLE.match(shape) else _Kind.OTHER), shape


class _Text:
    """A text, taken apart, and the two ways to read it."""

    def __init__(self, text: str, words: Words) -> None:
        self.text = text
        self.words = words
        self.tokens: list[_Token] = []
        for token in _tokens(text, frozenset(map(emoji_name, words.emoji))):
            last = self.tokens[-1] if self.tokens else None
            if last and last.kind is token.kind is _Kind.EMOJI:
                self.tokens[-1] = last._replace(end=token.end, emoji=last.emoji + 1)
            else:
                self.tokens.append(token)

    def addressed(self) -> Reading:
        """Said to us: something is meant by it, whatever it is."""
        first = 0
        while self._kind(first) is _Kind.SEPARATOR or self._value(first) == ":":  # Left over of "@us: …".
            first += 1
        is_about_somebody = any(token.kind in _WHO for token in self.tokens)
        if self._value(first) in SUBCOMMANDS and not is_about_somebody:
            return self._subcommand(self.tokens[first])
        if self._value(first) == "give":
            first += 1
        return self._giving(first) if first < len(self.tokens) else Open()

    def in_message(self) -> Reading:
        """Said to others: the first people with an explicit amount right behind them receive it."""
        first = 0
        while first < len(self.tokens):
            stop = self._after(first, _PEOPLE)
            if self._gives(stop):
                return self._gift(first, stop)
            if self._kind(stop) is _Kind.BROADCAST and self._kind(stop + 1) is _Kind.PLUSES:
                return Mistake(Problem.BROADCAST, self._value(stop))
            first = max(stop, first + 1)
        return Ignored()

    def _kind(self, at: int) -> _Kind | None:
        return self.tokens[at].kind if 0 <= at < len(self.tokens) else None

    def _value(self, at: int) -> str:
        return self.tokens[at].value if 0 <= at < len(self.tokens) else ""

    def _after(self, at: int, kinds: frozenset[_Kind]) -> int:
        """Where the first token is, from there on, that is none of these."""
        while self._kind(at) in kinds:
            at += 1
        return at

    def _subcommand(self, token: _Token) -> Subcommand:
        rest = _tidy(self.text[token.end :])
        if token.value == "top":
            rest = next((word for word in rest.lower().split() if word in PERIODS), "")
        return Subcommand(token.value, rest)

    def _giving(self, first: int) -> Giving | Mistake:
        """The head from the first token on, and the reason behind it."""
        stop = self._after(first, _HEAD)
        head = _firm(self.tokens[first:stop])
        if self._kind(stop) is _Kind.OTHER and _ends_with_another_amount(head):
            head = _firm(head[:-1])  # It is the first word of the reason.
        amounts = [token for token in head if token.kind in _AMOUNT]
        if mistake := self._mistake(head, amounts):
            return mistake
        if not any(token.kind in _WHO for token in head):
            return Mistake(Problem.NOBODY, "")
        points = self.words.points_default
        if amounts:  # There are several only of emoji.
            points = self._points(amounts[0]._replace(emoji=sum(token.emoji for token in amounts)))
        return _given(head, points, self._reason(first + len(head)))

    def _mistake(self, head: list[_Token], amounts: list[_Token]) -> Mistake | None:
        """The first one in the head."""
        for token in head:
            match token.kind:
                case _Kind.BROADCAST:
                    return Mistake(Problem.BROADCAST, token.value)
                case _Kind.HANDLE:
                    return Mistake(Problem.UNKNOWN_HANDLE, self._shown(token))
                case _Kind.WRONG_NUMBER:
                    return Mistake(Problem.BAD_AMOUNT, self._shown(token))
        if len(amounts) > 1 and any(token.kind is not _Kind.EMOJI for token in amounts):
            return Mistake(Problem.BAD_AMOUNT, self._shown(*amounts[:2]))
        return None

    def _gives(self, at: int) -> bool:
        """Whether it is an amount that gives by itself, right behind somebody. A bare number is just talk."""
        if self._kind(at - 1) not in _WHO:
            return False
        return self._kind(at) in _EXPLICIT or (self._kind(at) is _Kind.NUMBER and self._value(at).startswith("+"))

    def _gift(self, first: int, stop: int) -> Giving:
        """Of the people from the first token on, with the amount where they stop."""
        who, points, end = self.tokens[first:stop], self._points(self.tokens[stop]), self._after(stop + 1, _UNITS)
        # There is one amount in a gift: whoever follows with another is a part of the reason.
        while self._gives(more := self._after(end, _PEOPLE)) and self._points(self.tokens[more]) == points:
            who += self.tokens[end:more]
            end = self._after(more + 1, _UNITS)
        before = _tidy(self.text[: self.tokens[first].start]).strip(_EDGES)
        return _given(who, points, self._reason(end) or before)

    def _points(self, amount: _Token) -> int | None:
        match amount.kind:
            case _Kind.EMOJI:
                return amount.emoji * self.words.points_per_emoji
            case _Kind.NUMBER:
                return int(amount.value)
        return self.words.points_default

    def _reason(self, at: int) -> str:
        """All from this token on, but what leads to it."""
        at = self._after(at, _LEADING)
        if self._kind(at) is _Kind.LEAD:
            at += 1
        return _tidy(self.text[self.tokens[at].start :]) if at < len(self.tokens) else ""

    def _shown(self, *tokens: _Token) -> str:
        typed = (self.text[token.start : token.end].rstrip(_ENDS if token.kind is not _Kind.EMOJI else "") for token in tokens)
        return cut(" ".join(typed), SHOWN_CHARS_MAX)


def _firm(head: list[_Token]) -> list[_Token]:
    """The head without what hangs loose at its end: joiners that join nothing, and units of no amount."""
    end, counted = 0, False
    for at, token in enumerate(head, 1):
        counted = token.kind in _AMOUNT or (counted and token.kind is _Kind.UNIT)
        if counted or token.kind not in _JOINING:
            end = at
    return head[:end]


def _ends_with_another_amount(head: list[_Token]) -> bool:
    if not head or head[-1].kind not in _LIKE_AN_AMOUNT:
        return False
    return any(token.kind in _AMOUNT and not token.kind is head[-1].kind is _Kind.EMOJI for token in head[:-1])


def _given(who: list[_Token], points: int | None, reason: str) -> Giving:
    people, groups = (
        tuple(dict.fromkeys(token.value for token in who if token.kind is kind)) for kind in (_Kind.PERSON, _Kind.GROUP)
    )
    return Giving(people, groups, points, reason, mentioned(reason).channels)


def _tidy(text: str) -> str:
    """In one line; nothing at all if all of it was left out."""
    line = " ".join(text.split())
    return line if line.strip(OMITTED + " ") else ""
