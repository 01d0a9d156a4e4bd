// The console: the buttons, sending, the tables and the list of the last requests.

import { get, scalar, tryParse } from "./json.js";
import * as editor from "./request.js";
import { itemView, make, showExchange, showTwoWriters, showWaiting, statusBadge } from "./result.js";

const element = (id) => document.getElementById(id);
const narrow = matchMedia("(max-width: 999px)");

/** How often the tables and the list are read again, in milliseconds. */
const INTERVAL = 1000;

/** What to look at, without and with `If-Match`. */
const DEMONSTRATIONS = {
  "late-response": {
    false: "The same without `If-Match`: the retry stores the same values a second time, so the version grows by two.",
    true: "The update is stored, but its response takes longer than the SDK's limit of 1 s. It sends the update again.",
  },
  "two-writers": {
    false:
      "An ERP and a shop have read version 6. Both change `notes` at the same moment, and neither checks it.",
    true: "The same with `If-Match`: both name version 6, and only one of the two updates can find it.",
  },
};

async function json(path, options) {
  const response = await fetch(path, options);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/** Runs what a button does. While it runs, other buttons that send wait; an error is shown as the outcome. */
async function act(button, waiting, action) {
  if (document.body.ariaBusy === "true") return;
  document.body.ariaBusy = "true";
  for (const chosen of document.querySelectorAll("[aria-current]")) chosen.removeAttribute("aria-current");
  button?.setAttribute("aria-current", "true");
  showWaiting(waiting);
  try {
    await action();
  } catch (error) {
    showWaiting(`Not sent: ${error.message}`);
  }
  showResult();
  await refresh();
  document.body.ariaBusy = "false";
}

/** In one column, the result is below the buttons, and the list of requests is below the result. */
function showResult() {
  const { top, bottom } = element("outcome").getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) element("result").scrollIntoView();
}

function explain(text) {
  const parts = text.split("`").map((part, index) => (index % 2 ? make("code", "", part) : part));
  element("explanation").replaceChildren(...parts);
}

async function send() {
  const { method, target, headers, body } = editor.read();
  const response = await fetch(target, { method, headers, body });
  await response.arrayBuffer();
  // An HTTP API returns the request's id in this header.
  const number = response.headers.get("apigw-requestid").replace("local-", "");
  const exchange = await json(`/console/exchanges/${number}`);
  showExchange(exchange);
  editor.showErrors(exchange.responseBody);
}

async function choose(sample, button) {
  editor.fill(sample);
  explain(sample.explanation);
  await act(button, "Sending …", async () => {
    if (element("restore-first").checked) await restore();
    await send();
  });
}

async function demonstrate(button) {
  const { demonstration: name, ifMatch } = button.dataset;
  explain(DEMONSTRATIONS[name][ifMatch]);
  await act(
    button,
    name === "late-response" ? "Waiting for DynamoDB, for more than a second …" : "Sending …",
    async () => {
      const outcome = await json(`/console/${name}?if_match=${ifMatch}`, { method: "POST" });
      const exchanges = await Promise.all(outcome.exchanges.map((number) => json(`/console/exchanges/${number}`)));
      editor.fill(asRequest(exchanges[0]));
      if (name === "two-writers") showTwoWriters(outcome, exchanges, ifMatch === "true");
      else showExchange(exchanges[0]);
    },
  );
}

/** What a client chose to send, without what its HTTP library adds. */
function asRequest({ method, target, requestHeaders, requestBody }) {
  const added = /^(accept.*|cache-control|connection|content-length|host|origin|pragma|referer|sec-.*|user-agent)$/;
  return { method, target, headers: requestHeaders.filter(([name]) => !added.test(name)), body: requestBody };
}

async function restore() {
  const response = await fetch("/console/restore", { method: "POST" });
  if (!response.ok) throw new Error(await response.text());
}

async function buildButtons() {
  const samples = await json("/console/samples");
  const groups = Map.groupBy(samples, (sample) => sample.group);
  const views = [...groups].map(([name, members]) => groupView(name, make("ul", "", ...members.map(sampleButton))));
  const demonstrations = groupView("Late responses and races", element("demonstrations").content);
  // Second, after what an update does at all.
  views.splice(1, 0, demonstrations);
  element("groups").replaceChildren(...views);
  for (const button of document.querySelectorAll("[data-demonstration]")) {
    button.addEventListener("click", () => demonstrate(button));
  }
  // In one column, the closed groups keep the request within reach.
  for (const view of views) view.open = !narrow.matches || view === views[0] || view === demonstrations;
  editor.fill(samples[0]);
}

function groupView(name, list) {
  return make("details", "", make("summary", "", make("h3", "", name)), list);
}

function sampleButton(sample) {
  const button = make("button", "", statusBadge(sample.status), " ", sample.title);
  button.type = "button";
  button.dataset.sample = sample.name;
  button.addEventListener("click", () => choose(sample, button));
  return make("li", "", button);
}

let shown = "";

/** Shows the tables and the list as they are now, if they have changed. */
async function refresh() {
  const response = await fetch("/console/state");
  const text = await response.text();
  if (!response.ok || text === shown) return;
  shown = text;
  const { customers, tokens, exchanges } = JSON.parse(text);
  table("customers", customers, ["id", "version", "firstName", "email", "verifiedEmail"], true);
  table("tokens", tokens, ["subject", "scopes", "tokenHash"], false);
  const list = make("ol", "", ...exchanges.map(exchangeRow));
  element("exchanges").replaceChildren(exchanges.length > 0 ? list : make("p", "", "None yet."));
}

function table(id, items, columns, whole) {
  const open = new Set([...element(id).querySelectorAll("details[open]")].map((details) => details.dataset.key));
  const head = make(
    "tr",
    "",
    ...columns.map((column) => {
      const cell = make("th", "", column);
      cell.scope = "col";
      return cell;
    }),
  );
  const rows = items.map((item) => {
    const node = tryParse(item);
    const text = (column) => {
      const value = get(node, column);
      const text = scalar(value) ?? value?.items?.map(scalar).join(", ") ?? "";
      return column === "tokenHash" ? `${text.slice(0, 16)}…` : text;
    };
    return make("tr", "", ...columns.map((column) => make("td", "", text(column))));
  });
  const parts = [make("table", "", make("thead", "", head), make("tbody", "", ...rows))];
  for (const item of whole ? items : []) {
    const key = scalar(get(tryParse(item), "id"));
    const details = make("details", "", make("summary", "", `All attributes of ${key}`), itemView(item));
    details.dataset.key = key;
    details.open = open.has(key);
    parts.push(details);
  }
  element(id).replaceChildren(...parts);
}

function exchangeRow({ number, method, target, status, receivedAt }) {
  const time = make("span", "time", new Date(receivedAt).toLocaleTimeString("en-GB"));
  const button = make(
    "button",
    "",
    statusBadge(status),
    " ",
    `${method} ${target}`,
    " ",
    make("span", "number", `local-${number}`),
    " ",
    time,
  );
  button.type = "button";
  button.addEventListener("click", () => {
    explain(`Request local-${number}, as it was sent and what it did.`);
    act(button, "Reading …", async () => {
      const exchange = await json(`/console/exchanges/${number}`);
      editor.fill(asRequest(exchange));
      showExchange(exchange);
      editor.showErrors(exchange.responseBody);
    });
  });
  return make("li", "", button);
}

async function copy() {
  const command = editor.asCurl();
  try {
    await navigator.clipboard.writeText(command);
    element("copied").textContent = "Copied";
  } catch {
    // Without permission, the command can still be copied by hand.
    prompt("The command:", command);
  }
  setTimeout(() => (element("copied").textContent = ""), 3000);
}

async function poll() {
  try {
    if (!document.hidden) await refresh();
  } finally {
    setTimeout(poll, INTERVAL);
  }
}

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  explain("Your own request. The sample customer is not restored before it.");
  act(element("send"), "Sending …", send);
});
element("copy").addEventListener("click", copy);
element("restore").addEventListener("click", async () => {
  await restore();
  await refresh();
});

explain("Nothing has been sent yet. Choose a request on the left, or change this one and press Send.");
await buildButtons();
await poll();
document.body.classList.add("ready");
