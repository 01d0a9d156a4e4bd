// Makes the reference page from openapi.yaml: node page/build.mjs OUTPUT
//
// The page is one HTML file with Swagger UI and the OpenAPI document inside, and loads nothing from other servers.
// Any web server can serve it. The local example serves it at /docs.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { parse } from "yaml";

const output = process.argv[2];
if (!output) throw new Error("give the file to write");

const here = (name) => new URL(name, import.meta.url);
const renderer = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
const read = (name) => readFile(`${renderer}/${name}`, "utf8");

// Only these two strings can end a script element or change how a browser parses it.
const inScript = (text) => text.replaceAll(/<(?=\/script|!--)/gi, "\\x3C");

const openapi = parse(await readFile(here("../../../openapi.yaml"), "utf8"));
// JSON has no \x3C.
const json = JSON.stringify(openapi).replaceAll("<", "\\u003C");
const parts = {
  TITLE: `${openapi.info.title}: API reference`,
  SUMMARY: openapi.info.summary,
  STYLE: `${await read("swagger-ui.css")}\n${await readFile(here("page.css"), "utf8")}`,
  RENDERER: inScript(await read("swagger-ui-bundle.js")),
  OPENAPI: json,
  SCRIPT: await readFile(here("page.js"), "utf8"),
};
const template = await readFile(here("page.html"), "utf8");
// A function, because a replacement string would have `$&` and similar patterns expanded.
const page = template.replaceAll(/\{\{([A-Z]+)\}\}/g, (_, name) => parts[name]);

await mkdir(dirname(output), { recursive: true });
await writeFile(output, page);
console.log(`${output}: ${(page.length / 1024 / 1024).toFixed(1)} MiB`);
