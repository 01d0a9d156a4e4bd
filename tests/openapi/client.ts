// A client generated from openapi.yaml, and calls with it: node build/client.js http://127.0.0.1:9000
//
// `strict` makes a status, header or member that openapi.yaml lacks a compile error. The server must have the sample
// customer and tokens of the local example.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./build/api.js";

type CustomerUpdate = components["schemas"]["CustomerUpdate"];
type InvalidRequest = components["schemas"]["InvalidRequest"];

const baseUrl = process.argv[2];
assert(baseUrl, "give the URL of the API, such as http://127.0.0.1:9000");

const CUSTOMER_ID = "638df9e713920facde1a1cfa";
const client = createClient<paths>({ baseUrl });

let token = "demo-token-that-may-write";
const authentication: Middleware = {
  onRequest({ request }) {
    request.headers.set("accessToken", token);
  },
};
client.use(authentication);

function update(id: string, body: CustomerUpdate, ifMatch?: string) {
  return client.PUT("/customers/{customer_id}", {
    params: { path: { customer_id: id }, header: ifMatch === undefined ? {} : { "If-Match": ifMatch } },
    body,
  });
}

const text = await readFile(new URL("../../../testkit/src/sample_request.json", import.meta.url), "utf8");
const sample = JSON.parse(text) as CustomerUpdate;

// 200: the published sample.
const updated = await update(CUSTOMER_ID, sample);
assert.equal(updated.response.status, 200);
assert(updated.data);
const { success, message, data } = updated.data;
const constants: [true, "Customer updated successfully"] = [success, message];
assert.deepEqual(constants, [true, "Customer updated successfully"]);
assert.equal(data.id, CUSTOMER_ID);
assert.equal(data.email, sample.email);
assert.deepEqual(data.address, sample.address);
assert.deepEqual(data.metaFields, sample.metaFields);
assert.equal(typeof data.verifiedEmail, "boolean");
const version = updated.response.headers.get("X-Customer-Version");
assert.match(version ?? "", /^"[0-9]+"$/);
console.log(`ok  200  the published sample, now version ${version}`);

// 400: a field is missing and another misspelt. The types reject both, hence the cast.
const { email, ...rest } = sample;
const invalid = await update(CUSTOMER_ID, { ...rest, emial: email } as unknown as CustomerUpdate);
assert.equal(invalid.response.status, 400);
assert(invalid.error && "errors" in invalid.error);
const rejected: InvalidRequest = invalid.error;
const errors = rejected.errors?.map((error) => [error.pointer, error.code]);
assert.deepEqual(errors, [["/email", "required"], ["/emial", "unknown_field"]]);
console.log(`ok  400  ${rejected.message}`);

// 401: an unknown token, and one without the scope customers:write.
for (const [other, code] of [
  ["no-such-token", "token_invalid"],
  ["demo-token-that-may-only-read", "insufficient_permission"],
] as const) {
  token = other;
  const unauthorized = await update(CUSTOMER_ID, sample);
  assert.equal(unauthorized.response.status, 401);
  assert(unauthorized.error && "code" in unauthorized.error);
  assert.equal(unauthorized.error.code satisfies components["schemas"]["ErrorCode"], code);
  console.log(`ok  401  ${unauthorized.error.message}`);
}
token = "demo-token-that-may-write";

// 404: no customer has this id.
const unknown = await update("nobody", sample);
assert.equal(unknown.response.status, 404);
assert(unknown.error && "code" in unknown.error);
assert.equal(unknown.error.code, "customer_not_found");
console.log(`ok  404  ${unknown.error.message}`);

// If-Match: the first update with the current version succeeds. For the second, that version is stale.
assert(version);
const first = await update(CUSTOMER_ID, { ...sample, notes: `first after ${version}` }, version);
assert.equal(first.response.status, 200);
const second = await update(CUSTOMER_ID, { ...sample, notes: `second after ${version}` }, version);
assert.equal(second.response.status, 412);
assert(second.error && "code" in second.error);
assert.equal(second.error.code, "version_conflict");
const current = second.response.headers.get("X-Customer-Version");
assert.equal(current, first.response.headers.get("X-Customer-Version"));
console.log(`ok  412  ${version} is stale, ${current} is current`);

// A retry after a lost response: stale too, but 200, because the customer already holds the values.
const retried = await update(CUSTOMER_ID, { ...sample, notes: `first after ${version}` }, version);
assert.equal(retried.response.status, 200);
assert.equal(retried.response.headers.get("X-Customer-Version"), current);
console.log("ok  200  the first request again");
