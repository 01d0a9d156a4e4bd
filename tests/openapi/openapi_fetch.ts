// A client of openapi-fetch with the types of openapi-typescript: sends the data of a response back.
//
// `strict` makes a header, status or member that openapi.yaml lacks a compile error.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./build/api.js";

const { API: baseUrl, SAMPLE: sampleText } = process.env;
assert(baseUrl && sampleText);

const client = createClient<paths>({ baseUrl, headers: { accessToken: "demo-token-that-may-write" } });
const customer_id = "638df9e713920facde1a1cfa";

function update(body: components["schemas"]["CustomerUpdate"], version?: string | null) {
  const header = version ? { "If-Match": version } : {};
  return client.PUT("/customers/{customer_id}", { params: { path: { customer_id }, header }, body });
}

const sample: components["schemas"]["CustomerUpdate"] = JSON.parse(sampleText);
const first = await update(sample);
assert(first.data, JSON.stringify(first.error));
const version = first.response.headers.get("X-Customer-Version");

const sentBack = await update(first.data.data, version);
assert(sentBack.data, JSON.stringify(sentBack.error));
assert.deepEqual({ ...sentBack.data.data, updatedAt: "" }, { ...first.data.data, updatedAt: "" });
for (const [name, value] of Object.entries(sample)) {
  assert.deepEqual(sentBack.data.data[name], value, name);
}

const conflict = await update({ ...first.data.data, notes: "stale" }, version);
assert.equal(conflict.response.status, 412);
const { data: stored } = conflict.error as components["schemas"]["VersionConflict"];
const again = await update({ ...stored, notes: "merged" }, conflict.response.headers.get("X-Customer-Version"));
assert.equal(again.data?.data.notes, "merged");
