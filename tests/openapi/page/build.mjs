// Makes the reference page from openapi.yaml: node page/build.mjs OUTPUT
//
// One HTML file with Swagger UI and the OpenAPI document inside. It loads nothing from other servers. It can
// lie on any web server, and the local example serves it at its root.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { parse } from "yaml";

const output = process.argv[2];
if (!output) throw new Error("give the file to write");

const here = (name) => new URL(name, import.meta.url);
const renderer = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
const read = (name) => readFile(`${renderer}/${name}`, "utf8");

// Within a script element only these two texts could end it or change how it is read.
const inScript = (text) => text.replaceAll(/<(?=\/script|!--)/gi, "\\x3C");

const description = parse(await readFile(here("../../../openapi.yaml"), "utf8"));
// A JSON text is no JavaScript string, where \x3C would do; JSON knows \u003C.
const json = JSON.stringify(description).replaceAll("<", "\\u003C");
const parts = {
  TITLE: `${description.info.title}: API reference`,
  SUMMARY: description.info.summary,
  STYLE: `${await read("swagger-ui.css")}\n${await readFile(here("page.css"), "utf8")}`,
  RENDERER: inScript(await read("swagger-ui-bundle.js")),
  DESCRIPTION: json,
  SCRIPT: await readFile(here("page.js"), "utf8"),
};
const template = await readFile(here("page.html"), "utf8");
// With a function, because in a text `$&` and the like would be replaced in turn.
const page = template.replaceAll(/\{\{([A-Z]+)\}\}/g, (_, name) => parts[name]);

await mkdir(dirname(output), { recursive: true });
await writeFile(output, page);
console.log(`${output}: ${(page.length / 1024 / 1024).toFixed(1)} MiB`);
