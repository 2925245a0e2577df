"""Slack's markup, as tables: in and out of plain text, and out of a message's blocks."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from integrations.slack.grammar import Giving, Ignored, Way, Words, read
from integrations.slack.markup import (
    Mentioned,
    cut,
    emoji_name,
    escape,
    from_blocks,
    mentioned,
    plain,
    without_code_and_quotes,
)

PEOPLE = {"UBOB": "Bob Ames", "WCAR": "Carol <3 &amp; co", "UNONAME": ""}
CHANNELS = {"CTEAM": "teamwork", "CHASH": "#care"}
GROUPS = {"SOPS": "ops", "SAT": "@night-shift"}
SECONDS_MAX = 1.0
CHARS = 40_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ('Tom & Jerry <3 "it\'s"', 'Tom &amp; Jerry &lt;3 "it\'s"'),
        ("<!channel> <@UBOB>", "&lt;!channel&gt; &lt;@UBOB&gt;"),
        ("&amp;", "&amp;amp;"),
        ("*bold* `code` :tada:\n", "*bold* `code` :tada:\n"),
    ],
)
def test_escape(text: str, expected: str):
    assert escape(text) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("", ""),
        ("for the *release* :tada: #teamwork\n_and_ more", "for the *release* :tada: #teamwork\n_and_ more"),
        # People by id alone: a label lies as it likes.
        ("<@UBOB> and <@UBOB|the boss>", "@Bob Ames and @Bob Ames"),
        ("<@UEVE|Bob Ames> <@UEVE> <@UNONAME|x>", "@someone @someone @someone"),
        # A name is a name, whatever is in it.
        ("<@WCAR>&amp;", "@Carol <3 &amp; co&"),
        # Channels by id, then by label.
        ("<#CTEAM|lies> <#CTEAM> <#CTEAM|>", "#teamwork #teamwork #teamwork"),
        ("<#CNEW|r&amp;d> <#CNEW> <#CNEW|> <#CHASH>", "#r&d #a-channel #a-channel #care"),
        ("<!subteam^SOPS|@boss> <!subteam^SOPS> <!subteam^SAT>", "@ops @ops @night-shift"),
        ("<!subteam^SNEW|@boss> <!subteam^SNEW>", "@a-group @a-group"),
        ("<!here> <!here|@here> <!channel> <!everyone|x>", "@here @here @channel @everyone"),
        ("<!date^1392734382^{date_num} &amp; {time}|Feb 18 &amp; 19>", "Feb 18 & 19"),
        ("<!date^1392734382^{date}^https://x.example/|Feb 18>", "Feb 18"),
        ("<!date^1392734382^{date}>", "a date"),
        # Links show where they lead.
        ("<https://x.example/a?b=1&amp;c=2>", "https://x.example/a?b=1&c=2"),
        ("<https://x.example/a|the &lt;docs&gt;>", "the <docs> (https://x.example/a)"),
        ("<https://evil.example|https://good.example>", "https://good.example (https://evil.example)"),
        ("<https://x.example|https://x.example>", "https://x.example"),
        ("<http://x.example|x.example>", "http://x.example"),
        ("<http://x.example/|x.example>", "http://x.example/"),
        ("<http://x.example|x.example/>", "http://x.example"),
        ("<https://x.example|>", "https://x.example"),
        ("<https://x.example|a|b>", "a|b (https://x.example)"),
        ("<mailto:bob@x.example|Bob>", "bob@x.example"),
        ("<mailto:bob@x.example?subject=Hi|Bob>", "bob@x.example"),
        ("<tel:+1555|call me>", "+1555"),
        # Entities, once.
        ("&lt;3 &amp;&gt;", "<3 &>"),
        ("&amp;lt; &amp;amp; &lt;@UBOB&gt;", "&lt; &amp; <@UBOB>"),
        ("&quot; &#39; &nbsp; &LT; & &lt", "&quot; &#39; &nbsp; &LT; & &lt"),
        # What Slack never sends stays as it is, as far as it says anything.
        ("< <> <@ a < b > c", "< <> <@ a  b  c"),
        ("<!new^thing|a new thing> <!new^thing> <@bob> <#>", "a new thing !new^thing @bob #"),
        ("<@UBOB", "<@UBOB"),
        ("<<@UBOB>>", "<@Bob Ames>"),
    ],
)
def test_plain(markup: str, expected: str):
    assert plain(markup, PEOPLE, CHANNELS, GROUPS) == expected


@pytest.mark.parametrize(
    ("markup", "people", "channels", "groups"),
    [
        ("", (), (), ()),
        ("nobody @bob #teamwork &lt;@UBOB&gt;", (), (), ()),
        ("<@UBOB|bob> <@WCAR> <@UBOB>", ("UBOB", "WCAR"), (), ()),
        ("<#CTEAM|teamwork><#GCARE|><#CTEAM>", (), ("CTEAM", "GCARE"), ()),
        ("<!subteam^SOPS|@ops> <!subteam^SOPS> <!here>", (), (), ("SOPS",)),
        ("<@bob> <https://x.example/<@UBOB>>", ("UBOB",), (), ()),
        ("<https://x.example|@UBOB>", (), (), ()),
    ],
)
def test_mentioned(markup: str, people: tuple[str, ...], channels: tuple[str, ...], groups: tuple[str, ...]):
    assert mentioned(markup) == Mentioned(people, channels, groups)


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("", ""),
        ("nothing of it", "nothing of it"),
        ("`code` and `more`", "… and …"),
        ("a\n```\nlines\n&gt; of it\n```\nb", "a\n…\nb"),
        ("```a```b```c```", "…b…"),
        ("&gt; quoted\nsaid\n&gt;quoted", "…\nsaid\n…"),
        ("said\n&gt;&gt;&gt; all\nthe rest", "said\n…"),
        ("&gt; a ``` in a quote\nsaid", "…\nsaid"),
        # Neither code nor quotes.
        ("5 &gt; 3 and\n 3 &gt; 1", "5 &gt; 3 and\n 3 &gt; 1"),
        ("one ` alone", "one ` alone"),
        ("it`s two\nline`s", "it`s two\nline`s"),
        ("``` never closed", "``` never closed"),
        ("``", "``"),
    ],
)
def test_without_code_and_quotes(markup: str, expected: str):
    assert without_code_and_quotes(markup) == expected
    assert without_code_and_quotes(expected) == expected


@pytest.mark.parametrize(
    ("text", "chars_max", "expected"),
    [
        ("short", 5, "short"),
        ("too long", 8, "too long"),
        ("too long", 7, "too lo…"),
        ("too long", 5, "too…"),
        ("too long", 1, "…"),
        ("too long", 0, ""),
        ("too long", -1, ""),
        ("", 0, ""),
        # Entities stay whole.
        ("ab&amp;cd", 9, "ab&amp;cd"),
        ("ab&amp;cd", 8, "ab&amp;…"),
        ("ab&amp;cd", 7, "ab…"),
        ("ab&amp;cd", 6, "ab…"),
        ("ab&amp;cd", 4, "ab…"),
        ("ab&amp;cd", 3, "ab…"),
        ("&lt;&lt;&lt;", 9, "&lt;&lt;…"),
        ("&lt;&lt;&lt;", 8, "&lt;…"),
        ("no & entity here", 6, "no &…"),
        # So does what is in angle brackets.
        ("hi <@UBOB> and more", 12, "hi <@UBOB>…"),
        ("hi <@UBOB> and more", 10, "hi…"),
        ("hi <https://x.example/?a&amp;b|x> and more", 26, "hi…"),
    ],
)
def test_cut(text: str, chars_max: int, expected: str):
    assert cut(text, chars_max) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("taco", "taco"),
        ("Taco", "taco"),
        (":taco:", "taco"),
        ("taco::skin-tone-3", "taco"),
        (":wave::skin-tone-2:", "wave"),
        ("handshake::skin-tone-2::skin-tone-3", "handshake"),
        ("thumbsup", "+1"),
        ("THUMBSUP::skin-tone-6", "+1"),
        ("+1", "+1"),
        ("thumbsdown", "-1"),
        ("tada", "tada"),
        ("raised_hand", "hand"),
        ("poop", "hankey"),
        ("", ""),
    ],
)
def test_emoji_name(name: str, expected: str):
    assert emoji_name(name) == expected
    assert emoji_name(expected) == expected


# ---------------------------------------------------------------- blocks


def rich(*elements: Any) -> list[dict[str, Any]]:
    return [{"type": "rich_text", "block_id": "b1", "elements": list(elements)}]


def section(*elements: Any) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(elements)}


def text(said: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": said, **({"style": style} if style else {})}


BOB = {"type": "user", "user_id": "UBOB"}


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ([BOB, text(" ++ for R&D <3 ", bold=True), text("all of it")], "<@UBOB> ++ for R&amp;D &lt;3 all of it"),
        ([{"type": "usergroup", "usergroup_id": "SOPS"}], "<!subteam^SOPS>"),
        ([{"type": "channel", "channel_id": "CTEAM"}], "<#CTEAM>"),
        ([{"type": "broadcast", "range": "here"}], "<!here>"),
        ([{"type": "emoji", "name": "taco", "unicode": "1f32e"}], ":taco:"),
        ([{"type": "emoji", "name": "wave", "skin_tone": 3}], ":wave::skin-tone-3:"),
        ([{"type": "emoji", "name": "wave::skin-tone-3", "skin_tone": 3}], ":wave::skin-tone-3:"),
        ([{"type": "link", "url": "https://x.example/?a=1&b=2"}], "<https://x.example/?a=1&amp;b=2>"),
        ([{"type": "link", "url": "https://x.example/a|b", "text": "x > y"}], "<https://x.example/a%7Cb|x &gt; y>"),
        ([{"type": "date", "timestamp": 1, "format": "{date}", "fallback": "Jan 1"}], "Jan 1"),
        ([{"type": "color", "value": "#ff0000"}], "#ff0000"),
        # What somebody types is only what they typed.
        ([text("<@UEVE> ++ &lt;")], "&lt;@UEVE&gt; ++ &amp;lt;"),
        # Code, in whatever it is.
        ([BOB, text(" "), text("x", code=True, bold=True), text(" ++")], "<@UBOB> … ++"),
        ([{**BOB, "style": {"code": True}}, text(" ++")], "… ++"),
        # What is new to us, or broken.
        ([{"type": "canvas"}, {"type": "user"}, {"type": "user", "user_id": "U1> <!here"}], "………"),
        ([{"type": "broadcast", "range": "world"}, {"type": ["text"]}, {}, {"type": "date"}], "…………"),
        ([None, "text", 5, [], text("left")], "left"),
        ([{"type": "text", "text": 5}, {"type": "emoji", "name": "a", "skin_tone": "3"}], ":a:"),
    ],
)
def test_lines_of_rich_text(elements: list[Any], expected: str):
    assert from_blocks(rich(section(*elements))) == expected


def test_quotes_and_blocks_of_code_are_left_out_and_lists_kept():
    blocks = rich(
        section(text("Thanks all:")),
        {"type": "rich_text_list", "style": "bullet", "elements": [section(BOB, text(" ++")), section(text("Carol"))]},
        {"type": "rich_text_list", "elements": [{"type": "rich_text_quote", "elements": [BOB, text(" ++")]}]},
        {"type": "rich_text_quote", "elements": [BOB, text(" ++")]},
        {"type": "rich_text_preformatted", "elements": [text("<@UBOB> ++")]},
        {"type": "rich_text_list", "border": 1, "elements": [section(text("quoted"))]},
        {"type": "rich_text_new", "elements": [text("?")]},
    )

    assert from_blocks(blocks) == "Thanks all:\n• <@UBOB> ++\n• Carol\n• …\n…\n…\n…\n…"
    assert from_blocks([{"type": "section"}, *blocks[:1], *rich(section(text("more")))]) == f"{from_blocks(blocks)}\nmore"


def test_without_rich_text_there_is_none():
    assert from_blocks([]) is None
    assert from_blocks([{"type": "section", "text": {"type": "mrkdwn", "text": "<@UBOB> ++"}}]) is None
    assert from_blocks([{"type": "rich_text"}]) == ""


def test_code_and_quotes_never_join_what_stands_around_them():
    words = Words(frozenset({"taco"}), points_per_emoji=1, points_default=10)
    apart = rich(section(BOB, text(" "), text("x", code=True), text(" ++")))
    together = rich(section(BOB, text(" ++ for "), text("x", code=True), text(" and y")))

    assert read(from_blocks(apart) or "", Way.MESSAGE, words) == Ignored()
    assert read(from_blocks(together) or "", Way.MESSAGE, words) == Giving(("UBOB",), (), 10, "… and y", ())


# ---------------------------------------------------------------- anything at all

PIECES = [
    "<@UBOB|",
    "<@UBOB>",
    "<#CTEAM|",
    "<!",
    "^",
    "|",
    "<",
    ">",
    "&",
    "&amp;",
    "&lt",
    ";",
    "`",
    "```",
    "\n",
    "&gt;",
    ":",
    "a",
    " ",
]
TEXTS = some.lists(some.sampled_from(PIECES)).map("".join) | some.text()


@given(some.text())
def test_what_is_escaped_reads_as_it_was_and_mentions_nobody(typed: str):
    assert plain(escape(typed), {}, {}, {}) == typed
    assert mentioned(escape(typed)) == Mentioned((), (), ())
    assert from_blocks(rich(section(text(typed)))) == escape(typed)


@settings(deadline=None, max_examples=300)
@given(TEXTS)
def test_any_text_is_taken(markup: str):
    found = mentioned(markup)

    assert all(len(set(ids)) == len(ids) for ids in found)
    assert all(f"<@{id_}" in markup for id_ in found.people)
    assert "UBOB" not in plain(markup, PEOPLE, CHANNELS, GROUPS) or "<@UBOB" in markup
    assert without_code_and_quotes(markup).count("\n") <= markup.count("\n")
    assert emoji_name(emoji_name(markup)) == emoji_name(markup) or ":" in markup


@settings(deadline=None, max_examples=300)
@given(some.text(some.sampled_from("ab &<>;") | some.characters()), some.integers(-1, 40))
def test_a_cut_text_is_short_and_whole(typed: str, chars_max: int):
    whole = escape(typed)

    shortened = cut(whole, chars_max)

    assert len(shortened) <= max(chars_max, 0)
    assert shortened == whole or chars_max < 1 or shortened.endswith("…")
    # No half of an entity: what is kept reads as the beginning of what was typed.
    kept = plain(shortened, {}, {}, {})
    assert shortened == whole or typed.startswith(kept.removesuffix("…"))


JSON = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.text(max_size=5)
    | some.sampled_from(["rich_text", "text", "user", "UBOB"]),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.sampled_from(["type", "elements", "style", "text", "name", "user_id", "border", "url"]), inner)
    ),
)


@settings(deadline=None)
@given(JSON, JSON, JSON, some.sampled_from(["rich_text_section", "rich_text_list", "rich_text_quote"]))
def test_any_junk_is_taken_for_blocks(first: Any, second: Any, third: Any, kind: str):
    assert from_blocks(first) is None or isinstance(from_blocks(first), str)
    written = from_blocks(rich({"type": kind, "elements": [first, section(second)]}, third, section(first, third)))

    assert written is not None
    assert set(mentioned(written).people) <= {"UBOB"}


@pytest.mark.parametrize(
    "work",
    [
        lambda markup: plain(markup, {}, {}, {}),
        mentioned,
        without_code_and_quotes,
        lambda markup: cut(markup, 3_000),
        escape,
        emoji_name,
    ],
    ids=["plain", "mentioned", "without_code_and_quotes", "cut", "escape", "emoji_name"],
)
def test_no_repetition_takes_long(work: Callable[[str], object]):
    pieces = [
        "<@U1>",
        "<@U1|",
        "<",
        "<a",
        "<!date^",
        ">",
        ":",
        "`",
        "`a\n",
        "````a",
        "```a",
        "&",
        "&amp;",
        "\n&gt;",
        "::skin-tone-",
        "a",
    ]
    for piece in pieces:
        markup = (piece * CHARS)[:CHARS]
        before = time.process_time()

        work(markup)

        assert time.process_time() - before < SECONDS_MAX, piece
