// What a request did: the sentence, the response, the difference, the calls to DynamoDB, the log line.

import { difference } from "./diff.js";
import { compact, get, indented, pretty, scalar, tryParse } from "./json.js";

/** An element with a class and children; strings become text. */
export function make(name, className = "", ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

const show = (id, ...children) => {
  const box = document.getElementById(id);
  box.replaceChildren(...children);
  box.scrollTop = 0;
};
const version = (item) => (item ? Number(get(tryParse(item), "version")?.raw ?? 0) : undefined);
const times = (count) => ["not", "once", "twice"][count] ?? `${count} times`;
const milliseconds = (duration) => `${duration < 10 ? duration.toFixed(1) : Math.round(duration)} ms`;
const updates = (exchange) => exchange.attempts.filter((attempt) => attempt.operation === "UpdateItem");

/** Shows one request. */
export function showExchange(exchange) {
  show("outcome", statusBadge(exchange.status), " ", outcome(exchange));
  show("difference", ...differenceView(exchange.before, exchange.after));
  show("response", make("pre", "", httpText(exchange)));
  show("timeline", timeline([["", exchange]]));
  show("updates", ...updatesView([["", exchange]]));
  show("log", make("pre", "", exchange.log.trim() || "No line."));
}

/** Shows the two requests of two writers, and the customer around both. */
export function showTwoWriters({ before, after }, [erp, shop], ifMatch) {
  const writers = [
    ["ERP", erp],
    ["Shop", shop],
  ];
  const badges = writers.flatMap(([name, exchange]) => [`${name} `, statusBadge(exchange.status), ". "]);
  show("outcome", ...badges, twoWriters(writers, before, after, ifMatch));
  show("difference", ...differenceView(before, after));
  show("response", ...writers.map(([name, exchange]) => make("pre", "", `# ${name}\n${httpText(exchange)}\n\n`)));
  show("timeline", timeline(writers));
  show("updates", ...updatesView(writers));
  show("log", make("pre", "", writers.map(([, exchange]) => exchange.log.trim()).join("\n")));
}

/** Shows that a request is on its way. */
export function showWaiting(text) {
  show("outcome", text);
  for (const id of ["difference", "response", "timeline", "updates", "log"]) show(id, make("p", "", "…"));
}

/** The status of a response; its colour only repeats the number. */
export function statusBadge(status) {
  return make("strong", `status s${String(status)[0]}`, String(status));
}

/** One sentence about what a request stored. */
export function outcome(exchange) {
  const [old, now] = [version(exchange.before), version(exchange.after)];
  const calls = updates(exchange);
  const lost = calls.some((call) => call.receivedMs === null);
  if (exchange.status === 200 && lost) {
    const effect = now - old === 1 ? "" : " The second write stored the same values again.";
    const stored = `Stored ${times(now - old)}: version ${old} → ${now}`;
    return `${stored}, although DynamoDB was asked ${times(calls.length)}.${effect}`;
  }
  if (exchange.status === 200 && now === old) {
    return `Already stored: the version is still ${now}, and nothing was written.`;
  }
  if (exchange.status === 200) {
    const second =
      calls.length > 1 ? ` It took ${calls.length} UpdateItem calls, because the stored email is verified.` : "";
    return `Stored: version ${old} → ${now}.${second}`;
  }
  const asked = calls.length === 0 ? " The customers table was not asked." : " The condition of the UpdateItem failed.";
  return `Nothing was stored${now === undefined ? "" : `: the version is still ${now}`}.${asked}`;
}

function twoWriters(writers, before, after, ifMatch) {
  const notes = scalar(get(tryParse(after ?? ""), "notes"));
  const isWinner = ([, exchange]) => notes !== undefined && exchange.requestBody.includes(JSON.stringify(notes));
  const winner = writers.find(isWinner)?.[0] ?? "Nobody";
  const other = writers.find((writer) => !isWinner(writer))?.[0] ?? "nobody";
  const versions = `version ${version(before)} → ${version(after)}`;
  return ifMatch
    ? `${winner} was first (${versions}). ${other} knows that its copy is old: nothing is lost.`
    : `${winner} wrote last (${versions}). The note of ${other} is overwritten, and nobody was told.`;
}

/** Status line, headers and body as text. */
function httpText(exchange) {
  const headers = exchange.responseHeaders.map(([name, value]) => `${name}: ${value}`);
  return [`HTTP ${exchange.status}`, ...headers, "", pretty(exchange.responseBody)].join("\n");
}

/** The changes as a list. A sign and a word name the kind of each, so that it does not depend on colour. */
function differenceView(before, after) {
  if (!before && !after) return [make("p", "", "There is no stored customer with this id.")];
  const changes = difference(before, after);
  if (changes.length === 0) return [make("p", "", "No difference: the stored customer is as before.")];
  return [make("ul", "difference", ...changes.map(changeView))];
}

function changeView({ path, before, after }) {
  const [kind, sign, word] =
    before === undefined
      ? ["added", "+", "added"]
      : after === undefined
        ? ["removed", "−", "removed"]
        : ["changed", "~", "changed"];
  const values = [];
  if (before !== undefined) values.push(make("del", "", before));
  if (values.length > 0 && after !== undefined) values.push(" → ");
  if (after !== undefined) values.push(make("ins", "", after));
  return make(
    "li",
    kind,
    make("b", "sign", sign),
    make("span", "hidden", ` ${word} `),
    make("code", "", path),
    " ",
    ...values,
  );
}

/** What the requests of `lanes` (pairs of a name and an exchange) did, in the order of time. */
function timeline(lanes) {
  const start = Math.min(...lanes.map(([, exchange]) => exchange.startedMs));
  const events = lanes.flatMap(([name, exchange]) => exchangeEvents(name, exchange));
  events.sort((one, other) => one.time - other.time);
  const items = events.map(({ time, name, text }) =>
    make(
      "li",
      "",
      make("span", "time", milliseconds(time - start)),
      make("span", "", ...(name ? [make("b", "", name), ": "] : []), text),
    ),
  );
  return make("ol", "timeline", ...items);
}

function exchangeEvents(name, exchange) {
  const ifMatch = exchange.requestHeaders.find(([header]) => header === "if-match");
  const asked = ifMatch ? `${exchange.method} with If-Match: ${ifMatch[1]}` : `${exchange.method} without If-Match`;
  const events = [];
  const add = (time, text) => events.push({ time, name, text });
  add(exchange.startedMs, `${asked} received`);
  let number = 0;
  for (const call of exchange.attempts) {
    const label =
      call.operation === "UpdateItem" ? `UpdateItem ${(number += 1)}` : "Token lookup, then cached for a minute";
    add(call.sentMs, `${label}: sent`);
    if (call.respondedMs !== null) add(call.respondedMs, `${label.split(",")[0]}: ${callResult(call)}`);
    // The time limit of an attempt, from the SDK's configuration.
    if (call.receivedMs === null)
      add(call.sentMs + 1000, "No response within 1 s: the SDK sends the same UpdateItem again");
  }
  const failed = updates(exchange).at(-1)?.status === 400;
  const reason = exchange.status === 200 && failed ? ": the customer already holds exactly this update" : "";
  add(exchange.endedMs, `${exchange.status} to the caller${reason}`);
  return events;
}

function callResult(call) {
  const late = call.receivedMs === null ? ", but this response is late" : "";
  if (call.operation !== "UpdateItem") return `status ${call.status}`;
  const response = tryParse(call.response ?? "");
  if (call.status === 200) {
    const stored = get(get(get(response, "Attributes"), "version"), "N");
    return `stored, version ${scalar(stored)}${late}`;
  }
  const current = scalar(get(get(get(response, "Item"), "version"), "N"));
  const code = (scalar(get(response, "__type")) ?? `status ${call.status}`).split("#").pop();
  const reason = code === "ConditionalCheckFailedException" ? "condition failed" : code;
  return `${reason}${current ? `, the stored version is ${current}` : ""}${late}`;
}

/** Each UpdateItem; only the first one is open. */
function updatesView(lanes) {
  const calls = lanes.flatMap(([name, exchange]) =>
    updates(exchange).map((call, index) => [`${name} UpdateItem ${index + 1}`, call]),
  );
  if (calls.length === 0) return [make("p", "", "None: the request was rejected before.")];
  return calls.map(([title, call], index) => callView(title, call, index === 0));
}

/** The expression, the condition and the values of one UpdateItem. */
function callView(title, call, open) {
  const request = tryParse(call.request);
  const expression = scalar(get(request, "UpdateExpression")) ?? "";
  const condition = scalar(get(request, "ConditionExpression")) ?? "";
  const values = get(request, "ExpressionAttributeValues")?.members ?? [];
  const names = get(request, "ExpressionAttributeNames")?.members ?? [];
  const lines = [
    ...expression
      .replace(" REMOVE ", "\nREMOVE ")
      .split(/, (?![^(]*\))/)
      .map((part, index) => (index ? `  , ${part}` : part)),
    "",
    // `BETWEEN :v0 AND :max` is one part.
    ...condition.split(/ AND (?!:)/).map((part, index) => (index ? `  AND ${part}` : `IF ${part}`)),
    "",
    ...names.map(({ key, value }) => `${key} is ${scalar(value)}`),
    ...values
      .sort((one, other) => one.key.localeCompare(other.key))
      .map(({ key, value }) => `${key} = ${plain(value)}`),
  ];
  const details = make("details", "", make("summary", "", title), make("pre", "", lines.join("\n")));
  details.open = open;
  return details;
}

/** A value in DynamoDB's JSON format as plain JSON. */
function plain(attribute) {
  const [{ key: type, value } = {}] = attribute.members ?? [];
  if (type === "L") return `[${value.items.map(plain).join(", ")}]`;
  if (type === "M")
    return `{${value.members.map((member) => `${JSON.stringify(member.key)}: ${plain(member.value)}`).join(", ")}}`;
  if (type === "NULL") return "null";
  return type === "N" ? scalar(value) : compact(value);
}

/** An item of a table, whole. */
export const itemView = (item) => make("pre", "", indented(tryParse(item)));
