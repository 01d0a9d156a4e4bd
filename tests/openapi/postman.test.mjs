// Sends the requests of the Postman collection, and compares its saved responses with those of the API:
// URL=http://127.0.0.1:9000 node --test postman.test.mjs
//
// The saved responses are the examples in openapi.yaml. URL is an API with the sample customer and tokens, such as the
// local example.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const url = process.env.URL ?? "http://127.0.0.1:9000";
const collection = JSON.parse(await readFile(new URL("../../docs/postman.json", import.meta.url), "utf8"));
const variables = Object.fromEntries(collection.variable.map(({ key, value }) => [key, value]));
variables.baseUrl = url.replace(/\/$/, "");
const fill = (text) => text.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => variables[name]);

/** Sends a request of the collection, with the given changes. */
function send(request, { id, method = request.method, headers = {}, body = request.body.raw } = {}) {
  const parameters = Object.fromEntries(request.url.variable.map(({ key, value }) => [key, id ?? value]));
  const address = fill(request.url.raw).replaceAll(/\/:(\w+)/g, (_, key) => `/${encodeURIComponent(parameters[key])}`);
  const auth = Object.fromEntries(collection.auth.apikey.map(({ key, value }) => [key, fill(value)]));
  const all = new Headers(request.header.filter((header) => !header.disabled).map(({ key, value }) => [key, value]));
  all.set(auth.key, auth.value);
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) all.delete(name);
    else all.set(name, value);
  }
  return fetch(address, { method, headers: all, body });
}

for (const { name, request } of collection.item) {
  test(`request returns 200: ${name}`, async () => {
    const response = await send(request);
    assert.equal(response.status, 200, await response.text());
  });
}

const [{ request: sample, response: savedResponses }] = collection.item;
const changes = {
  "200 The published sample": {},
  "400 Several fields": { body: '{"firstName": "John", "emial": "john@aximcommerce.com"}' },
  "400 Not JSON": { body: '{\n  "firstName": "John",\n}' },
  "400 A header": { headers: { "Content-Type": "text/plain" } },
  "401 No token": { headers: { accessToken: null } },
  "401 Unknown, expired or malformed": { headers: { accessToken: "no-such-token" } },
  "401 Valid, but without the scope": { headers: { accessToken: "demo-token-that-may-only-read" } },
  "404 No such customer": { id: "nobody" },
  "405 Another method": { method: "POST" },
  "412 The version is stale": {
    headers: { "If-Match": '"0"' },
    body: JSON.stringify({ ...JSON.parse(sample.body.raw), notes: "another note" }),
  },
  "412 If-None-Match": { headers: { "If-None-Match": "*" } },
};
// Only a failure of the server or API Gateway itself returns these.
const untested = ({ code, body }) => code >= 500 || !("success" in JSON.parse(body));

for (const saved of savedResponses.filter((saved) => !untested(saved))) {
  const key = `${saved.code} ${saved.name}`;
  test(`saved response equals the API's: ${key}`, async () => {
    assert.ok(changes[key], "no request is known that gets this response");
    const response = await send(sample, changes[key]);
    assert.equal(response.status, saved.code);
    const [expected, actual] = [JSON.parse(saved.body), await response.json()];
    // These two differ each time.
    if (actual.data) actual.data.updatedAt = expected.data.updatedAt;
    if (actual.requestId) actual.requestId = expected.requestId;
    // Texts instead of objects, because the order of keys counts.
    assert.equal(JSON.stringify(actual, null, 2), JSON.stringify(expected, null, 2));
  });
}
