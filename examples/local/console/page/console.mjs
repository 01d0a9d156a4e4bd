// The console: the buttons, sending, the tables and the list of the last requests.

import { get, scalar, tryParse } from "./json.mjs";
import * as editor from "./request.mjs";
import { addPane, element, itemView, make, makeButton, merged, PANES, statusBadge } from "./result.mjs";
import { showExchange, showProblem, showTwoWriters, showWaiting } from "./result.mjs";
import { GROUPS, requestOf } from "./samples.mjs";

const narrow = matchMedia("(max-width: 999px)");

/** How often the tables and the list are read again, in milliseconds. */
const INTERVAL = 1000;

/** `fetch`, whose own error does not say what to do. */
async function request(path, options) {
  const response = await fetch(path, options).catch(() => undefined);
  element("unreachable").hidden = response !== undefined;
  if (!response) throw new Error("the local example did not respond.");
  return response;
}

async function json(path, options) {
  const response = await request(path, options);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/** What was chosen last and has not begun. */
let next;

/** Runs what a button does, after what runs already. Of several choices meanwhile, only the last one runs. */
async function act(button, action, waiting = "Sending …") {
  next = { button, action, waiting };
  if (document.body.ariaBusy === "true") return;
  document.body.ariaBusy = "true";
  while (next) {
    const { button, action, waiting } = next;
    next = undefined;
    for (const chosen of document.querySelectorAll("[aria-current]")) chosen.removeAttribute("aria-current");
    button?.setAttribute("aria-current", "true");
    showWaiting(waiting);
    showResult();
    try {
      await action();
    } catch (error) {
      showProblem(`Not done: ${error.message}`);
      editor.showErrors("");
    }
    await refresh().catch(() => {});
    showResult();
  }
  document.body.ariaBusy = "false";
}

/** In one column, the result is below the buttons, and the list of requests is below the result. */
function showResult() {
  if (!document.body.classList.contains("ready")) return;
  const { top, bottom } = element("outcome").getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) element("result").scrollIntoView();
}

function explain(text) {
  const parts = text.split("`").map((part, index) => (index % 2 ? make("code", "", part) : part));
  element("explanation").replaceChildren(...parts);
}

/** Sends the request in the editor and shows what it did. */
async function send() {
  const { method, target, headers, body } = editor.read();
  const response = await request(target, { method, headers, body });
  await response.arrayBuffer();
  // An HTTP API returns the request's id in this header.
  const number = response.headers.get("apigw-requestid")?.replace("local-", "");
  if (!number) throw new Error(`this path is not part of the API. The status is ${response.status}.`);
  show(await json(`/console/exchanges/${number}`));
}

function show(exchange) {
  showExchange(exchange);
  editor.showErrors(exchange.responseBody);
  offerMerge([exchange]);
}

/** Offers to send again what a 412 rejected. */
function offerMerge(exchanges) {
  const merge = exchanges.map(merged).find(Boolean);
  element("merge").hidden = !merge;
  element("merge").onclick = () => {
    act(undefined, async () => {
      editor.fill(asRequest(merge));
      const start = `The request starts from \`data\` and version ${merge.version} of the 412.`;
      explain(`${start} It changes ${merge.changed}, and is sent with \`If-Match\`.`);
      await send();
    });
  };
}

async function choose([name, , explanation], event) {
  if (event) editor.fill(requestOf(event));
  explain(explanation);
  if (event) {
    if (element("restore-first").checked) await restore();
    return send();
  }
  const outcome = await json(`/console/${name}`, { method: "POST" });
  const exchanges = await Promise.all(outcome.exchanges.map((number) => json(`/console/exchanges/${number}`)));
  editor.fill(asRequest(exchanges[0]));
  if (exchanges.length === 1) showExchange(exchanges[0]);
  else showTwoWriters(outcome, exchanges);
  offerMerge(exchanges);
}

/** What a client chose to send, without what its HTTP library adds. */
function asRequest({ method, target, requestHeaders, requestBody }) {
  const added = /^(accept.*|cache-control|connection|content-length|host|origin|pragma|referer|sec-.*|user-agent)$/;
  return { method, target, headers: requestHeaders.filter(([name]) => !added.test(name)), body: requestBody };
}

async function restore() {
  const response = await request("/console/restore", { method: "POST" });
  if (!response.ok) throw new Error(await response.text());
}

async function buildButtons() {
  const events = await json("/console/events");
  const views = Object.entries(GROUPS).map(([name, samples]) => {
    const list = make("ul", "", ...samples.map((sample) => sampleButton(sample, events[sample[0]])));
    const view = make("details", "", make("summary", "", make("h3", "", name)), list);
    // In one column, closed groups keep the result within reach.
    view.open = !narrow.matches;
    return view;
  });
  element("groups").replaceChildren(...views);
}

function sampleButton(sample, event) {
  const [name, title] = sample;
  const status = /-(\d{3})$/.exec(name)?.[1];
  const waiting = name.startsWith("late-response") ? "Waiting for DynamoDB, for more than a second …" : undefined;
  const send = (button) => act(button, () => choose(sample, event), waiting);
  const button = makeButton("", send, ...(status ? [statusBadge(status), " "] : []), title);
  button.dataset.sample = name;
  return make("li", "", button);
}

let shown = "";

/** Shows the tables and the list as they are now, if they have changed, and returns them. */
async function refresh() {
  const text = await (await request("/console/state")).text();
  const { customers, tokens, exchanges } = JSON.parse(text);
  if (text === shown) return { customers, exchanges };
  shown = text;
  table("customers", customers, ["id", "version", "firstName", "email"], true);
  table("tokens", tokens, ["subject", "scopes", "tokenHash"], false);
  const find = (selector) => document.querySelector(`#exchanges ${selector}`)?.dataset.number;
  const [focused, current] = [find(":focus"), find("[aria-current]")];
  const list = make("ol", "", ...exchanges.map(exchangeRow));
  element("exchanges").replaceChildren(exchanges.length > 0 ? list : make("p", "", "None yet."));
  const row = (number) => document.querySelector(`#exchanges [data-number="${number}"]`);
  row(focused)?.focus({ preventScroll: true });
  row(current)?.setAttribute("aria-current", "true");
  return { customers, exchanges };
}

/** Shows a table, or the sentence that says why it cannot be read. */
function table(id, { Ok: items, Err: problem }, columns, whole) {
  if (problem) return element(id).replaceChildren(make("p", "problem", problem));
  const open = new Set([...element(id).querySelectorAll("details[open]")].map((details) => details.dataset.key));
  const headers = columns.map((column) => Object.assign(make("th", "", column), { scope: "col" }));
  const text = (item, column) => {
    const value = get(tryParse(item), column);
    const text = scalar(value) ?? value?.members?.map((member) => scalar(member.value)).join(", ") ?? "";
    return column === "tokenHash" ? `${text.slice(0, 16)}…` : text;
  };
  const rows = items.map((item) => make("tr", "", ...columns.map((column) => make("td", "", text(item, column)))));
  const parts = [make("table", "", make("thead", "", make("tr", "", ...headers)), make("tbody", "", ...rows))];
  for (const item of whole ? items : []) {
    const key = text(item, "id");
    const details = make("details", "", make("summary", "", `All attributes of ${key}`), itemView(item));
    details.dataset.key = key;
    details.open = open.has(key);
    parts.push(details);
  }
  element(id).replaceChildren(...parts);
}

function exchangeRow({ number, method, target, status, receivedAt }) {
  const id = make("span", "number", `local-${number}`);
  const time = make("span", "time", new Date(receivedAt).toLocaleTimeString("en-GB"));
  const show = (button) => act(button, () => open(number), "Reading …");
  const button = makeButton("", show, statusBadge(status), ` ${method} ${target} `, id, " ", time);
  button.dataset.number = number;
  return make("li", "", button);
}

/** Shows a request of the list. */
async function open(number) {
  const exchange = await json(`/console/exchanges/${number}`);
  explain(`Request local-${number}, as it was sent and what it did.`);
  editor.fill(asRequest(exchange));
  show(exchange);
}

async function copy() {
  let note = "Copied";
  try {
    const command = editor.asCurl();
    // Without permission, the command can still be copied by hand.
    await navigator.clipboard.writeText(command).catch(() => prompt("The command:", command));
  } catch (error) {
    note = `Not copied: ${error.message}`;
  }
  element("copied").textContent = note;
  setTimeout(() => (element("copied").textContent = ""), 3000);
}

async function poll() {
  if (!document.hidden) await refresh().catch(() => {});
  setTimeout(poll, INTERVAL);
}

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  act(element("send"), () => {
    explain("Your own request. The sample customer is not restored before it.");
    return send();
  });
});
element("form").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) element("form").requestSubmit();
});
element("copy").addEventListener("click", copy);
element("restore").addEventListener("click", () => {
  restore()
    .then(refresh)
    .catch((error) => showProblem(`Not restored: ${error.message}`));
});

/** The first thing shown: the newest request, otherwise a plain update of the sample customer as it was created. */
async function first() {
  await buildButtons();
  const { customers, exchanges } = await refresh();
  const versions = (customers.Ok ?? []).map((item) => scalar(get(tryParse(item), "version")));
  if (exchanges.length > 0) await open(exchanges[0].number);
  else if (versions.includes("6")) document.querySelector("[data-sample]").click();
  else explain("Nothing has been sent yet. Choose a request.");
}

for (const id in PANES) addPane("result", id, PANES[id]);
await first().catch((error) => showProblem(`The console cannot start: ${error.message}`));
document.body.classList.add("ready");
poll();
