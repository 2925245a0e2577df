"""A real server beside something that plays Slack: from the first connection to the last delivery, whatever fails on the way."""

import asyncio
import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from integrations.slack.install import SealedStates
from tests.slack_server import (  # noqa: F401 (fixtures)
    COOKIE,
    EVERYONE,
    ONE_WORKSPACE,
    SECRET_KEY,
    Serve,
    Server,
    Wire,
    acme_server,
    begins,
    connected,
    gives,
    home_of,
    installs,
    open_server,
    passes,
    query_of,
    said,
    server_maker,
    undo_of,
    until,
    whole_wire,
)
from tests.stand_in import (  # noqa: F401 (fixtures)
    ANA,
    BOB,
    BOT_USER,
    CEM,
    CLIENT_SECRET,
    CORE_TOKEN,
    DEE,
    EVE,
    GENERAL,
    GUEST,
    KUDOS,
    OUTSIDE,
    SEED,
    StandIn,
    app_home_opened,
    fresh_stand_in,
    running_stand_in,
    user_token,
)

NOT_INSTALLED = "Plaudit is not installed here. Ask an admin of this workspace to install it."
POST = "chat.postMessage"
POSTED = "Ana gave Bob Baker 10 points: helping with the release"
GONE = {"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [BOT_USER]}}


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
    nodes = (await server.ask("{ members(first: 20) { nodes { displayName groups { name } } } }"))["members"]["nodes"]
    inside = {node["displayName"]: [group["name"] for group in node["groups"]] for node in nodes if node["groups"]}
    assert inside == {"Gina Guest": ["Guests"], **{name: ["@design"] for name in ("Bob Baker", "Cem Çelik", "Dee O'Dell")}}

    await server.stop()
    wire.add("*", resets=True, times=1_000)
    await server.start()
    await gives(stand_in, server, f"<@{BOB}> 10 for helping with the release")
    assert "10 points" in (await stand_in.command(server.url, "balance", user_id=BOB)).json()["text"]
    await until(lambda: wire.count(POST), of="a first try")
    assert await said(stand_in, GENERAL) == []
    wire.clear()
    await server.has_told()
    assert await said(stand_in, GENERAL) == [POSTED]
    assert await said(stand_in, BOB) == ["Ana gave you 10 points: helping with the release. Your balance is 10."]


async def test_a_gift_is_answered_posted_told_and_taken_back(stand_in: StandIn, wire: Wire, database_url: str, serve: Serve):
    server = await connected(stand_in, serve, database_url, f"feed_channel={KUDOS}")
    answer = await gives(stand_in, server, f"<@{BOB}|bob> 10 for helping with the *release* &lt;3 #teamwork")

    assert answer["response_type"] == "ephemeral"
    assert re.match(r"Sent\. You gave 10 points to Bob Baker\. .*90 of 100 left until \d+ \w+\.$", answer["text"])
    await server.has_told()
    for channel in (GENERAL, KUDOS):
        assert await said(stand_in, channel) == ["Ana gave Bob Baker 10 points: helping with the *release* &lt;3 #teamwork"]
    (direct,) = await said(stand_in, BOB)
    assert re.match(r"Ana gave you 10 points: helping with the \*release\* .* Your balance is 10\.$", direct)
    assert (await server.given(), await server.wallet("bob@acme.example")) == ([("Ana", ["Bob Baker"], 10)], 10)

    for _ in range(2):
        assert (await stand_in.click(server.url, "rec_undo", value=undo_of(answer), ephemeral=True)).status_code == 200
    await server.has_told()
    assert (await said(stand_in, GENERAL), await said(stand_in, KUDOS)) == ([], [])
    assert await said(stand_in, BOB) == ["Ana took back the 10 points. Your balance is 0."]
    answered = (await stand_in.state())["responses"][0]["body"]
    assert (answered["text"].partition(". ")[0], answered["replace_original"]) == (f"Taken back: what you gave <@{BOB}>", True)
    assert (await server.given(), await server.wallet("bob@acme.example")) == ([], 0)
    assert await server.is_sound()


async def test_a_workspace_installs_and_becomes_an_organization(stand_in: StandIn, wire: Wire, open_house: Server):
    assert "Thank you" in (await installs(stand_in, open_house)).text
    await open_house.people_are_known()

    assert await open_house.members() == [EVERYONE[0].replace(" Ana ", " Ana Alves "), *EVERYONE[1:]]
    await gives(stand_in, open_house, f"<@{BOB}> 10 for helping with the release")
    # Eve installs it again: nothing is founded anew, nobody's role changes, and it is the new token that counts.
    await open_house.cli("member", "role", "bob@acme.example", "admin")
    await open_house.cli("member", "role", "eve@acme.example", "member")
    await open_house.has_told()
    assert "Thank you" in (await installs(stand_in, open_house, EVE)).text
    await gives(stand_in, open_house, f"<@{BOB}> 10 for helping once more")
    await open_house.has_told()
    assert len(await open_house.cli("organization", "list")) == 2
    assert [line.split()[-3] for line in await open_house.members()][:5] == ["OWNER", "ADMIN", "MEMBER", "MEMBER", "MEMBER"]
    assert [text.partition(": ")[2] for text in await said(stand_in, GENERAL)] == [
        "helping with the release",
        "helping once more",
    ]
    tokens = [one["token"] for one in (await stand_in.state())["tokens"] if one["token"] not in SEED["tokens"]]
    assert wire.calls_of(POST, GENERAL)[-1].token == tokens[-1]
    assert (len(tokens), await open_house.is_sound()) == (2, True)

    folder = Path(open_house.database_url.removeprefix("sqlite:///")).parent
    written = b"".join(file.read_bytes() for file in folder.glob("plaudit.db*"))
    assert b"Bob Baker" in written
    for secret in (*tokens, CLIENT_SECRET):
        assert (secret.encode() in written, secret in open_house.log) == (False, False)


async def test_a_state_that_is_not_this_browsers_own_changes_nothing(stand_in: StandIn, wire: Wire, open_house: Server):
    (cookie, page), (others, _) = await begins(open_house), await begins(open_house)
    back = await stand_in.install(page)
    code, state = query_of(back, "code"), query_of(back, "state")
    an_hour_ago = SealedStates(SECRET_KEY, lambda: datetime.now(UTC) - timedelta(hours=1))
    strange = SealedStates("another server's key, as long as it is", lambda: datetime.now(UTC))
    old, forged = await an_hour_ago.async_issue(), await strange.async_issue()
    before = await open_house.everything()

    async def back_at(kept: str, **query: str) -> int:
        return (await open_house.get(f"/slack/oauth_redirect?{urlencode(query)}", Cookie=kept)).status_code

    tried = [(state, others, 400), (state, "", 400), ("", cookie, 400)]
    tried += [(state_, f"{COOKIE}={state_}", 401) for state_ in (old, forged, f"9{state}")]
    for shown, kept, status in tried:
        assert await back_at(kept, code=code, state=shown) == status, shown
    assert await back_at(cookie, error="access_denied", state=state) == 200
    assert wire.calls_of("oauth.v2.access") == []
    assert await back_at(cookie, code="made-up", state=state) == 401
    assert await open_house.everything() == before
    assert await back_at(cookie, code=code, state=state) == 200


@pytest.mark.long
@pytest.mark.parametrize("events", [GONE, GONE[::-1]], ids=["uninstalled first", "revoked first"])
async def test_what_is_uninstalled_rests_until_it_is_installed_again(
    stand_in: StandIn, wire: Wire, open_house: Server, events: tuple[dict[str, Any], ...]
):
    await installs(stand_in, open_house)
    await open_house.people_are_known()
    wire.add(POST, status=429, retry_after=1, times=1_000)
    await gives(stand_in, open_house, f"<@{BOB}> 10 for helping with the release")
    await until(lambda: wire.count(POST, GENERAL), of="a try")
    await stand_in.revoke(wire.calls_of(POST)[-1].token)
    wire.clear()
    await until(lambda: wire.count(POST, GENERAL) and wire.count(POST, BOB), of="tries with a token that was revoked")

    for event in events:
        assert (await stand_in.event(open_house.url, event)).status_code == 200
    wire.clear()
    kept = await open_house.everything()
    refused = await stand_in.command(open_house.url, f"<@{BOB}> 10 for helping once more")
    opened = await stand_in.event(open_house.url, app_home_opened(BOB))
    assert (refused.json()["text"], opened.status_code) == (NOT_INSTALLED, 200)
    await passes(2.5)  # Two rounds of the sender.
    assert wire.calls == []
    now = await open_house.everything()
    assert {table for table in kept if now[table] != kept[table]} <= {"feed_cursor", "slack_delivery"}
    assert (await open_house.rows("SELECT length(token) FROM slack_workspace"), await open_house.is_sound()) == ([(0,)], True)

    await installs(stand_in, open_house)
    for event in events:  # They come late: this is another installation.
        assert (await stand_in.event(open_house.url, event, event_time=int(time.time()) - 60)).status_code == 200
    await gives(stand_in, open_house, f"<@{BOB}> 10 for helping once more")
    await open_house.has_told()
    assert [text.partition(": ")[2] for text in await said(stand_in, GENERAL)] == [
        "helping with the release",
        "helping once more",
    ]
    await open_house.sign_in("ana@acme.example")
    assert (await open_house.wallet("bob@acme.example"), await open_house.is_sound()) == (20, True)


@pytest.mark.long
async def test_an_event_that_comes_four_times_gives_once(stand_in: StandIn, wire: Wire, database_url: str, serve: Serve):
    server = await connected(stand_in, serve, database_url, "messages=on")
    wire.add(POST, channel=GENERAL, status=429, retry_after=2)
    text, ts = f"<@{BOB}> ++ for helping with the release", f"{int(time.time())}.000100"
    event = {"type": "message", "channel": GENERAL, "channel_type": "channel", "user": ANA, "text": text, "ts": ts}

    async def delivered(retry: int) -> int:
        return (await stand_in.event(server.url, event, event_id="Ev0000AGAIN", retry=retry)).status_code

    assert [*await asyncio.gather(delivered(0), delivered(1))] == [200, 200]
    # The post waits for its second try, and nothing is under way, when the process dies.
    limited = "SELECT 1 FROM slack_delivery WHERE not_before IS NOT NULL"
    await until(lambda: server.rows(limited), of="a channel that waits")
    await until(lambda: server.waits_alone(f"post:{GENERAL}"), of="nothing else to tell")
    server.kill()
    await server.start()
    assert [*await asyncio.gather(delivered(2), delivered(3))] == [200, 200]
    await server.has_told()

    assert await server.given() == [("Ana", ["Bob Baker"], 10)]
    assert await said(stand_in, GENERAL) == [POSTED]
    assert (len(await said(stand_in, BOB)), len((await stand_in.state())["ephemeralMessages"])) == (1, 1)
    assert (await server.wallet("bob@acme.example"), await server.is_sound()) == (10, True)


@pytest.mark.long
async def test_trouble_in_one_place_is_waited_out_and_holds_up_no_other(stand_in: StandIn, wire: Wire, acme: Server):
    wire.add(POST, channel=GENERAL, status=429, retry_after=3)
    wire.add(POST, channel=KUDOS, status=500)
    wire.add(POST, channel=KUDOS, error="internal_error")
    wire.add(POST, channel=OUTSIDE, hangs=True)
    wire.add(POST, channel=BOB, resets=True, times=2)

    for channel in (GENERAL, KUDOS, OUTSIDE):
        for number in (1, 2):
            await gives(stand_in, acme, f"<@{BOB}> <@{CEM}> 1 for helping in {channel} {number}", channel_id=channel)
    await acme.has_told(40)

    for channel, tries in ((GENERAL, 3), (KUDOS, 4), (OUTSIDE, 3)):
        wanted = [f"helping in {channel} {number}" for number in (1, 2)]
        assert [text.partition(": ")[2] for text in await said(stand_in, channel)] == wanted
        assert wire.count(POST, channel) == tries
    limited, first, second = (call.at for call in wire.calls_of(POST, GENERAL))
    assert (first - limited >= 3, second - first >= 1) == (True, True)
    assert all(call.at < first for call in wire.calls_of(POST, CEM)[:2])
    assert (len(await said(stand_in, BOB)), len(await said(stand_in, CEM)), wire.count(POST, BOB)) == (6, 6, 8)


async def test_a_lost_answer_costs_a_second_post_and_never_a_second_grant(stand_in: StandIn, wire: Wire, acme: Server):
    """Slack takes no key with a message: what it did without saying so is done again. At least once, as documented."""
    wire.add(POST, channel=GENERAL, resets=True, after=True)
    wire.add(POST, channel=BOB, status=500, after=True)

    answer = await gives(stand_in, acme, f"<@{BOB}> 10 for helping with the release")
    await acme.has_told()
    assert (await said(stand_in, GENERAL), len(await said(stand_in, BOB))) == ([POSTED] * 2, 2)
    assert (await acme.given(), await acme.wallet("bob@acme.example")) == ([("Ana", ["Bob Baker"], 10)], 10)
    await stand_in.click(acme.url, "rec_undo", value=undo_of(answer), ephemeral=True)
    await acme.has_told()
    assert await said(stand_in, GENERAL) == [POSTED]  # The one of which we never heard.


@pytest.mark.long
@pytest.mark.parametrize("processes", [(1, 1), (2,)], ids=["two servers", "two workers"])
async def test_several_processes_tell_everything_once_and_in_order(
    stand_in: StandIn, wire: Wire, postgresql_url: str, serve: Serve, processes: tuple[int, ...]
):
    made = [await stand_in.api("conversations.create", user_token(ANA), name=f"team-{number}") for number in range(10)]
    channels = [str(one["channel"]["id"]) for one in made]
    servers = [await connected(stand_in, serve, postgresql_url, workers=str(processes[0]))]
    for workers in processes[1:]:
        servers.append(serve(postgresql_url, slack_api_url=stand_in.url, workers=str(workers), **ONE_WORKSPACE))
        await servers[-1].start()
    givers = (ANA, BOB, CEM, DEE, EVE)

    async def thanks(giver: str, recipient: str, channel: str) -> None:
        for number in range(3):
            text, server = f"<@{recipient}> 1 for helping {channel} {number}", servers[number % len(servers)]
            await gives(stand_in, server, text, user_id=giver, channel_id=channel)

    await asyncio.gather(*(thanks(givers[n % 5], givers[(n + 1) % 5], channel) for n, channel in enumerate(channels)))
    await servers[0].has_told(30)

    for channel in channels:
        wanted = [f"helping {channel} {number}" for number in range(3)]
        assert [text.partition(": ")[2] for text in await said(stand_in, channel)] == wanted
    assert {len(await said(stand_in, user)) for user in givers} == {6}
    assert (wire.count(POST), len(await servers[0].given()), await servers[0].is_sound()) == (60, 30, True)


async def test_without_the_optional_scopes_the_core_works_and_admins_see_what_does_not(
    stand_in: StandIn, wire: Wire, serve: Serve, sqlite_url: str
):
    server = await connected(stand_in, serve, sqlite_url, slack_bot_token=CORE_TOKEN)

    answer = await gives(stand_in, server, f"<@{BOB}> 10 for helping in <#{KUDOS}|> with the release")
    await server.has_told()
    await stand_in.click(server.url, "rec_undo", value=undo_of(answer), ephemeral=True)
    await stand_in.event(server.url, app_home_opened(ANA))
    home = await until(lambda: home_of(stand_in, ANA), of="Home")
    await stand_in.click(server.url, "home_tab_admin", view=home, value="admin")
    home = await until(lambda: home_of(stand_in, ANA, "Switched off"), of="what is switched off")
    await server.has_told()
    for scope in ("reactions:read", "reactions:write", "im:history", "channels:read", "groups:read"):
        assert scope in json.dumps(home)
    assert await said(stand_in, GENERAL) == ["Ana took back a recognition."]
    assert {call.method for call in wire.calls} == {
        "auth.test",
        "users.list",
        POST,
        "chat.update",
        "response_url",
        "views.publish",
    }


async def test_home_opens_and_follows_what_is_given(stand_in: StandIn, wire: Wire, acme: Server):
    assert (await stand_in.event(acme.url, app_home_opened(BOB, "messages"))).status_code == 200
    assert await acme.waiting() == []
    assert (await stand_in.event(acme.url, app_home_opened(BOB))).status_code == 200
    await until(lambda: home_of(stand_in, BOB), of="Home")

    await gives(stand_in, acme, f"<@{BOB}> 10 for helping with the release")
    await until(lambda: home_of(stand_in, BOB, "helping with the release"), of="Home with the gift")
    await acme.has_told()
    assert [call.channel for call in wire.calls_of("views.publish")] == [BOB] * 2


async def test_the_form_opens_with_a_live_trigger_and_gives(stand_in: StandIn, wire: Wire, acme: Server):
    answer = await stand_in.command(acme.url, "")
    assert (answer.status_code, answer.text) == (200, "")
    (form,) = [view for view in (await stand_in.state())["views"] if view["type"] == "modal"]

    def filled(points: int) -> dict[str, Any]:
        what = {"to": [BOB, CEM], "amount": str(points), "why": "helping with the release", "where": GENERAL}
        names = {"to": "selected_users", "where": "selected_conversation"}
        return {block: {block: {"type": "any", names.get(block, "value"): value}} for block, value in what.items()}

    refused = (await stand_in.submit(acme.url, form, filled(1_000))).json()
    assert (refused["response_action"], list(refused["errors"]), await acme.given()) == ("errors", ["amount"], [])
    for _ in range(2):
        assert (await stand_in.submit(acme.url, form, filled(10))).json() == {"response_action": "clear"}
    await acme.has_told()

    assert await said(stand_in, GENERAL) == ["Ana gave Bob Baker and Cem Çelik 10 points each: helping with the release"]
    assert (len(await said(stand_in, BOB)), len(await said(stand_in, CEM))) == (1, 1)
    assert (await acme.given(), await acme.is_sound()) == ([("Ana", ["Bob Baker", "Cem Çelik"], 10)], True)
    late = await stand_in.command(acme.url, "", trigger_id=wire.calls_of("views.open")[0].arguments["trigger_id"])
    assert (late.status_code, late.json()["text"]) == (200, "Slack didn't open the form. Please try again.")


async def test_whoever_leaves_and_comes_in_slack_does_so_here(stand_in: StandIn, wire: Wire, acme: Server):
    for user_id, facts in ((BOB, {"deleted": True}), (ANA, {"deleted": True}), (GUEST, {"is_restricted": False})):
        await stand_in.set_user(user_id, **facts)
    await stand_in.set_user("U000000FAY", name="fay", real_name="Fay Ferro", email="fay@acme.example")
    await stand_in.settled()
    fay, gina = "fay@acme.example Fay Ferro MEMBER NORMAL ACTIVE", EVERYONE[5].replace("OBSERVER", "NORMAL")
    assert await acme.members() == [EVERYONE[0], *EVERYONE[2:5], fay, gina, EVERYONE[6]]  # The last owner stays.
    to_bob = await stand_in.command(acme.url, f"<@{BOB}> 10 for helping with the release", user_id=CEM)
    of_bob = await stand_in.command(acme.url, f"<@{CEM}> 10 for helping with the release", user_id=BOB)
    assert ("deactivated" in to_bob.json()["text"], "can't take part" in of_bob.json()["text"]) == (True, True)
    assert await acme.given() == []
    await stand_in.set_user(BOB, deleted=False)
    await stand_in.settled()
    await gives(stand_in, acme, f"<@{BOB}> <@U000000FAY> 10 for helping with the release", user_id=CEM)


async def test_what_slack_did_not_sign_leaves_no_trace(stand_in: StandIn, wire: Wire, acme: Server):
    await acme.has_told()
    before, calls = await acme.everything(), len(wire.calls)
    body = urlencode({"command": "/kudos", "text": f"<@{BOB}> 10 for nothing", "user_id": ANA, "trigger_id": "1.2"})
    now, deep = int(time.time()), "[" * 100_000
    forged = await stand_in.send(acme.url, body, secret="another secret")
    old = await stand_in.send(acme.url, body, timestamp=now - 301)
    early = await stand_in.send(acme.url, body, timestamp=now + 310)
    unread = await stand_in.send(acme.url, deep, content_type="application/json", secret="another secret")
    nonsense = await stand_in.send(acme.url, b"\xff\xfe", headers={"X-Slack-Request-Timestamp": "abc"})
    not_json = await stand_in.send(acme.url, deep, content_type="application/json")

    assert [answer.status_code for answer in (forged, old, early, unread, nonsense, not_json)] == [401, 401, 401, 401, 401, 400]
    assert await acme.begins_with_20_mb() == b"HTTP/1.1 413"
    assert (await acme.everything(), len(wire.calls)) == (before, calls)
