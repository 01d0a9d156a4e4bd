// What a request did: the sentence, the response, the difference, the calls to DynamoDB, the log line.

import { compact, difference, get, indented, pretty, scalar, tryParse } from "./json.mjs";

export const element = (id) => document.getElementById(id);

/** An element with a class and children; strings become text. */
export function make(name, className = "", ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** A button that does something. */
export function makeButton(className, action, ...children) {
  const button = Object.assign(make("button", className, ...children), { type: "button" });
  button.addEventListener("click", () => action(button));
  return button;
}

/** Adds an empty pane to a section: a box with a title, which the keyboard can scroll. */
export function addPane(section, id, title) {
  const heading = Object.assign(make("h3", "", title), { id: `${id}-title` });
  const box = Object.assign(make("div", "box"), { id, role: "region", tabIndex: 0 });
  box.setAttribute("aria-labelledby", heading.id);
  element(section).append(Object.assign(make("div", "", heading, box), { hidden: true }));
}

/** The panes of the result, with their titles. */
export const PANES = {
  difference: "Stored customer, before and after",
  response: "Response",
  timeline: "Timeline",
  updates: "UpdateItem sent to DynamoDB",
  log: "Log line",
};

/** Fills a pane. An empty one takes no room. */
const show = (id, ...children) => {
  const box = element(id);
  box.replaceChildren(...children);
  box.scrollTop = 0;
  box.parentElement.hidden = children.length === 0;
};
const version = (item) => (item ? Number(get(tryParse(item), "version")?.raw ?? 0) : undefined);
const times = (count) => ["not", "once", "twice"][count] ?? `${count} times`;
const milliseconds = (duration) => `${duration < 10 ? duration.toFixed(1) : Math.round(duration)} ms`;
const updates = (exchange) => exchange.attempts.filter((attempt) => attempt.operation === "UpdateItem");
const header = (headers, wanted) => headers.find(([name]) => name === wanted)?.[1];

/** Shows one request. */
export function showExchange(exchange) {
  showLanes([["", exchange]], exchange, statusBadge(exchange.status), ` ${outcome(exchange)}`);
}

/** Shows the two requests of two writers, and the customer around both. */
export function showTwoWriters(around, [erp, shop]) {
  const writers = Object.entries({ ERP: erp, Shop: shop });
  const badges = writers.flatMap(([name, exchange]) => [`${name} `, statusBadge(exchange.status), ". "]);
  showLanes(writers, around, ...badges, twoWriters(writers, around));
}

/** Shows the outcome, what changed, and what each of `lanes` (pairs of a name and an exchange) sent, got and logged. */
function showLanes(lanes, { before, after }, ...outcome) {
  show("difference", ...differenceView(before, after));
  show("updates", ...updatesView(lanes));
  element("outcome").replaceChildren(...outcome);
  const texts = lanes.map(([name, exchange]) => (name ? `# ${name}\n` : "") + httpText(exchange));
  show("response", make("pre", "", texts.join("\n\n")));
  show("timeline", timeline(lanes));
  const log = lanes.map(([, exchange]) => exchange.log.trim()).filter(Boolean);
  show("log", ...(log.length > 0 ? [make("pre", "", log.join("\n"))] : []));
}

/** Shows that a request is on its way. The panes keep what they show, and are dimmed meanwhile. */
export function showWaiting(text) {
  element("outcome").replaceChildren(text);
  element("merge").hidden = true;
}

/** Shows why there is nothing to show. */
export function showProblem(text) {
  showWaiting(text);
  for (const id in PANES) show(id);
}

/** The status of a response; its colour only repeats the number. */
export function statusBadge(status) {
  return make("strong", `status s${String(status)[0]}`, String(status));
}

/** One sentence about what a request stored. */
function outcome(exchange) {
  const [old, now, calls] = [version(exchange.before), version(exchange.after), updates(exchange)];
  // Other requests may have stored versions at the same time.
  const own = Number(header(exchange.responseHeaders, "x-customer-version")?.replaceAll('"', ""));
  const stored = calls.filter((call) => call.status === 200).length;
  const change = `version ${own - stored} → ${own}`;
  if (exchange.status === 200 && calls.some((call) => call.receivedMs === null)) {
    const [word, effect] = stored === 1 ? ["although", ""] : ["because", " The last one stored the same values again."];
    return `Stored ${times(stored)}: ${change}, ${word} the SDK sent the UpdateItem ${times(calls.length)}.${effect}`;
  }
  if (exchange.status === 200 && stored === 0) {
    return `Already stored: the version is still ${own}, and nothing was written.`;
  }
  if (exchange.status === 200) {
    const reason = `It took ${calls.length} UpdateItem calls, because the stored email is verified.`;
    return `Stored: ${change}.${calls.length > 1 ? ` ${reason}` : ""}`;
  }
  return `Nothing was stored${nothing(exchange, old, now)}. ${refusal(calls.at(-1))}`;
}

function refusal(call) {
  if (!call) return "No UpdateItem was sent to DynamoDB.";
  if (call.status === null) return "DynamoDB did not respond to the UpdateItem.";
  const code = errorCode(call);
  return code === CONDITION_FAILED ? "The condition of the UpdateItem failed." : `The UpdateItem failed: ${code}.`;
}

function nothing({ status, hasCustomer }, old, now) {
  if (old !== undefined && now !== old) return ` by this request, but another one stored version ${now}`;
  if (now !== undefined) return `: the version is still ${now}`;
  // DynamoDB may have failed to return the customer, too.
  if (status === 500) return "";
  return hasCustomer ? ": no customer has this id" : ": the path names no customer";
}

function twoWriters(writers, { before, after }) {
  const notes = scalar(get(tryParse(after ?? ""), "notes"));
  const isLast = ([, exchange]) => notes !== undefined && exchange.requestBody.includes(JSON.stringify(notes));
  const last = writers.find(isLast)?.[0] ?? "Nobody";
  const other = writers.find((writer) => !isLast(writer))?.[0] ?? "nobody";
  const versions = `version ${version(before)} → ${version(after)}`;
  return writers.some(([, exchange]) => exchange.status === 412)
    ? `${last} was first (${versions}). ${other} learns from its 412 that its copy is old, so no note is lost.`
    : `${last} was last (${versions}). The note of ${other} is overwritten, and neither of them learns that.`;
}

/**
 * The request that follows a 412: the stored customer, which the 412 contains, with the change of the rejected request.
 * Undefined if the exchange is not such a 412.
 */
export function merged(exchange) {
  const [stored, sent] = [get(tryParse(exchange.responseBody), "data"), tryParse(exchange.requestBody)];
  const tag = header(exchange.responseHeaders, "x-customer-version");
  const isConflict = exchange.status === 412 && header(exchange.requestHeaders, "if-match");
  if (!isConflict || !stored?.members || !sent?.members || !tag) return undefined;
  const text = (node) => node && compact(node);
  const changed = sent.members.filter(({ key, value }) => text(value) !== text(get(stored, key)));
  const added = changed.filter(({ key }) => !get(stored, key));
  const kept = stored.members.map(({ key, value }) => ({ key, value: get(sent, key) ?? value }));
  return {
    ...exchange,
    requestHeaders: exchange.requestHeaders.map(([name, value]) => [name, name === "if-match" ? tag : value]),
    requestBody: compact({ kind: "object", members: [...kept, ...added] }),
    version: tag.replaceAll('"', ""),
    changed: changed.map(({ key }) => `\`${key}\``).join(", ") || "nothing",
  };
}

/** Status line, headers and body as text. */
function httpText(exchange) {
  const headers = exchange.responseHeaders.map(([name, value]) => `${name}: ${value}`);
  return [`HTTP ${exchange.status}`, ...headers, "", pretty(exchange.responseBody)].join("\n");
}

/** The changes as a list. A sign and a word name the kind of each, so that it does not depend on colour. */
function differenceView(before, after) {
  const changes = difference(before, after);
  return changes.length === 0 ? [] : [make("ul", "difference", ...changes.map(changeView))];
}

function changeView({ path, before, after }) {
  const [sign, word] =
    before === undefined ? ["+", "added"] : after === undefined ? ["−", "removed"] : ["~", "changed"];
  const values = [before && make("del", "", before), word === "changed" && " → ", after && make("ins", "", after)];
  const kind = [make("b", "sign", sign), make("span", "hidden", ` ${word} `)];
  return make("li", "", ...kind, make("code", "", path), " ", ...values.filter(Boolean));
}

function timeline(lanes) {
  const items = timelineEvents(lanes).map(({ time, name, text }) => {
    const parts = name ? [make("b", "", name), ": ", text] : [text];
    return make("li", "", make("span", "time", milliseconds(time)), make("span", "", ...parts));
  });
  return make("ol", "timeline", ...items);
}

/**
 * What the requests of `lanes` did, in order. A write is known only by its response, and responses can overtake each
 * other. So a version stands before every later version, and its time is that of the response.
 */
export function timelineEvents(lanes) {
  const start = Math.min(...lanes.map(([, exchange]) => exchange.startedMs));
  const events = lanes.flatMap(([name, exchange]) => exchangeEvents(name, exchange));
  const seen = events.filter((event) => event.version !== undefined);
  for (const event of seen) {
    event.order = Math.min(...seen.filter(({ version }) => version >= event.version).map(({ time }) => time));
  }
  const order = (event) => event.order ?? event.time;
  events.sort((one, other) => order(one) - order(other) || (one.version ?? 0) - (other.version ?? 0));
  return events.map(({ time, name, text }) => ({ time: time - start, name, text }));
}

function exchangeEvents(name, exchange) {
  const events = [];
  const add = (time, text, version) => events.push({ time, name, text, version });
  const conditions = ["If-Match", "If-None-Match"]
    .map((condition) => [condition, header(exchange.requestHeaders, condition.toLowerCase())])
    .filter(([, value]) => value)
    .map((pair) => pair.join(": "));
  const sent = conditions.length > 0 ? `with ${conditions.join(" and ")}` : "without If-Match";
  add(exchange.startedMs, `${exchange.method} ${sent}`);
  const calls = updates(exchange);
  for (const call of exchange.attempts) {
    const number = calls.indexOf(call) + 1;
    const label = number > 0 ? `UpdateItem ${number}` : "Token lookup";
    add(call.sentMs, number > 0 ? `${label} sent` : `${label} sent; a valid token is then cached for a minute`);
    const late = call.receivedMs === null ? ", too late for the SDK" : "";
    if (call.respondedMs !== null) {
      add(call.respondedMs, `${label}, response: ${callResult(call)}${late}`, number > 0 ? rank(call) : undefined);
    }
    // The time limit of an attempt, from the SDK's configuration.
    const then = number < calls.length ? "the SDK sends the same UpdateItem again" : "the SDK gives up";
    if (call.receivedMs === null) add(call.sentMs + 1000, `No response within 1 s: ${then}`);
  }
  const isHeld = exchange.status === 200 && calls.at(-1)?.status === 400;
  const reason = isHeld ? ": the customer already holds exactly this update" : "";
  add(exchange.endedMs, `Response ${exchange.status}${reason}`);
  return events;
}

/** Where a response stands among the versions: a failed condition saw the version that it names. */
function rank(call) {
  const seen = seenVersion(call);
  return seen === undefined || call.status === 200 ? seen : seen + 0.5;
}

/** The version that DynamoDB's response shows. */
function seenVersion(call) {
  const response = tryParse(call.response ?? "");
  const item = get(response, call.status === 200 ? "Attributes" : "Item");
  const shown = scalar(get(get(item, "version"), "N"));
  return shown === undefined ? undefined : Number(shown);
}

const CONDITION_FAILED = "ConditionalCheckFailedException";

function errorCode(call) {
  return (scalar(get(tryParse(call.response ?? ""), "__type")) ?? `status ${call.status}`).split("#").pop();
}

function callResult(call) {
  if (call.operation !== "UpdateItem" || call.status === null) return `status ${call.status ?? "unknown"}`;
  const seen = seenVersion(call);
  if (call.status === 200) return `stored version ${seen}`;
  const code = errorCode(call);
  const reason = code === CONDITION_FAILED ? "the condition failed" : code;
  return `${reason}${seen === undefined ? "" : `, the stored version is ${seen}`}`;
}

/** Each UpdateItem; only the first one is open. */
function updatesView(lanes) {
  const calls = lanes.flatMap(([name, exchange]) =>
    updates(exchange).map((call, index) => [`${name} UpdateItem ${index + 1}`, call]),
  );
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
  if (type === "L" || type === "M") return compact(value, plain);
  if (type === "NULL") return "null";
  return type === "N" ? scalar(value) : compact(value);
}

/** An item of a table, whole. */
export const itemView = (item) => make("pre", "", indented(tryParse(item)));
