// Writes src/contract/ from graphql/: a typed document for each written operation. The codegen command line is not needed for that.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { preset } from "@graphql-codegen/client-preset";
import { codegen } from "@graphql-codegen/core";
import { buildASTSchema, parse } from "graphql";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const CONTRACT = path.join(HERE, "../../graphql");
const TARGET = path.join(HERE, "../src/contract/");

const schema = parse(readFileSync(path.join(CONTRACT, "schema.graphql"), "utf8"));
const operations = path.join(CONTRACT, "operations");
const documents = readdirSync(operations)
  .filter((name) => name.endsWith(".graphql"))
  .sort()
  .map((name) => {
    const location = path.join(operations, name);
    const text = readFileSync(location, "utf8");
    return { location, rawSDL: text, document: parse(text) };
  });

const sections = await preset.buildGeneratesSection({
  baseOutputDir: TARGET,
  schema,
  schemaAst: buildASTSchema(schema),
  documents,
  config: {
    scalars: { DateTime: "string", Date: "string", Total: "number" },
    enumsAsTypes: true,
    useTypeImports: true,
    strictScalars: true,
  },
  presetConfig: { fragmentMasking: false },
  plugins: [],
  pluginMap: {},
});

mkdirSync(TARGET, { recursive: true });
for (const section of sections) {
  const file = path.resolve(section.filename);
  // Only the typed documents are used: they are imported by name, and what no page names is left out of the build.
  if (path.basename(file) === "graphql.ts") writeFileSync(file, await codegen(section));
}
