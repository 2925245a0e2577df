// Draws the pictures of the demo's rewards: each SVG in rewards/ becomes a PNG that our server shows, 800×500.
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import sharp from "sharp";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const TO = "app/static/pictures";
const BYTES_MAX = 25_000;

for (const file of readdirSync(path.join(HERE, "rewards")).filter((file) => file.endsWith(".svg")).sort()) {
  const name = file.replace(/\.svg$/, ".png");
  const drawn = sharp(path.join(HERE, "rewards", file), { density: 96 }).resize(800, 500);
  const { data } = await drawn.png({ palette: true, colours: 64, dither: 0, effort: 10, compressionLevel: 9 }).toBuffer({ resolveWithObject: true });
  if (data.length >= BYTES_MAX) throw new Error(`${name} has ${data.length} bytes, and may have ${BYTES_MAX}`);
  writeFileSync(path.join(HERE, "../..", TO, name), data);
  console.log(`${TO}/${name}  ${data.length} bytes`);
}
