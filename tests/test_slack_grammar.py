"""What somebody types in Slack, as tables: the text in, its reading out."""

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from integrations.slack.grammar import (
    PERIODS,
    SHOWN_CHARS_MAX,
    SUBCOMMANDS,
    Giving,
    Ignored,
    Mistake,
    Open,
    Problem,
    Reading,
    Subcommand,
    Way,
    Words,
    read,
)

WORDS = Words(emoji=frozenset({"taco"}), points_per_emoji=1, points_default=10)
ASKING = replace(WORDS, points_default=None)
ADDRESSED = [Way.COMMAND, Way.MENTION, Way.DIRECT]
NOBODY = Mistake(Problem.NOBODY, "")
SECONDS_MAX = 1.0
CHARS = 40_000


def gift(*people: str, points: int | None = 10, reason: str = "", groups: tuple[str, ...] = (), channels: tuple[str, ...] = ()):
    return Giving(people, groups, points, reason, channels)


def bad(shown: str) -> Mistake:
    return Mistake(Problem.BAD_AMOUNT, shown)


def table(*rows: tuple[str, Reading]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("text", "expected"), rows)


# ---------------------------------------------------------------- said to us


@pytest.mark.parametrize("way", ADDRESSED)
@table(
    ("<@UBOB|bob> 10 for fixing the build #teamwork", gift("UBOB", reason="fixing the build #teamwork")),
    ("<@UBOB> <@UCAR|carol>, <@WDAN> 5 each for the launch", gift("UBOB", "UCAR", "WDAN", points=5, reason="the launch")),
    ("+100 <@UBOB|bob> for covering for me #help-out", gift("UBOB", points=100, reason="covering for me #help-out")),
    ("give 10 points to <@UBOB|bob> because you cared", gift("UBOB", reason="you cared")),
    ("<@UBOB|bob> for being kind", gift("UBOB", reason="being kind")),
    ("<@UBOB|bob> 10", gift("UBOB")),
    ("<@UBOB|bob> :taco::taco: nice one", gift("UBOB", points=2, reason="nice one")),
    ("<!subteam^SOPS|@ops> 5 for the night shift #care", gift(groups=("SOPS",), points=5, reason="the night shift #care")),
    ("<@UBOB> 5 for x", gift("UBOB", points=5, reason="x")),
    # Whoever is named twice is named once; people and groups may stand together.
    ("<@UBOB> <@UCAR> <@UBOB|robert> 3", gift("UBOB", "UCAR", points=3)),
    ("<@UBOB> and <!subteam^SOPS> &amp; <!subteam^SOPS|@ops> + <@UCAR> 3", gift("UBOB", "UCAR", groups=("SOPS",), points=3)),
    ("<@UBOB>，<@UCAR>、<@UDAN> 3", gift("UBOB", "UCAR", "UDAN", points=3)),
    # A label lies as it likes.
    ("<@UBOB|<@UEVE> 10 for x", Mistake(Problem.NOBODY, "")),
    ("<@UBOB|eve> 10 <@UCAR|> for x", gift("UBOB", "UCAR", reason="x")),
    # Glued together.
    ("<@UBOB>10<@UCAR>for x", gift("UBOB", "UCAR", reason="x")),
    ("5,<@UBOB>,<@UCAR>:taco:", bad("5 :taco:")),
    ("<@UBOB>++", gift("UBOB")),
    ("<@UBOB>: thanks a lot", gift("UBOB", reason="thanks a lot")),
    ("<@UBOB>'s build", gift("UBOB", reason="'s build")),
    # Somebody in the reason receives nothing.
    ("<@UBOB> 10 for helping <@UCAR> and <!here>", gift("UBOB", reason="helping <@UCAR> and <!here>")),
    ("<@UBOB> thanks for helping <@UCAR>", gift("UBOB", reason="thanks for helping <@UCAR>")),
    # The word give, and what is left of "@us: …".
    ("Give <@UBOB> 3", gift("UBOB", points=3)),
    ("give <@UBOB> give more", gift("UBOB", reason="give more")),
    (": <@UBOB> 3", gift("UBOB", points=3)),
    (", give <@UBOB> 3", gift("UBOB", points=3)),
    ("kudos to <@UBOB> for x", gift("UBOB", reason="x")),
)
def test_giving(way: Way, text: str, expected: Reading):
    assert read(text, way, WORDS) == expected


@table(
    ("0", gift("UBOB", points=0)),
    ("++", gift("UBOB")),
    ("+++", gift("UBOB")),
    ("+7", gift("UBOB", points=7)),
    ("007", gift("UBOB", points=7)),
    ("9999999", gift("UBOB", points=9_999_999)),
    ("10pts", gift("UBOB")),
    ("10!", gift("UBOB")),
    ("10 Points each", gift("UBOB")),
    ("3 kudos each", gift("UBOB", points=3)),
    # Other scripts.
    ("١٠", gift("UBOB")),
    ("１０", gift("UBOB")),
    ("＋１０", gift("UBOB")),
    ("＋＋", gift("UBOB")),
    ("+१०", gift("UBOB")),
    # Emoji: each counts; skin tone and case do not.
    (":taco:", gift("UBOB", points=1)),
    (":taco: :TACO: :taco::skin-tone-3:", gift("UBOB", points=3)),
    (":taco::skin-tone-2::taco::skin-tone-6:", gift("UBOB", points=2)),
    # No amounts, and not taken for something else either.
    ("-5", bad("-5")),
    ("−5", bad("−5")),
    ("–5", bad("–5")),
    ("1.5", bad("1.5")),
    (".5", bad(".5")),
    ("1,000", bad("1,000")),
    ("１，０００", bad("１，０００")),
    ("10%", bad("10%")),
    ("１０％", bad("１０％")),
    ("1e3", bad("1e3")),
    ("0x10", bad("0x10")),
    ("10:30", bad("10:30")),
    ("5++", bad("5++")),
    ("++5", bad("++5")),
    ("10?", bad("10?")),
    ("½", bad("½")),
    ("$10", bad("$10")),
    ("10000000", bad("10000000")),
    ("9" * 5_000, bad("9" * (SHOWN_CHARS_MAX - 1) + "…")),
    # Two amounts are none.
    ("10 20", bad("10 20")),
    ("1 000", bad("1 000")),
    ("10 1.5", bad("1.5")),
    ("++ 10", bad("++ 10")),
    ("10 :taco:", bad("10 :taco:")),
    ("10 points 5 points", bad("10 5")),
)
def test_amounts(text: str, expected: Reading):
    for_x = replace(expected, reason="x") if isinstance(expected, Giving) else expected

    assert read(f"<@UBOB> {text}", Way.COMMAND, WORDS) == expected
    assert read(f"{text} <@UBOB>", Way.COMMAND, WORDS) == expected
    assert read(f"{text} to <@UBOB> for x", Way.COMMAND, WORDS) == for_x
    assert read(f"<@UBOB> {text} for x", Way.COMMAND, WORDS) == for_x


@table(
    ("<@UBOB>", gift("UBOB", points=None)),
    ("<@UBOB> ++ for x", gift("UBOB", points=None, reason="x")),
    ("<@UBOB> 0", gift("UBOB", points=0)),
    ("<@UBOB> :taco:", gift("UBOB", points=1)),
)
def test_without_a_default_no_amount_is_made_up(text: str, expected: Reading):
    assert read(text, Way.COMMAND, ASKING) == expected
    assert read("<@UBOB> ++", Way.MESSAGE, ASKING) == gift("UBOB", points=None)


def test_an_emoji_is_worth_what_the_workspace_says_under_each_of_its_names():
    words = Words(emoji=frozenset({"thumbsup", "thanks"}), points_per_emoji=5, points_default=10)

    assert read("<@UBOB> :+1: :thanks::thumbsup::skin-tone-2: x", Way.COMMAND, words) == gift("UBOB", points=15, reason="x")
    assert read("<@UBOB> :taco: x", Way.COMMAND, words) == gift("UBOB", reason=":taco: x")
    assert read("<@UBOB> :+1::skin-tone-4:", Way.MESSAGE, words) == gift("UBOB", points=5)


@table(
    ("for x", gift("UBOB", reason="x")),
    ("For: x", gift("UBOB", reason="x")),
    ("BECAUSE x", gift("UBOB", reason="x")),
    ("- x", gift("UBOB", reason="x")),
    ("– x", gift("UBOB", reason="x")),
    ("— x", gift("UBOB", reason="x")),
    (": for x", gift("UBOB", reason="x")),
    (", for x", gift("UBOB", reason="x")),
    ("for", gift("UBOB")),
    ("for for x", gift("UBOB", reason="for x")),
    ("fortune helps", gift("UBOB", reason="fortune helps")),
    ("thanks for x", gift("UBOB", reason="thanks for x")),
    # Numbers after it began.
    ("for 3 great demos", gift("UBOB", reason="3 great demos")),
    ("- 5 bugs less", gift("UBOB", reason="5 bugs less")),
    ("for 1,000 commits and 1.5 years", gift("UBOB", reason="1,000 commits and 1.5 years")),
    ("all 3 demos", gift("UBOB", reason="all 3 demos")),
    ("10 3 great demos", gift("UBOB", reason="3 great demos")),
    ("10, 2nd place!", gift("UBOB", reason="2nd place!")),
    ("10 :taco: for everybody :taco:", bad("10 :taco:")),
    ("10 :taco: time", gift("UBOB", reason=":taco: time")),
    # Joiners that join nothing are words of the reason.
    ("10 to celebrate", gift("UBOB", reason="to celebrate")),
    ("and many thanks", gift("UBOB", reason="and many thanks")),
    ("kudos for x", gift("UBOB", reason="kudos for x")),
    ("points out bugs", gift("UBOB", reason="points out bugs")),
    ("&amp; thanks", gift("UBOB", reason="thanks")),
    # As it was written, in one line.
    ("for R&amp;D &lt;3 #Team-Work #née", gift("UBOB", reason="R&amp;D &lt;3 #Team-Work #née")),
    ("for\n two\t lines\n\nand\u00a0more ", gift("UBOB", reason="two lines and more")),
    ("\n10\nfor\nx", gift("UBOB", reason="x")),
    ("for `code`", gift("UBOB", reason="`code`")),
    ("for <https://x.example|this>", gift("UBOB", reason="<https://x.example|this>")),
    ("<https://x.example|this>", gift("UBOB", reason="<https://x.example|this>")),
    ("for ﬁne ½ work™", gift("UBOB", reason="ﬁne ½ work™")),
    ("5 for x < y > z <", gift("UBOB", points=5, reason="x < y > z <")),
    # A value's hashtag that became a channel of the same name.
    ("10 for 3 great demos <#CTEAM|teamwork>", gift("UBOB", reason="3 great demos <#CTEAM|teamwork>", channels=("CTEAM",))),
    ("<#CTEAM|> <#GCARE> <#CTEAM>", gift("UBOB", reason="<#CTEAM|> <#GCARE> <#CTEAM>", channels=("CTEAM", "GCARE"))),
)
def test_reasons(text: str, expected: Reading):
    assert read(f"<@UBOB> {text}", Way.COMMAND, WORDS) == expected


@table(
    ("10 for x", NOBODY),
    ("10", NOBODY),
    ("bob 10", NOBODY),
    ("give bob 10", NOBODY),
    ("for helping <@UBOB> 10", NOBODY),
    ("#teamwork <@UBOB>", NOBODY),
    ("<#CTEAM|teamwork> ++", NOBODY),
    ("<mailto:bob@x.example|bob@x.example> 10 for x", NOBODY),
    ("hello <!here>", NOBODY),
    ("@ 10", NOBODY),
    ("@bob 10 for x", Mistake(Problem.UNKNOWN_HANDLE, "@bob")),
    ("10 to @bob.smith: for x", Mistake(Problem.UNKNOWN_HANDLE, "@bob.smith")),
    ("<@UBOB> @carol 10 for x", Mistake(Problem.UNKNOWN_HANDLE, "@carol")),
    ("@" + "b" * 100, Mistake(Problem.UNKNOWN_HANDLE, "@" + "b" * (SHOWN_CHARS_MAX - 2) + "…")),
    ("<!here> 10 for all", Mistake(Problem.BROADCAST, "@here")),
    ("<!channel|channel> 10", Mistake(Problem.BROADCAST, "@channel")),
    ("<@UBOB> <!everyone> 10", Mistake(Problem.BROADCAST, "@everyone")),
    ("@Here 10", Mistake(Problem.BROADCAST, "@here")),
    # The first mistake is the one that is shown.
    ("@bob -5", Mistake(Problem.UNKNOWN_HANDLE, "@bob")),
    ("-5 @bob", bad("-5")),
)
def test_mistakes(text: str, expected: Reading):
    assert read(text, Way.COMMAND, WORDS) == expected


@pytest.mark.parametrize("way", ADDRESSED)
@table(
    ("", Open()),
    (" \n\t\u00a0", Open()),
    ("give", Open()),
    (" Give ", Open()),
    (" : ", Open()),
    ("HELP", Subcommand("help", "")),
    ("help!", Subcommand("help", "")),
    (": help", Subcommand("help", "")),
    ("  redeem   coffee\n mug ", Subcommand("redeem", "coffee mug")),
    ("Redeem: R&amp;B Tickets", Subcommand("redeem", "R&amp;B Tickets")),
    *((word, Subcommand(word, "")) for word in sorted(SUBCOMMANDS)),
    ("top Week", Subcommand("top", "week")),
    ("TOP this quarter", Subcommand("top", "quarter")),
    ("top secret", Subcommand("top", "")),
    # With somebody in the text, it is no subcommand; with everybody, it is.
    ("help <@UBOB>", NOBODY),
    ("redeem coffee for <!subteam^SOPS>", NOBODY),
    ("help <!here>", Subcommand("help", "<!here>")),
    # No subcommands.
    ("helpful", NOBODY),
    (":help:", NOBODY),
    ("blance", NOBODY),
)
def test_everything_but_giving(way: Way, text: str, expected: Reading):
    assert read(text, way, WORDS) == expected


# ---------------------------------------------------------------- said to others


@table(
    ("<@UBOB> ++ for the review #craft", gift("UBOB", reason="the review #craft")),
    ("<@UBOB> +10 thanks", gift("UBOB", reason="thanks")),
    ("hey <@UBOB> ++", gift("UBOB", reason="hey")),
    ("<@UBOB> :taco:", gift("UBOB", points=1)),
    ("<@UBOB> :taco::skin-tone-3: wow", gift("UBOB", points=1, reason="wow")),
    ("Great day! <@UBOB> and <@UCAR> ++", gift("UBOB", "UCAR", reason="Great day!")),
    ("<@UBOB>++", gift("UBOB")),
    ("<@UBOB>:taco: :taco:", gift("UBOB", points=2)),
    ("<@UBOB> ++!", gift("UBOB")),
    ("<!subteam^SOPS> <@UBOB> +5pts each for x", gift("UBOB", groups=("SOPS",), points=5, reason="x")),
    ("<@UBOB>, <@UCAR> &amp; <@UBOB>\n++\nfor x", gift("UBOB", "UCAR", reason="x")),
    ("<@UBOB> ＋＋", gift("UBOB")),
    ("<@UBOB> +１٠", gift("UBOB")),
    # Only whoever stands before the amount receives it.
    ("<@UEVE> says <@UBOB> ++ with <@UCAR>", gift("UBOB", reason="with <@UCAR>")),
    ("<@UBOB> ++ <@UCAR> helped", gift("UBOB", reason="<@UCAR> helped")),
    ("<@UBOB> <@UCAR>, ++ <@UDAN> ++", gift("UDAN", reason="<@UBOB> <@UCAR>, ++")),
    ("<!here> <@UBOB> ++ for x", gift("UBOB", reason="x")),
    # One message is one gift, of one amount.
    ("<@UBOB> ++ <@UCAR> ++, and <@UDAN> ++ for x", gift("UBOB", "UCAR", "UDAN", reason="x")),
    ("<@UBOB> +5 <@UCAR> +5 <@UDAN> +6", gift("UBOB", "UCAR", points=5, reason="<@UDAN> +6")),
    ("<@UBOB> ++ for x. <@UCAR> ++ for y", gift("UBOB", reason="x. <@UCAR> ++ for y")),
    # A number behind the amount belongs to the reason.
    ("<@UBOB> ++ 3 great demos", gift("UBOB", reason="3 great demos")),
    ("<@UBOB> +10 :taco: time", gift("UBOB", reason=":taco: time")),
    # What stood before is the reason only if nothing follows.
    ("so: <@UBOB> ++ – for x", gift("UBOB", reason="x")),
    ("thank you all,\n• <@UBOB> ++ :", gift("UBOB", reason="thank you all")),
    ("<#CTEAM|teamwork> – <@UBOB> ++", gift("UBOB", reason="<#CTEAM|teamwork>", channels=("CTEAM",))),
    # What is code or quoted neither gives nor is kept.
    ("`<@UEVE> ++` <@UBOB> ++ for `main`", gift("UBOB")),
    ("`<@UEVE> ++` is like <@UBOB> ++ for `main` and more", gift("UBOB", reason="… and more")),
    ("thanks <@UBOB> ++ ```x```", gift("UBOB", reason="thanks")),
    ("&gt; <@UEVE> ++ quoted\n<@UBOB> ++", gift("UBOB")),
)
def test_gifts_in_messages(text: str, expected: Reading):
    assert read(text, Way.MESSAGE, WORDS) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "hello", "help", "++", "give 10 to <@UBOB>", "<@UBOB> 10 people came", "<@UBOB> 10 for x", "<@UBOB>"),
        *("c++ is hard <@UBOB>", "<@UBOB> c++ is hard", ":taco: <@UBOB>", "++ <@UBOB>", "<@UBOB> thanks :taco:"),
        *("<@UBOB>, +1", "<@UBOB> and +1 from me", "<@UBOB> ++?", "<@UBOB> to ++", "<@UBOB> ++thanks", "<@UBOB> :tada:"),
        # Explicit and malformed: as often talk as a gift.
        *("<@UBOB> +1.5 for x", "<@UBOB> +1,000 for x", "<@UBOB> +10% up", "<@UBOB> +14155550100", "<@UBOB> +10?"),
        *("<@UBOB> 5++", "<@UBOB> --", "<@UBOB> -5", "<@UBOB> ++5"),
        # Nobody that we know, or everybody.
        *("@bob ++", "@bob +10", "<#CTEAM|teamwork> ++", "<!here> +1", "<!here> :taco: time"),
        # Code and quotes, also between who and how much.
        *("`<@UBOB> ++` is the syntax", "```\n<@UBOB> ++\n```", "<@UBOB> `x` ++", "<@UBOB>\n&gt; said so\n++"),
        *("&gt; <@UBOB> ++ quoted", "so\n&gt; <@UBOB> ++ quoted", "&gt;&gt;&gt; all of it\n<@UBOB> ++"),
    ],
)
def test_talk_gives_nothing(text: str):
    assert read(text, Way.MESSAGE, WORDS) == Ignored()


@table(
    ("<!here> ++ for the launch", Mistake(Problem.BROADCAST, "@here")),
    ("<@UBOB> <!channel|channel>++", Mistake(Problem.BROADCAST, "@channel")),
    ("@everyone ++", Mistake(Problem.BROADCAST, "@everyone")),
)
def test_thanking_everybody_in_a_message_is_answered(text: str, expected: Reading):
    assert read(text, Way.MESSAGE, WORDS) == expected


# ---------------------------------------------------------------- anything at all

PIECES = [
    *("<@UBOB>", "<@UCAR|carol>", "<!subteam^SOPS|@ops>", "<!here>", "<#CTEAM|teamwork>", "<#CTEAM|>", "<https://x.example|x>"),
    *("10", "+10", "++", "-5", "1.5", "1,000", "١٠", "10000000", ":taco:", ":taco::skin-tone-2:", ":tada:", "@bob", "@here"),
    *("points", "each", "to", "and", ",", "&amp;", "+", "for", "because", "-", ":", "give", "help", "top", "week", "#craft", "…"),
    *("<", ">", "<@", "|", ":", "@", "`", "```", "&gt;", "&", ";", "\n", "?", "word", "\ufdfa", "\u0301", "\udc80", "\0"),
]
TEXTS = some.one_of(
    some.lists(some.sampled_from(PIECES)).map(" ".join),
    some.lists(some.sampled_from(PIECES)).map("".join),
    some.text(some.sampled_from("<>@!#^|:+-.,&;`U1a \n") | some.characters()),
)


@settings(deadline=None, max_examples=500)
@given(TEXTS, some.sampled_from(Way), some.sampled_from([WORDS, ASKING]))
def test_whatever_is_typed_is_read(text: str, way: Way, words: Words):
    reading = read(text, way, words)

    match reading:
        case Giving():
            assert reading.people or reading.groups
            assert len(set(reading.people)) == len(reading.people)
            assert len(set(reading.groups)) == len(reading.groups)
            assert len(set(reading.channels)) == len(reading.channels)
            assert all(f"<@{id_}" in text for id_ in reading.people)
            assert all(f"<#{id_}" in reading.reason for id_ in reading.channels)
            assert reading.points is not None or words is ASKING
            assert reading.points is None or 0 <= reading.points <= 9_999_999
            assert reading.reason == " ".join(reading.reason.split())
        case Subcommand():
            assert reading.word in SUBCOMMANDS
            assert reading.word != "top" or reading.rest in PERIODS | {""}
            assert "<@UBOB>" not in text
        case Mistake():
            assert "<" not in reading.shown
            assert len(reading.shown) <= SHOWN_CHARS_MAX
            assert (reading.shown == "") == (reading.problem is Problem.NOBODY)
    if way is Way.MESSAGE:
        assert isinstance(reading, (Giving, Ignored)) or reading.problem is Problem.BROADCAST  # type: ignore[union-attr]
    else:
        assert not isinstance(reading, Ignored)


REPEATED = [
    *("<@U1>", "<@U1> ", "<@U1|", "<@U1> ++ ", "<@U1> and ", "<@U1> 5 ", "<", "<a", ":", ":a", ":taco:", "@", "@a ", "`", "`a\n"),
    *("```", "\n&gt;", "&", "&amp;", "1", "1,", "10 ", "+", "points ", "to ", "- ", "\u0301", "\ufdfa", "…", "\n"),
]


@pytest.mark.parametrize("way", [Way.COMMAND, Way.MESSAGE])
@pytest.mark.parametrize("piece", REPEATED)
def test_no_repetition_takes_long(piece: str, way: Way):
    for start in ("", "<@U1> ++ "):
        text = (start + piece * CHARS)[:CHARS]
        before = time.process_time()

        read(text, way, WORDS)

        assert time.process_time() - before < SECONDS_MAX
