"""What plays Slack plays it well enough: the parts of the Web API that the Slack door stands on, events, OAuth and failures."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import aiohttp
import httpx2
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.fault_proxy import RESPONSE_URL, FaultProxy
from tests.stand_in import (  # noqa: F401 (fixtures)
    ANA,
    BOB,
    BOT_ID,
    BOT_TOKEN,
    BOT_USER,
    CEM,
    CLIENT_ID,
    CLIENT_SECRET,
    CORE_TOKEN,
    DEE,
    EVE,
    GENERAL,
    GROUP,
    GUEST,
    INVITED,
    KUDOS,
    LEADS,
    LEFT,
    OUTSIDE,
    ROBOT,
    SECRET,
    SEED,
    SIGNING_SECRET,
    STRANGE_TEAM,
    STRANGER,
    TEAM,
    StandIn,
    app_home_opened,
    fault_proxy,
    fresh_stand_in,
    running_stand_in,
    user_token,
)

MODAL = {"type": "modal", "callback_id": "give", "title": {"type": "plain_text", "text": "Give"}, "blocks": []}


@pytest.fixture
def bot(stand_in: StandIn) -> AsyncWebClient:
    return AsyncWebClient(token=BOT_TOKEN, base_url=stand_in.url)


class Receiver:
    """An app that verifies what it gets, writes it down and says 200, or what it is told to."""

    def __init__(self) -> None:
        self.verifier = SignatureVerifier(SIGNING_SECRET)
        self.envelopes: list[dict[str, Any]] = []
        self.forms: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.awake = asyncio.Event()
        self.awake.set()
        self.url = ""

    @property
    def events(self) -> list[dict[str, Any]]:
        return [envelope["event"] for envelope in self.envelopes]

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        await self.awake.wait()
        if not self.verifier.is_valid_request(body, dict(request.headers)):
            return web.Response(status=401)
        self.headers.append(dict(request.headers))
        if request.content_type == "application/json":
            self.envelopes.append(json.loads(body))
        else:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
            self.forms.append(json.loads(form["payload"]) if "payload" in form else form)
        return web.json_response({"response_action": "clear"})


@pytest.fixture
async def app() -> AsyncIterator[Receiver]:
    receiver, served = Receiver(), web.Application()
    served.router.add_post("/slack/events", receiver.receive)
    runner = web.AppRunner(served, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield receiver
    await runner.cleanup()


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_it_knows_its_app(bot: AsyncWebClient):
    known = await bot.auth_test()

    assert (known["team_id"], known["user_id"], known["bot_id"]) == (TEAM, BOT_USER, BOT_ID)
    assert "x-ratelimit-remaining" not in {name.lower() for name in known.headers}, "its own limit is off"
    assert await error_of(bot.auth_test(token="xoxb-nobody")) == "invalid_auth"
    assert await error_of(bot.api_call("no.such")) == "unknown_method"


def test_its_seed_has_the_names_that_the_tests_use():
    users = {user["user_id"] for user in SEED["users"]}
    channels = {channel["channel_id"] for channel in SEED["channels"]}

    assert {ANA, BOB, CEM, DEE, EVE, GUEST, LEFT, INVITED, STRANGER, ROBOT, BOT_USER} <= users
    assert {GENERAL, KUDOS, OUTSIDE, SECRET, LEADS} == channels
    assert {BOT_TOKEN, CORE_TOKEN, *map(user_token, (ANA, BOB, CEM, DEE))} == set(SEED["tokens"])


async def test_it_lists_people_page_by_page(bot: AsyncWebClient):
    pages = [page["members"] async for page in await bot.users_list(limit=4)]
    people = {user["id"]: user for page in pages for user in page}

    assert [len(page) for page in pages] == [4, 4, 3]
    assert people.keys() == {user["user_id"] for user in SEED["users"]} - {STRANGER}
    assert people[GUEST]["is_restricted"]
    assert people[LEFT]["deleted"]
    assert "is_admin" not in people[LEFT]
    assert people[ANA]["profile"]["email"] == "ana@acme.example"
    assert await error_of(bot.users_list(cursor="nonsense")) == "invalid_cursor"


async def test_it_shows_one_person(bot: AsyncWebClient):
    assert (await bot.users_info(user=CEM, include_locale=True))["user"]["locale"] == "tr-TR"
    assert (await bot.users_info(user=STRANGER))["user"]["team_id"] == STRANGE_TEAM
    assert await error_of(bot.users_info(user="U0NOBODY")) == "user_not_found"
    assert (await bot.usergroups_users_list(usergroup=GROUP))["users"] == [BOB, CEM, DEE]


async def test_a_missing_scope_is_named(bot: AsyncWebClient):
    with pytest.raises(SlackApiError) as caught:
        await bot.emoji_list(token=CORE_TOKEN)

    assert (caught.value.response["error"], caught.value.response["needed"]) == ("missing_scope", "emoji:read")
    assert (await bot.emoji_list())["emoji"]["merci"] == "alias:kudos"


async def test_messages_are_kept(stand_in: StandIn, bot: AsyncWebClient):
    posted = await bot.chat_postMessage(channel=GENERAL, text="Thank you", blocks=[{"type": "divider"}])
    direct = await bot.chat_postMessage(channel=BOB, text="For you")
    await bot.chat_update(channel=GENERAL, ts=posted["ts"], text="Thank you all")
    opened = await bot.conversations_open(users=BOB)
    await bot.chat_postEphemeral(channel=GENERAL, user=ANA, text="Sent")

    state = await stand_in.state()
    assert [(message["channel_id"], message["text"]) for message in state["messages"]] == [
        (GENERAL, "Thank you all"),
        (direct["channel"], "For you"),
    ]
    assert opened["channel"] == {"id": direct["channel"]}
    assert [(message["target_user"], message["text"]) for message in state["ephemeralMessages"]] == [(ANA, "Sent")]
    link = (await bot.chat_getPermalink(channel=GENERAL, message_ts=posted["ts"]))["permalink"]
    assert posted["ts"].replace(".", "") in link
    await bot.chat_delete(channel=GENERAL, ts=posted["ts"])
    assert len((await stand_in.state())["messages"]) == 1


async def test_it_refuses_as_slack_does(bot: AsyncWebClient):
    assert await error_of(bot.chat_postMessage(channel="C0NOWHERE", text="Hi")) == "channel_not_found"
    assert await error_of(bot.chat_postMessage(channel=LEFT, text="Hi")) == "channel_not_found"
    assert await error_of(bot.chat_postMessage(channel=SECRET, text="Hi")) == "not_in_channel"
    assert await error_of(bot.chat_postEphemeral(channel=OUTSIDE, user=DEE, text="Hi")) == "user_not_in_channel"
    assert await error_of(bot.chat_update(channel=GENERAL, ts="1.1", text="Hi")) == "message_not_found"
    assert await error_of(bot.reactions_add(channel=GENERAL, timestamp="1.1", name="taco")) == "message_not_found"
    assert await error_of(bot.views_publish(user_id="U0NOBODY", view={"type": "home", "blocks": []})) == "user_not_found"


async def test_a_home_is_published(stand_in: StandIn, bot: AsyncWebClient):
    first = await bot.views_publish(user_id=ANA, view={"type": "home", "blocks": [], "private_metadata": "1"})
    await bot.views_publish(user_id=ANA, view={"type": "home", "blocks": [{"type": "divider"}]}, hash=first["view"]["hash"])

    (home,) = (await stand_in.state())["views"]
    assert (home["view_id"], home["user_id"], home["blocks"]) == (first["view"]["id"], ANA, [{"type": "divider"}])
    late = bot.views_publish(user_id=ANA, view={"type": "home", "blocks": []}, hash=first["view"]["hash"])
    assert await error_of(late) == "hash_conflict"


async def test_a_trigger_works_once_and_soon(stand_in: StandIn, bot: AsyncWebClient):
    trigger, kept = await asyncio.gather(stand_in.trigger_id(BOB), stand_in.trigger_id(BOB))

    opened = await bot.views_open(trigger_id=trigger, view=MODAL)

    assert [view["user_id"] for view in (await stand_in.state())["views"]] == [BOB]
    assert await error_of(bot.views_open(trigger_id=trigger, view=MODAL)) == "exchanged_trigger_id"
    assert await error_of(bot.views_open(trigger_id="made.up", view=MODAL)) == "invalid_trigger_id"
    above = await stand_in.trigger_id(BOB, view_id=opened["view"]["id"])
    assert (await bot.views_push(trigger_id=above, view=MODAL))["view"]["root_view_id"] == opened["view"]["id"]
    await asyncio.sleep(3)
    assert await error_of(bot.views_open(trigger_id=kept, view=MODAL)) == "expired_trigger_id"


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")  # slack_sdk's, with aiohttp 3.14.
async def test_it_installs(stand_in: StandIn, app: Receiver, bot: AsyncWebClient):
    await stand_in.connect(app.url)
    redirect = f"{app.url}/slack/oauth_redirect"
    query = httpx2.QueryParams(client_id=CLIENT_ID, scope="chat:write,users:read", state="s1", redirect_uri=redirect)

    returned = urlsplit(await stand_in.install(f"{stand_in.authorize_url}?{query}", ANA))
    back = parse_qs(returned.query)
    asked = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": back["code"][0], "redirect_uri": redirect}
    granted = await AsyncWebClient(base_url=stand_in.url).oauth_v2_access(**asked)

    assert (returned.path, back["state"]) == ("/slack/oauth_redirect", ["s1"])
    assert (granted["team"]["id"], granted["authed_user"]["id"], granted["bot_user_id"]) == (TEAM, ANA, BOT_USER)
    assert granted["scope"] == "chat:write,users:read"
    assert (await bot.auth_test(token=granted["access_token"]))["bot_id"] == BOT_ID
    assert await error_of(AsyncWebClient(base_url=stand_in.url).oauth_v2_access(**asked)) == "invalid_code"


async def test_a_revoked_token_is_refused(stand_in: StandIn, bot: AsyncWebClient):
    await stand_in.revoke()
    assert await error_of(bot.auth_test()) == "token_revoked"

    await stand_in.reset()
    assert (await bot.auth_revoke())["revoked"]
    assert await error_of(bot.chat_postMessage(channel=GENERAL, text="Hi")) == "token_revoked"


async def test_what_people_do_is_told_and_signed(stand_in: StandIn, app: Receiver):
    await stand_in.connect(app.url)
    said = await stand_in.api("chat.postMessage", user_token(ANA), channel=GENERAL, text=f"<@{BOT_USER}> <@{BOB}> 10 for tests")
    await stand_in.settled()
    await stand_in.api("reactions.add", user_token(CEM), channel=GENERAL, timestamp=said["ts"], name="taco")
    await stand_in.api("chat.postMessage", user_token(ANA), channel=SECRET, text="Not for the app")
    await stand_in.settled()

    assert sorted(event["type"] for event in app.events) == ["app_mention", "message", "reaction_added"]
    assert len({envelope["event_id"] for envelope in app.envelopes}) == 3
    assert {(envelope["api_app_id"], envelope["team_id"]) for envelope in app.envelopes} == {("A000PLAUDIT", TEAM)}
    reaction = app.events[-1]
    assert (reaction["user"], reaction["item_user"], reaction["item"]["ts"]) == (CEM, ANA, said["ts"])
    assert [delivery["status_code"] for delivery in (await stand_in.state())["deliveries"]] == [200] * 3


async def test_it_does_not_wait_for_the_app(stand_in: StandIn, app: Receiver, bot: AsyncWebClient):
    await stand_in.connect(app.url)
    app.awake.clear()
    await bot.chat_postMessage(channel=GENERAL, text="Hi")
    assert app.events == []

    app.awake.set()
    await stand_in.settled()

    assert [(event["user"], event["bot_id"], event["channel_type"]) for event in app.events] == [(BOT_USER, BOT_ID, "channel")]


async def test_people_change_aloud_or_in_silence(stand_in: StandIn, app: Receiver, bot: AsyncWebClient):
    await stand_in.connect(app.url)
    await stand_in.set_user(BOB, deleted=True)
    await stand_in.set_user("U000000FAY", name="fay", email="fay@acme.example")
    await stand_in.set_user(DEE, announced=False, is_restricted=True)
    await stand_in.settled()

    told = {event["user"]["id"]: (event["type"], event["user"]["deleted"]) for event in app.events}
    assert told == {BOB: ("user_change", True), "U000000FAY": ("team_join", False)}
    assert (await bot.users_info(user=DEE))["user"]["is_restricted"]
    await stand_in.reset()
    assert not (await bot.users_info(user=BOB))["user"]["deleted"]
    assert await error_of(bot.users_info(user="U000000FAY")) == "user_not_found"


async def test_commands_clicks_and_submissions_arrive(stand_in: StandIn, app: Receiver, bot: AsyncWebClient):
    posted = await bot.chat_postMessage(channel=GENERAL, text="Thank you")
    (message,) = (await stand_in.state())["messages"]
    await stand_in.command(app.url, f"<@{BOB}> 10 for tests & more", user_id=CEM)
    await stand_in.click(app.url, "undo", value="r1", message=message)
    await stand_in.click(app.url, "undo", message=message, ephemeral=True)
    await stand_in.shortcut(app.url, "give_kudos")
    await stand_in.shortcut(app.url, "give_kudos_message", message=message, user_id=BOB)
    command, click, hidden, everywhere, on_message = app.forms

    assert (command["text"], command["user_name"], command["channel_name"]) == (f"<@{BOB}> 10 for tests & more", "cem", "general")
    assert (click["actions"][0]["value"], click["message"]["ts"], click["container"]["channel_id"]) == (
        "r1",
        posted["ts"],
        GENERAL,
    )
    assert (hidden["container"]["is_ephemeral"], "message" in hidden) == (True, False)
    assert (everywhere["type"], on_message["type"], on_message["message"]["user"]) == ("shortcut", "message_action", BOT_USER)

    await bot.views_open(trigger_id=command["trigger_id"], view=MODAL)
    (modal,) = (await stand_in.state())["views"]
    answer = await stand_in.submit(app.url, modal, {"why": {"why": {"type": "plain_text_input", "value": "tests"}}}, user_id=CEM)
    await stand_in.click(app.url, "more", view=modal, user_id=CEM)

    submission, inside = app.forms[-2:]
    assert answer.json() == {"response_action": "clear"}
    assert (submission["view"]["id"], submission["view"]["callback_id"]) == (modal["view_id"], "give")
    assert submission["view"]["state"]["values"]["why"]["why"]["value"] == "tests"
    assert inside["container"] == {"type": "view", "view_id": modal["view_id"]}
    await bot.views_push(trigger_id=inside["trigger_id"], view=MODAL)


async def test_events_are_made_by_hand(stand_in: StandIn, app: Receiver):
    await stand_in.event(app.url, app_home_opened(ANA))
    await asyncio.gather(*[stand_in.event(app.url, {"type": "message"}, event_id="Ev1", retry=again) for again in range(3)])
    late = await stand_in.send(app.url, "{}", content_type="application/json", timestamp=int(time.time()) - 301)
    forged = await stand_in.send(app.url, "{}", content_type="application/json", secret="another")
    async with httpx2.AsyncClient(base_url=app.url) as client:
        assert (await stand_in.event(client, {"type": "app_uninstalled"}, team_id="T0OTHER")).status_code == 200

    assert (late.status_code, forged.status_code) == (401, 401)
    assert [envelope["event_id"] for envelope in app.envelopes[1:4]] == ["Ev1"] * 3
    assert sorted(headers.get("X-Slack-Retry-Num", "0") for headers in app.headers[1:4]) == ["0", "1", "2"]
    assert app.envelopes[4]["team_id"] == "T0OTHER"


async def test_a_response_url_is_used_up(stand_in: StandIn):
    webhook = AsyncWebhookClient(stand_in.response_url(SECRET, ANA))

    statuses = [(await webhook.send(text=str(number), response_type="in_channel")).status_code for number in range(6)]

    assert statuses == [200] * 5 + [404]
    responses = (await stand_in.state())["responses"]
    assert [(said["channel_id"], said["user_id"], said["body"]["text"]) for said in responses[:2]] == [
        (SECRET, ANA, "0"),
        (SECRET, ANA, "1"),
    ]


async def test_calls_are_counted(stand_in: StandIn, faults: FaultProxy):
    bot = AsyncWebClient(token=BOT_TOKEN, base_url=stand_in.url)
    await bot.chat_postMessage(channel=GENERAL, text="1", blocks=[{"type": "divider"}])
    await bot.users_list(limit=2)
    await bot.chat_postMessage(channel=KUDOS, text="2")
    await AsyncWebhookClient(stand_in.response_url(GENERAL, ANA)).send(text="3")

    assert [call.method for call in faults.calls] == ["chat.postMessage", "users.list", "chat.postMessage", RESPONSE_URL]
    assert {call.outcome for call in faults.calls} == {"passed"}
    (first,) = faults.calls_of("chat.postMessage", GENERAL)
    assert (first.arguments["text"], first.arguments["blocks"], first.token) == ("1", [{"type": "divider"}], BOT_TOKEN)
    assert first.answer is not None
    assert first.answer["ok"]
    assert (faults.count("chat.postMessage"), faults.calls[1].arguments["limit"]) == (2, "2")
    assert len((await stand_in.state())["responses"]) == 1


async def test_faults_happen_as_often_as_told(stand_in: StandIn, faults: FaultProxy):
    bot = AsyncWebClient(token=BOT_TOKEN, base_url=stand_in.url, retry_handlers=[])
    faults.add("chat.postMessage", channel=GENERAL, status=429, retry_after=7)
    faults.add("chat.postMessage", error="is_archived", times=2)

    with pytest.raises(SlackApiError) as caught:
        await bot.chat_postMessage(channel=GENERAL, text="1")
    errors = [await error_of(bot.chat_postMessage(channel=channel, text="2")) for channel in (KUDOS, GENERAL)]
    await bot.chat_postMessage(channel=GENERAL, text="3")

    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "7")
    assert errors == ["is_archived"] * 2
    assert [call.outcome for call in faults.calls] == ["429", "is_archived", "is_archived", "passed"]
    assert [message["text"] for message in (await stand_in.state())["messages"]] == ["3"]


@pytest.mark.parametrize("after", [False, True])
async def test_answers_get_lost(stand_in: StandIn, faults: FaultProxy, after: bool):
    bot = AsyncWebClient(token=BOT_TOKEN, base_url=stand_in.url, retry_handlers=[])
    faults.add("*", status=503, after=after)
    faults.add("*", resets=True, after=after)
    faults.add("*", hangs=True, after=after)
    faults.add("*", seconds=0.2)

    with pytest.raises(SlackApiError):
        await bot.chat_postMessage(channel=GENERAL, text="1")
    with pytest.raises(aiohttp.ClientError):
        await bot.chat_postMessage(channel=GENERAL, text="2")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bot.chat_postMessage(channel=GENERAL, text="3"), 0.5)
    began = time.monotonic()
    await bot.chat_postMessage(channel=GENERAL, text="4")

    assert time.monotonic() - began > 0.15
    assert [call.outcome for call in faults.calls] == ["503", "resets", "hangs", "slow"]
    landed = [message["text"] for message in (await stand_in.state())["messages"]]
    assert landed == (["1", "2", "3", "4"] if after else ["4"])
