// Plays Slack on loopback: emulate (its store, Web API, OAuth and signed events), and around it what it lacks.
//
// The first line of the input is the seed, the first line of the output is {"url": …}; the end of the input ends it all.
// Ours are: the people as Slack shows them, user groups, emoji, revoked tokens, response_url, whole event envelopes, and
// /_ctl for the test. tests/stand_in.py is the other end, and says what to expect of the whole.
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import readline from "node:readline";
import { createEmulator } from "emulate";

const RESPONSES_MAX = 5; // A response_url may be used five times.

const input = readline.createInterface({ input: process.stdin });
const seed = JSON.parse((await once(input, "line"))[0]);
input.on("close", () => process.exit());

const { team, app: slackApp } = seed;
const idOf = (name) => seed.users.find((user) => user.name === name).user_id;
const responses = [];
const revoked = new Map();
const underway = new Set();
let app, store, webhooks, slack;
let generation = 0;

/** A user as the store keeps it: the facts of the seed, and a profile made of them. */
function person(facts) {
  const { user_id, name, real_name = name, email, title = "", team_id = team.team_id } = facts;
  const names = { real_name, real_name_normalized: real_name, display_name: name, display_name_normalized: name };
  const picture = `https://avatars.example/${user_id}_192.png`;
  const profile = { ...names, title, team: team_id, image_192: picture, ...(email ? { email } : {}) };
  return { is_admin: false, is_bot: false, deleted: false, ...facts, real_name, team_id, profile };
}

/** A user as Slack shows it; of those who left, little. */
function shown(user, scopes, withLocale) {
  const { email, ...withoutEmail } = user.profile;
  const profile = email && scopes.includes("users:read.email") ? user.profile : withoutEmail;
  const updated = Math.floor(Date.parse(user.updated_at) / 1000);
  const { user_id: id, team_id, name, deleted, is_bot } = user;
  const little = { id, team_id, name, deleted, profile, is_bot, is_app_user: false, updated };
  if (deleted) return little;
  const kinds = ["is_admin", "is_owner", "is_primary_owner", "is_restricted", "is_ultra_restricted"];
  const flags = Object.fromEntries(kinds.map((kind) => [kind, user[kind] ?? false]));
  for (const rare of ["is_invited_user", "is_stranger", "is_workflow_bot"]) if (user[rare]) flags[rare] = true;
  const zone = { tz: user.tz ?? "Europe/Lisbon", tz_label: "Local time", tz_offset: 0 };
  const locale = withLocale ? { locale: user.locale ?? "en-US" } : {};
  return { ...little, real_name: user.real_name, color: "9f69e7", ...zone, ...flags, ...locale };
}

const methods = {
  "users.list": ["users:read", ({ limit, cursor, include_locale }, scopes) => {
    const people = slack.users.all().filter((user) => user.team_id === team.team_id);
    const first = cursor ? people.findIndex((user) => cursorTo(user) === cursor) : 0;
    if (first < 0) return { ok: false, error: "invalid_cursor" };
    const last = first + (Number(limit) || people.length);
    const next_cursor = last < people.length ? cursorTo(people[last]) : "";
    const members = people.slice(first, last).map((user) => shown(user, scopes, include_locale));
    return { ok: true, members, cache_ts: 0, response_metadata: { next_cursor } };
  }],
  "users.info": ["users:read", ({ user: id, include_locale }, scopes) => {
    const user = slack.users.findOneBy("user_id", id);
    return user ? { ok: true, user: shown(user, scopes, include_locale) } : { ok: false, error: "user_not_found" };
  }],
  "users.lookupByEmail": ["users:read.email", ({ email }, scopes) => {
    const user = slack.users.findBy("email", email).find(({ deleted }) => !deleted);
    return user ? { ok: true, user: shown(user, scopes, false) } : { ok: false, error: "users_not_found" };
  }],
  "usergroups.list": ["usergroups:read", ({ include_users }) => {
    const usergroups = seed.usergroups.map(({ users, ...group }) => {
      const inside = include_users ? { users: users.map(idOf) } : {};
      return { ...group, team_id: team.team_id, is_usergroup: true, date_delete: 0, ...inside };
    });
    return { ok: true, usergroups };
  }],
  "usergroups.users.list": ["usergroups:read", ({ usergroup }) => {
    const group = seed.usergroups.find(({ id }) => id === usergroup);
    return group ? { ok: true, users: group.users.map(idOf) } : { ok: false, error: "no_such_subteam" };
  }],
  "emoji.list": ["emoji:read", () => ({ ok: true, emoji: seed.emoji, cache_ts: "0" })],
  "auth.revoke": [null, (_given, _scopes, token) => {
    revoked.set(token, "token_revoked");
    return { ok: true, revoked: true };
  }],
};

function cursorTo(user) {
  return Buffer.from(`user:${user.user_id}`).toString("base64");
}

/** Answers a method that emulate has not, or not like Slack. */
async function ours(c, scope, answer) {
  const token = c.get("authToken");
  if (!token) return c.json({ ok: false, error: "not_authed" });
  const scopes = c.get("authScopes");
  if (scope && !scopes.includes(scope)) {
    return c.json({ ok: false, error: "missing_scope", needed: scope, provided: scopes.join(",") });
  }
  const json = (c.req.header("Content-Type") ?? "").includes("json");
  const given = json ? await c.req.json() : Object.fromEntries(new URLSearchParams(await c.req.text()));
  for (const flag of ["include_locale", "include_users"]) given[flag] = ["1", "true", "True"].includes(String(given[flag]));
  return c.json(answer(given, scopes, token));
}

/** The envelopes that Slack would send for one of emulate's: none where the app is not, two where it is mentioned. */
function delivered(envelope) {
  const { event } = envelope;
  const channel = slack.channels.findOneBy("channel_id", event.item?.channel ?? event.channel);
  if (channel && !channel.members.includes(slackApp.bot_user_id)) return [];
  event.event_ts ??= event.ts ?? `${Math.floor(Date.now() / 1000)}.000000`;
  if (event.item) {
    event.item_user = slack.messages.all().find((message) => message.ts === event.item.ts)?.user;
  } else if (channel) {
    event.team = team.team_id;
    event.channel_type = channel.is_im ? "im" : channel.is_mpim ? "mpim" : channel.is_private ? "group" : "channel";
  }
  if (event.user === slackApp.bot_user_id) Object.assign(event, { bot_id: slackApp.bot_id, app_id: slackApp.app_id });
  const authorization = { enterprise_id: null, team_id: team.team_id, user_id: slackApp.bot_user_id, is_bot: true };
  const whole = {
    token: "verification",
    api_app_id: slackApp.app_id,
    context_team_id: team.team_id,
    context_enterprise_id: null,
    authorizations: [{ ...authorization, is_enterprise_install: false }],
    is_ext_shared_channel: false,
    ...envelope,
  };
  const plain = event.type === "message" && !event.subtype && !channel?.is_im;
  if (!plain || !event.text.includes(`<@${slackApp.bot_user_id}>`)) return [whole];
  const { channel_type, ...mention } = event;
  return [whole, { ...whole, event_id: `${envelope.event_id}M`, event: { ...mention, type: "app_mention" } }];
}

const control = {
  state() {
    const kept = Object.entries(slack).map(([name, collection]) => [name, collection.all()]);
    const deliveries = webhooks.getDeliveries().filter(({ hook_id }) => hook_id === generation);
    return { ...Object.fromEntries(kept), responses, deliveries };
  },
  connect({ events_url, redirect_uri }) {
    webhooks.clear();
    webhooks.register({ id: ++generation, url: events_url, events: seed.events, active: true, owner: "slack" });
    const known = slack.oauthApps.findOneBy("client_id", slackApp.client_id);
    slack.oauthApps.update(known.id, { redirect_uris: [...known.redirect_uris, redirect_uri] });
  },
  user({ announced, ...facts }) {
    const known = slack.users.findOneBy("user_id", facts.user_id);
    const user = known ? slack.users.update(known.id, person({ ...known, ...facts })) : slack.users.insert(person(facts));
    if (!announced) return;
    const event = { type: known ? "user_change" : "team_join", user: shown(user, ["users:read.email"], true) };
    const event_id = `Ev${crypto.randomUUID().replaceAll("-", "")}`;
    const envelope = { type: "event_callback", team_id: team.team_id, event_id, event_time: Math.floor(Date.now() / 1000), event };
    webhooks.dispatch(event.type, undefined, envelope, "slack");
  },
  revoke({ token, error }) {
    revoked.set(token, error);
  },
  async settle() {
    while (underway.size) await Promise.all(underway);
  },
  reset() {
    store.restore({ ...fresh, collections: structuredClone(fresh.collections) });
    webhooks.clear();
    generation++;
    responses.length = 0;
    revoked.clear();
  },
};

/** What was said through a response_url: kept, in the order in which it came. */
function respond(path, body) {
  if (responses.filter((response) => response.path === path).length >= RESPONSES_MAX) {
    return Response.json({ ok: false, error: "used_url" }, { status: 404 });
  }
  const [, , channel_id, user_id] = path.split("/");
  responses.push({ path, channel_id, user_id, body: JSON.parse(body) });
  return new Response("ok");
}

/** emulate routes POST only, takes any token for its admin's, and says 404 for methods that it has not. */
async function call(request, url, body) {
  const headers = new Headers();
  for (const name of ["authorization", "content-type"]) if (request.headers[name]) headers.set(name, request.headers[name]);
  let { method } = request;
  if (url.pathname.startsWith("/api/")) {
    const token = headers.get("authorization")?.match(/^Bearer\s+(.+)$/i)?.[1];
    const error = token && (revoked.get(token) ?? (slack.tokens.findOneBy("token", token) ? undefined : "invalid_auth"));
    if (error) return Response.json({ ok: false, error });
    if (!headers.get("content-type")?.includes("json")) {
      body = new URLSearchParams([...new URLSearchParams(body), ...url.searchParams]).toString();
      headers.set("content-type", "application/x-www-form-urlencoded");
    }
    method = "POST";
  }
  const answer = await app.fetch(new Request(url, { method, headers, body: method === "GET" ? undefined : body }));
  const unknown = answer.status === 404 && url.pathname.startsWith("/api/");
  return unknown ? Response.json({ ok: false, error: "unknown_method" }) : answer;
}

async function serve(request, response) {
  try {
    const url = new URL(request.url, root);
    const body = Buffer.concat(await request.toArray()).toString();
    let answer;
    if (url.pathname.startsWith("/_ctl/")) {
      answer = Response.json((await control[url.pathname.slice("/_ctl/".length)](JSON.parse(body || "{}"))) ?? {});
    } else {
      answer = url.pathname.startsWith("/responses/") ? respond(url.pathname, body) : await call(request, url, body);
    }
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  } catch (error) {
    response.writeHead(500, { "content-type": "text/plain" });
    response.end(error.stack);
  }
}

// emulate does not export its Slack: its plugin is one of the files, and is the same object that createEmulator loads.
const dist = new URL("./node_modules/emulate/dist/", import.meta.url);
const isSlack = (name) => name.endsWith(".js") && fs.readFileSync(new URL(name, dist), "utf8").includes("/api/oauth.v2.access");
const file = fs.readdirSync(dist).find((name) => name.startsWith("dist-") && isSlack(name));
const { slackPlugin, getSlackStore } = await import(new URL(file, dist));
const { register } = slackPlugin;

slackPlugin.register = function (...given) {
  [app, store, webhooks] = given;
  slack = getSlackStore(store);
  app.middleware.pop(); // Its own limit: 5,000 calls an hour and token, then 403. Slack has nothing like it.
  for (const [method, [scope, answer]] of Object.entries(methods)) app.post(`/api/${method}`, (c) => ours(c, scope, answer));
  const dispatch = webhooks.dispatch.bind(webhooks);
  webhooks.dispatch = async (type, action, envelope, ...rest) => {
    // Slack does not keep a caller waiting until its message has been delivered.
    for (const whole of delivered(envelope)) {
      const delivery = dispatch(whole.event.type, action, whole, ...rest).finally(() => underway.delete(delivery));
      underway.add(delivery);
    }
  };
  return register.apply(this, given);
};

slackPlugin.seed = () => {
  slack.teams.insert(team);
  for (const facts of seed.users) slack.users.insert(person(facts));
  const topic = { value: "", creator: seed.users[0].user_id, last_set: 0 };
  for (const { channel_id, name, is_private = false, members } of seed.channels) {
    const kind = { is_channel: true, is_private, is_archived: false, topic, purpose: topic, creator: topic.creator };
    const inside = { members: members.map(idOf), num_members: members.length };
    slack.channels.insert({ channel_id, team_id: team.team_id, name, ...kind, ...inside });
  }
};

const server = http.createServer((request, response) => void serve(request, response));
await once(server.listen(0, "127.0.0.1"), "listening");
const root = `http://127.0.0.1:${server.address().port}`;

const tokens = Object.entries(seed.tokens).map(([token, { user, scopes }]) => {
  const bot = token.startsWith("xoxb-");
  const { app_id, client_id, bot_id, bot_user_id } = slackApp;
  return { token, type: bot ? "bot" : "user", user, scopes, ...(bot ? { app_id, client_id, bot_id, bot_user_id } : {}) };
});
await createEmulator({
  service: "slack",
  port: 0, // Its own door, which nobody uses.
  hostname: "127.0.0.1",
  baseUrl: root,
  seed: { slack: { strict_scopes: true, signing_secret: seed.signing_secret, oauth_apps: [slackApp], tokens } },
});
const fresh = store.snapshot();
fresh.collections = structuredClone(fresh.collections);
console.log(JSON.stringify({ url: root }));
