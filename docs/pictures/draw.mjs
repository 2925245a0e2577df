// Draws scenes.json as Slack shows it: one PNG for each scene. `node draw.mjs FOLDER`, which holds scenes.json.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { createElement as h } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import sharp from "sharp";
import { Message } from "slack-blocks-to-jsx";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const FOLDER = path.resolve(process.argv[2]);
const WIDTH = 720;
const SCALE = 2;
const BYTES_MAX = 150_000;
const { now, zone, people, channels, scenes } = JSON.parse(readFileSync(path.join(FOLDER, "scenes.json"), "utf8"));

const icon = (name, ...shapes) => h("svg", { className: `icon ${name}`, viewBox: "0 0 20 20" }, ...shapes);
const stroke = (d) => h("path", { d, fill: "none", stroke: "currentColor", strokeWidth: 1.6, strokeLinecap: "round", strokeLinejoin: "round" });
const chevron = () => icon("chevron", stroke("M5 7.5l5 5 5-5"));
const cross = () => icon("cross", stroke("M5 5l10 10M15 5L5 15"));
const eye = () => icon("eye", stroke("M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5z"), stroke("M10 12.2a2.2 2.2 0 100-4.4 2.2 2.2 0 000 4.4z"));
// Faces are letters: nobody here has a picture, and Plaudit has none before somebody uploads one.
const COLOURS = ["#2f6f8f", "#8f5a2f", "#4b7a3a", "#7a3a6b", "#3a4f8f"];
const colour = (name) => (name === "Plaudit" ? "#4a154b" : COLOURS[Object.values(people).indexOf(name) % COLOURS.length]);
const avatar = (name, className = "") => h("span", { className: `avatar ${className}`, style: { background: colour(name) } }, name[0]);

function moment(seconds, format) {
  const shown = (options) => new Intl.DateTimeFormat("en-US", { timeZone: zone, ...options });
  const day = (at) => shown({ dateStyle: "short" }).format(at * 1000);
  if (format.includes("{time}")) return shown({ hour: "numeric", minute: "2-digit" }).format(seconds * 1000);
  if (day(seconds) === day(now)) return "today";
  return shown({ month: "short", day: "numeric" }).format(seconds * 1000);
}

// Slack shows Google's emoji wherever a system has none of its own.
const noto = readFileSync(path.join(HERE, "node_modules/@svgmoji/noto/sprites/all.svg"), "utf8");
function emoji(character) {
  const points = [...character].map((one) => one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0"));
  const at = [points, points.filter((one) => one !== "FE0F")].map((some) => noto.indexOf(` id="${some.join("-")}"`)).find((place) => place >= 0);
  if (at === undefined) throw new Error(`there is no picture of ${character}`);
  const drawing = noto.slice(noto.lastIndexOf("<svg", at), noto.indexOf("</svg>", at) + 6);
  return h("img", { className: "emoji", alt: character, src: `data:image/svg+xml;base64,${Buffer.from(drawing).toString("base64")}` });
}

const hooks = {
  emoji: (one, parse) => emoji(parse(one)),
  user: ({ id }) => h("span", { className: "mention" }, `@${people[id] ?? id}`),
  channel: ({ id }) => h("span", { className: "mention" }, `#${channels[id] ?? id}`),
  date: ({ timestamp, format }) => moment(Number(timestamp), format),
};
const data = {
  users: Object.entries(people).map(([id, name]) => ({ id, name })),
  channels: Object.entries(channels).map(([id, name]) => ({ id, name })),
  user_groups: [],
};

// The library takes `verbatim` for "no markup at all"; Slack only makes no links of its own then, and there are none here.
const unverbatim = (node) =>
  Array.isArray(node) ? node.map(unverbatim)
  : node && typeof node === "object" ? Object.fromEntries(Object.entries(node).filter(([key]) => key !== "verbatim").map(([key, value]) => [key, unverbatim(value)]))
  : node;

const library = (block, key) => h("div", { key, className: `block ${block.type}` }, h(Message, { blocks: [unverbatim(block)], withoutWrapper: true, theme: "light", logo: "", name: "", data, hooks }));

// What is filled in is drawn here: the library shows what is chosen as a number.
function element(one, scene) {
  const chip = (label, face) => h("span", { className: "chip", key: label }, face && avatar(label, "small"), label, cross());
  const menu = (inside, empty) => h("div", { className: "select" }, inside?.length ? inside : h("span", { className: "placeholder" }, empty), chevron());
  const placeholder = one.placeholder?.text ?? "";
  switch (one.type) {
    case "multi_users_select":
      return menu((one.initial_users ?? []).map((id) => chip(people[id], true)), placeholder);
    case "multi_conversations_select":
      return menu((one.initial_conversations ?? []).map((id) => chip(`# ${channels[id]}`)), placeholder);
    case "conversations_select": {
      const id = one.initial_conversation ?? (one.default_to_current_conversation ? scene.current : undefined);
      return menu(id && [`# ${channels[id]}`], placeholder);
    }
    case "static_select":
      return menu(one.initial_option && [one.initial_option.text.text], placeholder);
    case "number_input":
      return h("div", { className: "text" }, one.initial_value ?? "");
    case "plain_text_input":
      return h("div", { className: `text${one.multiline ? " multiline" : ""}` }, one.initial_value ?? h("span", { className: "placeholder" }, placeholder));
    case "radio_buttons":
      return h("div", { className: "radios" }, one.options.map((option) => h("div", { key: option.value, className: option.value === one.initial_option?.value ? "radio on" : "radio" }, option.text.text)));
    default:
      throw new Error(`nobody has drawn a ${one.type} yet`);
  }
}

const input = (block, key, scene) =>
  h("div", { key, className: "block input" },
    h("div", { className: "label" }, block.label.text, block.optional && h("span", { className: "optional" }, " (optional)")),
    element(block.element, scene),
    block.hint && h("div", { className: "hint" }, block.hint.text));

const drawn = (blocks, scene) => blocks.map((block, at) => (block.type === "input" ? input(block, at, scene) : library(block, at)));

function message(scene) {
  const onlyYou = scene.in === "only you";
  return h("div", { className: `message${onlyYou ? " only-you" : ""}` },
    onlyYou && h("div", { className: "seen" }, eye(), "Only visible to you"),
    h("div", { className: "said" }, avatar("Plaudit"),
      h("div", { className: "body" },
        h("div", { className: "by" }, h("b", null, "Plaudit"), h("span", { className: "app" }, "APP"), h("span", { className: "at" }, moment(now, "{time}"))),
        drawn(scene.blocks, scene))));
}

const modal = (scene) =>
  h("div", { className: "backdrop" },
    h("div", { className: "modal" },
      h("div", { className: "title" }, avatar("Plaudit", "small"), h("b", null, scene.view.title.text), cross()),
      h("div", { className: "inside" }, drawn(scene.view.blocks, scene)),
      h("div", { className: "foot" }, h("span", { className: "press" }, scene.view.close.text), scene.view.submit && h("span", { className: "press primary" }, scene.view.submit.text))));

const home = (scene) =>
  h("div", { className: "home" },
    h("div", { className: "bar" }, avatar("Plaudit", "small"), h("b", null, "Plaudit")),
    h("div", { className: "tabs" }, h("span", { className: "tab on" }, "Home"), h("span", { className: "tab" }, "Messages"), h("span", { className: "tab" }, "About")),
    h("div", { className: "inside" }, drawn(scene.view.blocks, scene)));

const KINDS = { message, "only you": message, modal, home };

function page(name, scene) {
  const sheet = (file) => pathToFileURL(path.join(HERE, file)).href;
  const sheets = ["400", "700", "900"].map((weight) => `node_modules/@fontsource/lato/${weight}.css`);
  sheets.push("node_modules/slack-blocks-to-jsx/dist/style.css", "slack.css");
  const links = sheets.map((file) => `<link rel="stylesheet" href="${sheet(file)}">`).join("");
  const body = renderToStaticMarkup(h("div", { className: `picture ${name}` }, KINDS[scene.in](scene)));
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${name}</title>${links}</head><body>${body}</body></html>`;
}

function chromium() {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const places = (process.env.PATH ?? "").split(path.delimiter).flatMap((folder) => names.map((name) => path.join(folder, name)));
  const found = [process.env.CHROMIUM, ...places, "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"].find((place) => place && existsSync(place));
  if (!found) throw new Error("The pictures need Chromium. Install it (Debian: apt-get install chromium), or name it: CHROMIUM=/path/to/chromium");
  return found;
}

async function shoot(name, browser) {
  const shot = path.join(FOLDER, `${name}.shot.png`);
  execFileSync(browser, [
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files", "--default-background-color=00000000",
    `--force-device-scale-factor=${SCALE}`, `--window-size=${WIDTH},3000`, `--screenshot=${shot}`, "--virtual-time-budget=3000", pathToFileURL(path.join(FOLDER, `${name}.html`)).href,
  ], { stdio: "pipe" });
  const trimmed = await sharp(shot).trim({ background: "#00000000", threshold: 1 }).png({ palette: true, colours: 128, effort: 10, compressionLevel: 9 }).toBuffer({ resolveWithObject: true });
  if (trimmed.data.length >= BYTES_MAX) throw new Error(`${name}.png has ${trimmed.data.length} bytes, and may have ${BYTES_MAX}`);
  writeFileSync(path.join(HERE, `${name}.png`), trimmed.data);
  console.log(`docs/pictures/${name}.png  ${trimmed.info.width}×${trimmed.info.height}  ${trimmed.data.length} bytes`);
}

const browser = chromium();
for (const [name, scene] of Object.entries(scenes)) {
  writeFileSync(path.join(FOLDER, `${name}.html`), page(name, scene));
  await shoot(name, browser);
}
