"""A real server beside something that plays Slack: from the first connection to the last delivery, whatever fails on the way."""

import asyncio
import json
import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from integrations.slack.install import SealedStates
from tests.fault_proxy import RESPONSE_URL
from tests.slack_server import (  # noqa: F401 (fixtures)
    ONE_WORKSPACE,
    SECRET_KEY,
    Serve,
    Server,
    Wire,
    said,
    server_maker,
    until,
    whole_wire,
)
from tests.stand_in import (  # noqa: F401 (fixtures)
    ANA,
    BOB,
    BOT_USER,
    CEM,
    CLIENT_ID,
    CLIENT_SECRET,
    CORE_TOKEN,
    DEE,
    EVE,
    GENERAL,
    KUDOS,
    OUTSIDE,
    SEED,
    StandIn,
    app_home_opened,
    fresh_stand_in,
    running_stand_in,
    user_token,
)

EVERYONE = [
    "ana@acme.example Ana OWNER NORMAL ACTIVE",
    "bob@acme.example Bob Baker MEMBER NORMAL ACTIVE",
    "cem@acme.example Cem Çelik MEMBER NORMAL ACTIVE",
    "dee@acme.example Dee O'Dell MEMBER NORMAL ACTIVE",
    "eve@acme.example Eve Ek ADMIN NORMAL ACTIVE",
    "gina@agency.example Gina Guest MEMBER OBSERVER ACTIVE",
    "ivan@acme.example Ivan Invited MEMBER NORMAL INVITED",
]
MANY_WORKSPACES = {"slack_client_id": CLIENT_ID, "slack_client_secret": CLIENT_SECRET}
NOT_INSTALLED = "Plaudit is not installed here. Ask an admin of this workspace to install it."
COOKIE = "slack-app-oauth-state"
POST = "chat.postMessage"


async def connected(stand_in: StandIn, serve: Serve, database_url: str, *settings: str, **more: str) -> Server:
    """A server with Acme's workspace, whose people it knows."""
    server = serve(database_url, slack_api_url=stand_in.url, **ONE_WORKSPACE | more)
    await server.found_acme()
    await server.start()
    await stand_in.connect(server.url)
    await server.people_are_known()
    if settings:
        server.kill()  # Another process's change may go unnoticed for two seconds; a new one knows it at once.
        await server.cli("slack", "settings", *settings)
        await server.start()
    return server


@pytest.fixture
async def acme(stand_in: StandIn, wire: Wire, serve: Serve, sqlite_url: str) -> Server:
    return await connected(stand_in, serve, sqlite_url)


async def gives(stand_in: StandIn, server: Server, text: str, **more: Any) -> dict[str, Any]:
    """Ana, or whoever is named, types the command, and is told that it was sent."""
    answer = await stand_in.command(server.url, text, **more)
    assert answer.status_code == 200, answer.text
    assert answer.json()["text"].startswith("Sent. "), answer.text
    return dict(answer.json())


# One workspace, by its bot token.


@pytest.mark.long
async def test_slack_may_be_away_before_the_first_connection_and_after_it(
    stand_in: StandIn, wire: Wire, serve: Serve, tmp_path: Path
):
    server = serve(f"sqlite:///{tmp_path / 'new.db'}", slack_api_url=stand_in.url, **ONE_WORKSPACE)
    await server.cli("migrate")
    await server.found_acme()
    wire.add("*", resets=True, times=1_000)

    await server.start()
    await stand_in.connect(server.url)
    early = await stand_in.command(server.url, f"<@{BOB}> 10 for nothing at all")
    unknown = await stand_in.event(server.url, app_home_opened(BOB))
    assert (early.status_code, early.json()["text"]) == (200, NOT_INSTALLED)
    assert (unknown.status_code, await server.given(), await server.members()) == (200, [], EVERYONE[:1])

    wire.clear()
    await server.people_are_known()
    assert await server.members() == EVERYONE
    groups = await server.ask("{ members(first: 20) { nodes { displayName groups { name } } } }")
    inside = {node["displayName"]: [group["name"] for group in node["groups"]] for node in groups["members"]["nodes"]}
    assert {name: names for name, names in inside.items() if names} == {"Gina Guest": ["Guests"]}

    await server.stop()
    wire.add("*", resets=True, times=1_000)
    await server.start()
    await gives(stand_in, server, f"<@{BOB}> 10 for helping with the release")
    balance = await stand_in.command(server.url, "balance", user_id=BOB)
    assert "10 points" in balance.json()["text"]
    await until(lambda: wired(wire, POST), of="a first try")
    assert await said(stand_in, GENERAL) == []

    wire.clear()
    await server.has_told()
    assert await said(stand_in, GENERAL) == ["Ana gave Bob Baker 10 points: helping with the release"]
    assert await said(stand_in, BOB) == ["Ana gave you 10 points: helping with the release. Your balance is 10."]


async def wired(wire: Wire, method: str, channel: str | None = None) -> int:
    return wire.count(method, channel)


async def test_a_gift_is_answered_posted_told_and_taken_back(stand_in: StandIn, wire: Wire, serve: Serve, database_url: str):
    server = await connected(stand_in, serve, database_url, f"feed_channel={KUDOS}")

    answer = await gives(stand_in, server, f"<@{BOB}|bob> 10 for helping with the *release* &lt;3 #teamwork")

    assert answer["response_type"] == "ephemeral"
    assert re.match(r"Sent\. You gave 10 points to Bob Baker\. .*90 of 100 left until \d+ \w+\.$", answer["text"])
    await server.has_told()
    posted = "Ana gave Bob Baker 10 points: helping with the *release* &lt;3 #teamwork"
    assert (await said(stand_in, GENERAL), await said(stand_in, KUDOS)) == ([posted], [posted])
    (direct,) = await said(stand_in, BOB)
    assert direct.startswith("Ana gave you 10 points: helping with the *release*")
    assert direct.endswith("Your balance is 10.")
    assert (await server.given(), await server.wallet("bob@acme.example")) == ([("Ana", ["Bob Baker"], 10)], 10)

    id_ = answer["blocks"][0]["accessory"]["value"]
    pressed = [await stand_in.click(server.url, "rec_undo", value=id_, ephemeral=True) for _ in range(2)]

    assert [press.status_code for press in pressed] == [200, 200]
    await server.has_told()
    assert (await said(stand_in, GENERAL), await said(stand_in, KUDOS)) == ([], [])
    assert await said(stand_in, BOB) == ["Ana took back the 10 points. Your balance is 0."]
    answered = [response["body"] for response in (await stand_in.state())["responses"]]
    assert answered[0]["text"].startswith("Taken back: what you gave Bob Baker.")
    assert answered[0]["replace_original"] is True
    assert (await server.given(), await server.wallet("bob@acme.example")) == ([], 0)
    assert await server.is_sound()


async def test_a_post_that_was_reacted_to_stays_and_says_that_it_was_taken_back(stand_in: StandIn, acme: Server):
    answer = await gives(stand_in, acme, f"<@{BOB}> 10 for helping with the release")
    await acme.has_told()
    (post,) = [one for one in (await stand_in.state())["messages"] if one["channel_id"] == GENERAL]
    await stand_in.api("reactions.add", user_token(CEM), channel=GENERAL, timestamp=post["ts"], name="eyes")

    await stand_in.click(
        acme.url, "rec_menu", type="overflow", message=post, selected_option={"value": f"undo:{undo_of(answer)}"}
    )
    await acme.has_told()

    assert await said(stand_in, GENERAL) == ["Ana took back a recognition."]
    assert "release" not in json.dumps((await stand_in.state())["messages"])


def undo_of(answer: dict[str, Any]) -> str:
    return str(answer["blocks"][0]["accessory"]["value"])


# Many workspaces, by OAuth.


async def begins(server: Server) -> tuple[str, str]:
    """Somebody opens /slack/install: the state that is set in the browser, and where the page leads."""
    page = await server.get("/slack/install")
    cookie = page.headers["set-cookie"]
    assert page.status_code == 200, page.text
    assert {"Secure", "HttpOnly"} <= {part.strip() for part in cookie.split(";")}
    found = re.search(rf"{COOKIE}=([^;]+)", cookie)
    link = re.search(r'href="([^"]+authorize[^"]+)"', page.text)
    assert found is not None
    assert link is not None
    return found[1], unescape(link[1])


async def installs(stand_in: StandIn, server: Server, user_id: str = ANA) -> httpx2.Response:
    """Somebody installs the app, from the first page to the last."""
    state, page = await begins(server)
    back = await stand_in.install(page, user_id)
    return await server.get(back.removeprefix(server.url), Cookie=f"{COOKIE}={state}")


@pytest.fixture
async def open_house(stand_in: StandIn, wire: Wire, serve: Serve, sqlite_url: str) -> Server:
    """A server that any workspace may install."""
    server = serve(sqlite_url, slack_api_url=stand_in.url, **MANY_WORKSPACES)
    await server.start()
    await stand_in.connect(server.url)
    return server


async def test_a_workspace_installs_and_becomes_an_organization(stand_in: StandIn, wire: Wire, open_house: Server):
    assert "Thank you" in (await installs(stand_in, open_house)).text
    await open_house.people_are_known()

    founded = [EVERYONE[0].replace(" Ana ", " Ana Alves "), *EVERYONE[1:]]
    assert await open_house.members() == founded
    await open_house.sign_in("ana@acme.example")
    await gives(stand_in, open_house, f"<@{BOB}> 10 for helping with the release")
    await open_house.has_told()

    # Eve installs it again: nothing is founded anew, nobody's role changes, and it is the new token that counts.
    await open_house.cli("member", "role", "bob@acme.example", "admin")
    await open_house.cli("member", "role", "eve@acme.example", "member")
    assert "Thank you" in (await installs(stand_in, open_house, EVE)).text
    await gives(stand_in, open_house, f"<@{BOB}> 10 for helping once more")
    await open_house.has_told()
    assert len(await open_house.cli("organization", "list")) == 2
    roles = [line.split()[-3] for line in await open_house.members()]
    assert (roles[:2], roles[4]) == (["OWNER", "ADMIN"], "MEMBER")
    assert [text.partition(": ")[2] for text in await said(stand_in, GENERAL)] == [
        "helping with the release",
        "helping once more",
    ]
    tokens = [one["token"] for one in (await stand_in.state())["tokens"] if one["token"] not in SEED["tokens"]]
    assert wire.calls_of(POST, GENERAL)[-1].token == tokens[-1]
    assert (len(tokens), await open_house.is_sound()) == (2, True)

    path = Path(open_house.database_url.removeprefix("sqlite:///"))
    written = b"".join(file.read_bytes() for file in path.parent.glob("plaudit.db*"))
    assert b"Bob Baker" in written
    for secret in (*tokens, CLIENT_SECRET):
        assert secret.encode() not in written
        assert secret not in open_house.log


async def test_a_state_that_is_not_this_browsers_own_changes_nothing(stand_in: StandIn, wire: Wire, open_house: Server):
    state, page = await begins(open_house)
    other, _ = await begins(open_house)
    back = await stand_in.install(page)
    code = parse_qs(urlsplit(back).query)["code"][0]
    an_hour_ago = SealedStates(SECRET_KEY, lambda: datetime.now(UTC) - timedelta(hours=1))
    strange = SealedStates("another server's key, as long as it is", lambda: datetime.now(UTC))
    old, forged = await an_hour_ago.async_issue(), await strange.async_issue()
    before = await open_house.everything()

    tried = []
    for shown, kept in ((state, other), (state, ""), (old, old), (forged, forged), (f"9{state}", f"9{state}"), ("", "")):
        query = urlencode({"code": code, "state": shown})
        tried.append(await open_house.get(f"/slack/oauth_redirect?{query}", **({"Cookie": f"{COOKIE}={kept}"} if kept else {})))
    cancelled = await open_house.get(f"/slack/oauth_redirect?error=access_denied&state={state}", Cookie=f"{COOKIE}={state}")

    assert [answer.status_code for answer in tried] == [400, 400, 401, 401, 401, 400]
    assert (cancelled.status_code, wire.calls_of("oauth.v2.access")) == (200, [])
    assert await open_house.everything() == before
    made_up = urlencode({"code": "made-up", "state": state})
    assert (await open_house.get(f"/slack/oauth_redirect?{made_up}", Cookie=f"{COOKIE}={state}")).status_code == 401
    assert await open_house.everything() == before
    good = urlencode({"code": code, "state": state})
    assert (await open_house.get(f"/slack/oauth_redirect?{good}", Cookie=f"{COOKIE}={state}")).status_code == 200


GONE = {"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [BOT_USER]}}


@pytest.mark.long
@pytest.mark.parametrize("events", [GONE, GONE[::-1]], ids=["uninstalled first", "revoked first"])
async def test_what_is_uninstalled_rests_until_it_is_installed_again(
    stand_in: StandIn, wire: Wire, open_house: Server, events: tuple[dict[str, Any], ...]
):
    await installs(stand_in, open_house)
    await open_house.people_are_known()
    await open_house.sign_in("ana@acme.example")
    await gives(stand_in, open_house, f"<@{BOB}> 10 for helping with the release")
    await open_house.has_told()
    wire.add(POST, status=429, retry_after=1, times=1_000)
    await gives(stand_in, open_house, f"<@{BOB}> 5 for what is not told yet")
    await until(lambda: wired(wire, POST, BOB), of="a try")
    token = wire.calls[-1].token

    await stand_in.revoke(token)
    for event in events:
        assert (await stand_in.event(open_house.url, event)).status_code == 200
    wire.clear()
    kept = await open_house.everything()
    refused = await stand_in.command(open_house.url, f"<@{BOB}> 10 for helping once more")
    opened = await stand_in.event(open_house.url, app_home_opened(BOB))
    assert (refused.json()["text"], opened.status_code) == (NOT_INSTALLED, 200)
    over = time.monotonic() + 2.5  # Two rounds of the sender, each of which would have tried.
    await until(lambda: passed(over), of="the time of two rounds")
    assert (wire.calls, await open_house.is_sound()) == ([], True)
    now = await open_house.everything()
    assert {table for table in kept if now[table] != kept[table]} <= {"feed_cursor", "access_token", "slack_delivery"}
    assert [token not in str(row) for row in now["slack_workspace"]] == [True]

    await installs(stand_in, open_house)
    late = {"event_time": int(time.time()) - 60}
    for event in events:
        assert (await stand_in.event(open_house.url, event, **late)).status_code == 200
    await gives(stand_in, open_house, f"<@{BOB}> 10 for helping once more")
    await open_house.has_told()
    words = ["helping with the release", "what is not told yet", "helping once more"]
    assert [text.partition(": ")[2] for text in await said(stand_in, GENERAL)] == words
    assert (await open_house.wallet("bob@acme.example"), await open_house.is_sound()) == (25, True)
    assert len(await open_house.cli("organization", "list")) == 2


async def passed(moment: float) -> bool:
    return time.monotonic() > moment


# Once, whatever fails.


@pytest.mark.long
async def test_an_event_that_comes_four_times_gives_once(stand_in: StandIn, wire: Wire, serve: Serve, database_url: str):
    server = await connected(stand_in, serve, database_url, "messages=true")
    wire.add(POST, channel=GENERAL, status=429, retry_after=2)
    ts = f"{int(time.time())}.000100"
    text = f"<@{BOB}> ++ for helping with the release"
    event = {"type": "message", "channel": GENERAL, "channel_type": "channel", "user": ANA, "text": text, "ts": ts}

    async def delivered(retry: int) -> int:
        return (await stand_in.event(server.url, event, event_id="Ev0000AGAIN", retry=retry)).status_code

    assert await asyncio.gather(delivered(0), delivered(1)) == [200, 200]
    # The post waits for its second try, and nothing is under way, when the process dies.
    await until(lambda: waits_alone(server, f"post:{GENERAL}"), of="a channel that waits")
    server.kill()
    await server.start()
    assert await asyncio.gather(delivered(2), delivered(3)) == [200, 200]
    server.kill()
    await server.start()
    await server.has_told()

    assert await server.given() == [("Ana", ["Bob Baker"], 10)]
    assert await said(stand_in, GENERAL) == ["Ana gave Bob Baker 10 points: helping with the release"]
    assert len(await said(stand_in, BOB)) == 1
    assert len((await stand_in.state())["ephemeralMessages"]) == 1
    assert (await server.wallet("bob@acme.example"), await server.is_sound()) == (10, True)


async def waits_alone(server: Server, lane: str) -> bool:
    return await server.waiting() == [(lane, 0, False)] and await server.rows(LIMITED) != []


LIMITED = "SELECT 1 FROM slack_delivery WHERE not_before IS NOT NULL"


@pytest.mark.long
async def test_a_channel_that_is_limited_holds_up_no_other(stand_in: StandIn, wire: Wire, acme: Server):
    wire.add(POST, channel=GENERAL, status=429, retry_after=2)

    for number in (1, 2):
        await gives(stand_in, acme, f"<@{BOB}> 1 for helping {number} times")
    await gives(stand_in, acme, f"<@{CEM}> 1 for helping elsewhere", channel_id=KUDOS)
    await acme.has_told()

    limited, first, second = wire.calls_of(POST, GENERAL)
    (elsewhere,) = wire.calls_of(POST, KUDOS)
    assert elsewhere.at < limited.at + 1.5
    assert 2 <= first.at - limited.at < 4
    assert second.at - first.at >= 1
    assert [text[-7:] for text in await said(stand_in, GENERAL)] == ["1 times", "2 times"]
    assert (len(await said(stand_in, KUDOS)), len(await said(stand_in, BOB))) == (1, 2)


@pytest.mark.long
async def test_trouble_at_slack_is_waited_out(stand_in: StandIn, wire: Wire, acme: Server):
    wire.add(POST, channel=GENERAL, status=500)
    wire.add(POST, channel=GENERAL, error="internal_error")
    wire.add(POST, channel=KUDOS, resets=True, times=2)
    wire.add(POST, channel=OUTSIDE, hangs=True)

    for channel in (GENERAL, KUDOS, OUTSIDE):
        await gives(stand_in, acme, f"<@{BOB}> 1 for helping in {channel}", channel_id=channel)
    await acme.has_told(20)

    for channel, tries in ((GENERAL, 3), (KUDOS, 3), (OUTSIDE, 2)):
        assert await said(stand_in, channel) == [f"Ana gave Bob Baker 1 point: helping in {channel}"]
        assert wire.count(POST, channel) == tries
    assert len(await said(stand_in, BOB)) == 3


async def test_a_lost_answer_costs_a_second_post_and_never_a_second_grant(stand_in: StandIn, wire: Wire, acme: Server):
    """Slack takes no key with a message: what it did without saying so is done again. At least once, as documented."""
    wire.add(POST, channel=GENERAL, resets=True, after=True)
    wire.add(POST, channel=BOB, status=500, after=True)

    answer = await gives(stand_in, acme, f"<@{BOB}> 10 for helping with the release")
    await acme.has_told()

    assert await said(stand_in, GENERAL) == ["Ana gave Bob Baker 10 points: helping with the release"] * 2
    assert len(await said(stand_in, BOB)) == 2
    assert (await acme.given(), await acme.wallet("bob@acme.example")) == ([("Ana", ["Bob Baker"], 10)], 10)
    await stand_in.click(acme.url, "rec_undo", value=undo_of(answer), ephemeral=True)
    await acme.has_told()
    assert len(await said(stand_in, GENERAL)) == 1  # the one of which we never heard


@pytest.mark.long
@pytest.mark.parametrize("processes", [(1, 1), (2,)], ids=["two servers", "two workers"])
async def test_several_processes_tell_everything_once_and_in_order(
    stand_in: StandIn, wire: Wire, serve: Serve, postgresql_url: str, processes: tuple[int, ...]
):
    made = [await stand_in.api("conversations.create", user_token(ANA), name=f"team-{number}") for number in range(10)]
    channels = [str(one["channel"]["id"]) for one in made]
    first = await connected(stand_in, serve, postgresql_url, workers=str(processes[0]))
    servers = [first]
    for workers in processes[1:]:
        servers.append(serve(postgresql_url, slack_api_url=stand_in.url, workers=str(workers), **ONE_WORKSPACE))
        await servers[-1].start()
    numbers, givers = count(), (ANA, BOB, CEM, DEE, EVE)

    async def thanks(giver: str, recipient: str, channel: str) -> None:
        for time_ in range(3):
            server = servers[next(numbers) % len(servers)]
            await gives(stand_in, server, f"<@{recipient}> 1 for helping {time_} times", user_id=giver, channel_id=channel)

    await asyncio.gather(*(thanks(givers[n % 5], givers[(n + 1) % 5], channel) for n, channel in enumerate(channels)))
    await first.has_told(20)

    for channel in channels:
        assert [text[-7:] for text in await said(stand_in, channel)] == ["0 times", "1 times", "2 times"]
    assert Counter([len(await said(stand_in, user)) for user in givers]) == {6: 5}
    assert (wire.count(POST), len(await first.given()), await first.is_sound()) == (60, 30, True)


# What people see, and who they are.


async def test_without_the_optional_scopes_the_core_works_and_admins_see_what_does_not(
    stand_in: StandIn, wire: Wire, serve: Serve, sqlite_url: str
):
    server = await connected(stand_in, serve, sqlite_url, slack_bot_token=CORE_TOKEN)

    answer = await gives(stand_in, server, f"<@{BOB}> 10 for helping with the release in <#{KUDOS}|>")
    await server.has_told()
    reacted = {"type": "reaction_added", "user": CEM, "reaction": "taco", "item_user": BOB, "event_ts": "1795305215.000009"}
    item = {"type": "message", "channel": GENERAL, "ts": "1795305215.000001"}
    assert (await stand_in.event(server.url, {**reacted, "item": item})).status_code == 200
    await stand_in.click(server.url, "rec_undo", value=undo_of(answer), ephemeral=True)
    await stand_in.event(server.url, app_home_opened(ANA))
    home = await until(lambda: home_of(stand_in, ANA), of="Home")
    await stand_in.click(server.url, "home_tab_admin", view=home, value="admin")
    await until(lambda: home_of(stand_in, ANA, "Switched off"), of="what is switched off")
    await server.has_told()

    shown = json.dumps(await home_of(stand_in, ANA))
    for scope in ("reactions:read", "reactions:write", "im:history", "channels:read", "emoji:read"):
        assert scope in shown
    assert await said(stand_in, GENERAL) == ["Ana took back a recognition."]
    asked = {call.method for call in wire.calls}
    assert asked <= {"auth.test", "users.list", POST, "chat.update", "chat.postEphemeral", "views.publish", RESPONSE_URL}
    assert [call.answer for call in wire.calls if call.answer and call.answer.get("error") == "missing_scope"] == []


async def home_of(stand_in: StandIn, user_id: str, words: str = "") -> dict[str, Any] | None:
    """Somebody's Home, once it says these words."""
    views = [view for view in (await stand_in.state())["views"] if view["type"] == "home" and view["user_id"] == user_id]
    return views[-1] if views and words in json.dumps(views[-1]["blocks"], ensure_ascii=False) else None


async def test_home_opens_and_follows_what_is_given(stand_in: StandIn, wire: Wire, acme: Server):
    assert (await stand_in.event(acme.url, app_home_opened(BOB, "messages"))).status_code == 200
    await acme.has_told()
    assert wire.count("views.publish") == 0

    assert (await stand_in.event(acme.url, app_home_opened(BOB))).status_code == 200
    await until(lambda: home_of(stand_in, BOB), of="Home")
    await gives(stand_in, acme, f"<@{BOB}> 10 for helping with the release")

    await until(lambda: home_of(stand_in, BOB, "helping with the release"), of="Home with the gift")
    await acme.has_told()
    assert {call.channel for call in wire.calls_of("views.publish")} == {BOB}
    assert wire.count("views.publish") <= 3


async def test_the_form_opens_with_a_live_trigger_and_gives(stand_in: StandIn, wire: Wire, acme: Server):
    answer = await stand_in.command(acme.url, "")
    assert (answer.status_code, answer.text) == (200, "")
    (form,) = [view for view in (await stand_in.state())["views"] if view["type"] == "modal"]
    filled = {
        "to": {"to": {"type": "multi_users_select", "selected_users": [BOB, CEM]}},
        "amount": {"amount": {"type": "number_input", "value": "1000"}},
        "why": {"why": {"type": "plain_text_input", "value": "helping with the release"}},
        "where": {"where": {"type": "conversations_select", "selected_conversation": GENERAL}},
    }

    refused = await stand_in.submit(acme.url, form, filled)
    assert (refused.json()["response_action"], list(refused.json()["errors"])) == ("errors", ["amount"])
    assert await acme.given() == []
    filled["amount"]["amount"]["value"] = "10"
    sent = [await stand_in.submit(acme.url, form, filled) for _ in range(2)]
    await acme.has_told()

    assert [one.json() for one in sent] == [{"response_action": "clear"}] * 2
    assert await said(stand_in, GENERAL) == ["Ana gave Bob Baker and Cem Çelik 10 points each: helping with the release"]
    assert (len(await said(stand_in, BOB)), len(await said(stand_in, CEM))) == (1, 1)
    receipts = [one["text"] for one in (await stand_in.state())["ephemeralMessages"] if one["target_user"] == ANA]
    assert receipts[0].startswith("Sent. You gave 20 points")
    spent = await stand_in.command(acme.url, "", trigger_id=wire.calls_of("views.open")[0].arguments["trigger_id"])
    assert spent.status_code == 200
    assert "nothing was sent" in spent.json()["text"].lower()


async def test_whoever_leaves_and_comes_in_slack_does_so_here(stand_in: StandIn, wire: Wire, acme: Server):
    await stand_in.set_user(BOB, deleted=True)
    await stand_in.set_user(ANA, deleted=True)
    await stand_in.set_user("U000000FAY", name="fay", real_name="Fay Ferro", email="fay@acme.example")
    await stand_in.settled()

    fay = "fay@acme.example Fay Ferro MEMBER NORMAL ACTIVE"
    assert await acme.members() == [EVERYONE[0], *EVERYONE[2:5], fay, *EVERYONE[5:]]  # The last owner stays.
    to_bob = await stand_in.command(acme.url, f"<@{BOB}> 10 for helping with the release", user_id=CEM)
    assert "deactivated" in to_bob.json()["text"]
    of_bob = await stand_in.command(acme.url, f"<@{CEM}> 10 for helping with the release", user_id=BOB)
    assert "can't take part" in of_bob.json()["text"]
    assert await acme.given() == []
    await stand_in.set_user(BOB, deleted=False)
    await stand_in.set_user("U00000GINA", is_restricted=False)
    await stand_in.settled()
    await gives(stand_in, acme, f"<@{BOB}> <@U000000FAY> 10 for helping with the release", user_id=CEM)
    assert [line.split()[-2] for line in await acme.members() if "Gina" in line] == ["NORMAL"]


# Strangers.


async def test_what_slack_did_not_sign_leaves_no_trace(stand_in: StandIn, wire: Wire, acme: Server):
    await acme.has_told()
    before, calls = await acme.everything(), len(wire.calls)
    body = urlencode({"command": "/kudos", "text": f"<@{BOB}> 10 for nothing", "user_id": ANA, "trigger_id": "1.2"})
    now = int(time.time())

    forged = await stand_in.send(acme.url, body, secret="another secret")
    old = await stand_in.send(acme.url, body, timestamp=now - 301)
    early = await stand_in.send(acme.url, body, timestamp=now + 310)
    unread = await stand_in.send(acme.url, "[" * 100_000, content_type="application/json", secret="another secret")
    nonsense = await stand_in.send(acme.url, b"\xff\xfe", headers={"X-Slack-Request-Timestamp": "abc"})
    not_json = await stand_in.send(acme.url, "[" * 100_000, content_type="application/json")

    answers = (forged, old, early, unread, nonsense, not_json)
    assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 401, 400]
    assert await huge(acme) == b"HTTP/1.1 413"
    assert (await acme.everything(), len(wire.calls)) == (before, calls)


async def huge(server: Server) -> bytes:
    """How a body of 20 MB is answered: before it is sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST /slack/events HTTP/1.1\r\nHost: plaudit\r\nContent-Length: 20000000\r\n\r\n" + bytes(100_000))
    answer = await asyncio.wait_for(reader.read(12), 5)
    writer.close()
    return answer
