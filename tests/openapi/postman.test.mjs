// Sends every request of the import file as its reader would: URL=http://127.0.0.1:9000 node --test postman.test.mjs

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const url = process.env.URL ?? "http://127.0.0.1:9000";
const collection = JSON.parse(await readFile(new URL("../../docs/postman.json", import.meta.url), "utf8"));
const variables = Object.fromEntries(collection.variable.map(({ key, value }) => [key, value]));
variables.baseUrl = url.replace(/\/$/, "");
const filled = (text) => text.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => variables[name]);

for (const { name, request } of collection.item) {
  test(name, async () => {
    const parameters = Object.fromEntries(request.url.variable.map(({ key, value }) => [key, value]));
    const address = filled(request.url.raw).replaceAll(/\/:(\w+)/g, (_, key) => `/${encodeURIComponent(parameters[key])}`);
    const headers = Object.fromEntries(request.header.filter((h) => !h.disabled).map((h) => [h.key, h.value]));
    const auth = Object.fromEntries(collection.auth.apikey.map(({ key, value }) => [key, filled(value)]));
    headers[auth.key] = auth.value;
    const response = await fetch(address, { method: request.method, headers, body: request.body.raw });
    assert.equal(response.status, 200, await response.text());
  });
}
