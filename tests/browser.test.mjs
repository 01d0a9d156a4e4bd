// The local example, its console and its API reference: URL=http://127.0.0.1:9000 DYNAMODB_URL=http://127.0.0.1:8000
//
// Both are of a local example that nothing else uses at the same time. CHROMIUM is the path of the browser.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { request } from "node:http";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import { compact, difference, get, locate, parse, pretty, tryParse } from "../examples/local/console/page/json.mjs";
import { timelineEvents } from "../examples/local/console/page/result.mjs";
import { GROUPS, requestOf } from "../examples/local/console/page/samples.mjs";

const axe = createRequire(import.meta.url)("axe-core");
const run = promisify(execFile);
const url = process.env.URL ?? "http://127.0.0.1:9000";
const dynamodbUrl = process.env.DYNAMODB_URL ?? "http://127.0.0.1:8000";
const customer = `${url}/customers/638df9e713920facde1a1cfa`;
const events = new URL("../events/", import.meta.url);

const SAMPLES = Object.values(GROUPS)
  .flat()
  .filter(([name]) => !name.includes("?"));
const STORED = "Stored: version 6 → 7.";
const NOTHING = "Nothing was stored: the version is still 6.";
const CONDITION_FAILED = `${NOTHING} The condition of the UpdateItem failed.`;
const TWO_CALLS = `${STORED} It took 2 UpdateItem calls, because the stored email is verified.`;
const DIGITS = "12345678901234567890.123456789012345678";
const UNVERIFIED = "~ changed verifiedEmail true → false";

/**
 * What a button shows beyond what follows from its status. `contains` is text of a pane, `without` are members that the
 * difference does not have. Without `difference`, a rejected request has none.
 */
const SHOWN = {
  "plain-update-200": {
    difference: ['~ changed firstName "Jon" → "John"', '~ changed phoneNumber "65161860" → "65161861"'],
    without: ["notes", "address", "verifiedEmail"],
    contains: { timeline: "PUT without If-Match" },
  },
  "http-api-sample-200": {
    outcome: TWO_CALLS,
    difference: ['~ changed email "john.doe@aximcommerce.com" → "john@aximcommerce.com"', UNVERIFIED],
    contains: {
      updates: "verifiedEmail = :",
      timeline: /1, response: the condition failed, the stored version is 6.*2, response: stored version 7/,
    },
  },
  "clear-fields-200": {
    outcome: TWO_CALLS,
    difference: [
      '− removed notes "Prefers a call before delivery."',
      '− removed metaFields [{"code": "p21_contact_id", "value": 12547}]',
      '− removed status "active"',
    ],
    contains: { updates: "#status is status" },
  },
  "base64-body-200": { difference: ['~ changed firstName "Jon" → "Zoë"'] },
  "stale-if-match-412": {
    outcome: CONDITION_FAILED,
    contains: { response: 'x-customer-version: "6"', updates: /AND version IN \(:e0\).* :e0 = 1/ },
  },
  "retry-after-lost-response-200": {
    outcome: "Already stored: the version is still 6, and nothing was written.",
    difference: [],
    contains: { timeline: /PUT with If-Match: "5".*Response 200: the customer already holds exactly this update/ },
  },
  "if-none-match-412": {
    outcome: CONDITION_FAILED,
    contains: { updates: "AND attribute_not_exists(id)", timeline: "PUT with If-None-Match: *" },
  },
  "many-errors-400": {
    errors: [
      ...["/firstName required", "/lastName required", "/email required", "/phoneNumber invalid_phone"],
      ...["/status invalid_type", "/address/0/country invalid_country", "/address/1 empty_object"],
      ...["/metaFields/1/code duplicate_code", "/emial unknown_field"],
    ],
    marks: ["{", '""', '"john@aximcommerce.com"', '"call me"', "1", '"us"', "{}", '"a"'],
  },
  "unknown-customer-404": {
    outcome: "Nothing was stored: no customer has this id. The condition of the UpdateItem failed.",
  },
  "other-method-405": { contains: { response: "allow: PUT" } },
};

/** A body with the stored names and email. */
const body = (fields) => `{"firstName": "Jon", "lastName": "Doe", "email": "john.doe@aximcommerce.com", ${fields}}`;

/** What the editor's element `id` is changed to, the status, and what is shown then, as in `SHOWN`. */
const EDITED = [
  ["body", body(`"metaFields": [{"code": "a", "value": ${DIGITS}}, {"code": "b", "value": 1}]`), 200, {
    difference: [
      `~ changed metaFields[0].value 12547 → ${DIGITS}`,
      '+ added metaFields[1] {"code": "b", "value": 1}',
    ],
    contains: { response: DIGITS, updates: DIGITS },
  }],
  ["body", body('"phoneNumber": null, "address": null'), 400, {
    errors: ["/phoneNumber invalid_type", "/address invalid_type"],
    marks: ["null", "null"],
    contains: { errors: 'leave it out to keep the stored value, or send "" to clear it' },
  }],
  ["body", body('"status": "active", "status": "blocked"'), 400, {
    errors: ["/status duplicate_key"],
    marks: ['"blocked"'],
  }],
  ["body", '{"firstName": "John",\n "lastName": }', 400, { errors: ["line 2, column 14"], marks: ["}"] }],
  ["target", "/orders/1", 404, {
    outcome: "Nothing was stored: the path names no customer. No UpdateItem was sent to DynamoDB.",
  }],
];

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium" });
});
after(() => browser?.close());

/** Opens a page. The test fails on an error in the browser, a foreign request, or a button that moves. */
async function open(context, { path = "/", width = 1280, colorScheme = "light", prepare } = {}) {
  const browserContext = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  await browserContext.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await browserContext.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    // Chromium reports each status from 400 on, and the page is there to show them.
    const isShown = message.text().startsWith("Failed to load resource");
    if (["error", "warning"].includes(message.type()) && !isShown) problems.push(message.text());
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== url && !request.url().startsWith("data:")) problems.push(request.url());
  });
  await page.addInitScript(() => {
    window.shifts = [];
    new PerformanceObserver((list) => {
      const nodes = list.getEntries().flatMap((entry) => entry.sources.map(({ node }) => node));
      window.shifts.push(...nodes.filter((node) => node?.closest?.("#samples, #form")).map((node) => node.outerHTML));
    }).observe({ type: "layout-shift", buffered: true });
  });
  await prepare?.(page);
  await page.goto(url + path);
  context.after(async () => {
    const shifts = await page.evaluate(() => window.shifts);
    await browserContext.close();
    assertNone(problems);
    if (width > 999) assert.deepEqual(shifts, [], "what moved");
  });
  return page;
}

async function openConsole(context, options) {
  const page = await open(context, options);
  await page.locator("body.ready").waitFor();
  await settled(page);
  await page.evaluate(() => document.querySelectorAll("#groups details").forEach((group) => (group.open = true)));
  return page;
}

const settled = (page) => page.locator("body:not([aria-busy=true])").waitFor();
const button = (page, name) => page.locator(`[data-sample="${name}"]`);

/** Clicks and waits until the result is shown. */
async function press(page, locator) {
  await locator.click();
  await settled(page);
}

const pressNamed = (page, name) => press(page, page.getByRole("button", { name, exact: true }));
const choose = (page, name) => press(page, button(page, name));

/** Sends the editor's request with another body, header or path. */
async function send(page, id, text) {
  await page.locator(`#${id}`).fill(text);
  await pressNamed(page, "Send");
}

const assertNone = (list) => assert.deepEqual(list, []);
const one = (lines) => lines.replaceAll(/\s+/g, " ").trim();
const text = async (page, id) => one(await page.locator(`#${id}`).innerText());
/** Text content also has what is only for a screen reader and what a closed element hides. */
const lines = async (page, selector) => (await page.locator(selector).allTextContents()).map(one);
const marked = (page) => page.locator("#marks mark").allTextContents();
const editor = (page) =>
  page.evaluate(() => Object.fromEntries([...document.forms[0].elements].map(({ id, value }) => [id, value])));
const newest = (page) => page.locator("#exchanges li").first();

async function shows(page, id, ...expected) {
  const shown = await lines(page, `#${id} li`);
  for (const line of expected) assert.ok(shown.includes(line), `${line} is not in ${shown.join("; ")}`);
}

const restore = () => fetch(`${url}/console/restore`, { method: "POST" });

test("opening shows the newest request, at first a plain update with its difference", async (context) => {
  assert.equal((await restore()).status, 204);
  const state = await (await fetch(`${url}/console/state`)).json();
  const asAtFirst = (page) =>
    page.route("**/console/state", (route) => route.fulfill({ json: { ...state, exchanges: [] } }), { times: 1 });
  for (const prepare of [asAtFirst, undefined]) {
    const page = await openConsole(context, { prepare });
    assert.equal(await text(page, "outcome"), `200 ${STORED}`);
    await shows(page, "difference", ...SHOWN["plain-update-200"].difference);
    // The README's picture.
    if (prepare && process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  }
});

test("each event has one button, or is named as one without", async () => {
  const files = (await readdir(events)).map((file) => file.replace(".json", ""));
  const page = await readFile(new URL("../examples/local/console/page/console.html", import.meta.url), "utf8");
  const without = files.filter((name) => page.includes(`<code>${name}</code>`));
  const names = SAMPLES.map(([name]) => name);
  assert.deepEqual([...names, ...without].toSorted(), files.toSorted());
  assertNone(Object.keys(SHOWN).filter((name) => !names.includes(name)));
  for (const [name, , explanation] of Object.values(GROUPS).flat()) {
    assert.match(explanation, /^.{20,115}\.$/, name);
  }
});

test("each button shows what its request does", async (context) => {
  const page = await openConsole(context);
  for (const [name, title, explanation] of SAMPLES) {
    await context.test(title, async () => {
      await choose(page, name);
      assert.equal(await text(page, "explanation"), explanation.replaceAll("`", ""));
      await assertSample(page, name);
    });
  }
});

test("an edited request is sent as it is in the editor", async (context) => {
  const page = await openConsole(context);
  for (const [id, text, status, expected] of EDITED) {
    await choose(page, "plain-update-200");
    await restore();
    await send(page, id, text);
    await assertShown(page, { status, ...expected });
  }
});

async function assertSample(page, name) {
  const { method, target, headers } = requestOf(JSON.parse(await readFile(new URL(`${name}.json`, events), "utf8")));
  const headerLines = headers.map(([header, value]) => `${header}: ${value}`);
  const shown = await editor(page);
  assert.deepEqual([shown.method, shown.target], [method, target]);
  assert.deepEqual(shown.headers.split("\n").toSorted(), headerLines.toSorted());
  await assertShown(page, { status: Number(name.slice(-3)), ...SHOWN[name] });
}

async function assertShown(page, { status, outcome, difference, without, contains, errors = [], marks }) {
  const isSuccess = status === 200;
  const sentence = outcome ?? (isSuccess ? STORED : `${NOTHING} No UpdateItem was sent to DynamoDB.`);
  assert.equal(await text(page, "outcome"), `${status} ${sentence}`);

  const isChanged = isSuccess && difference?.length !== 0;
  const isAsked = isSuccess || sentence.includes("condition");
  const visible = [isChanged && "difference", "response", "timeline", isAsked && "updates", "log"].filter(Boolean);
  const boxes = page.locator("#result .box:visible");
  assert.deepEqual(await boxes.evaluateAll((boxes) => boxes.map(({ id }) => id)), visible);
  if (isChanged) {
    const always = ["~ changed version 6 → 7", '~ changed updatedBy "import" → "demo-erp"'];
    await shows(page, "difference", ...(difference ?? []), ...always);
    const members = (await lines(page, "#difference li")).map((change) => change.split(" ")[2].split(/[.[]/)[0]);
    assertNone(members.filter((member) => without?.includes(member)));
  }

  const always = { response: `"success": ${isSuccess}`, ...(isAsked && { updates: "IF attribute_exists(id) " }) };
  for (const [id, part] of [always, contains ?? {}].flatMap(Object.entries)) {
    const pane = one(await page.locator(`#${id}`).textContent());
    assert.ok(part.exec ? part.test(pane) : pane.includes(part), `${part} is not in ${pane}`);
  }
  const timeline = await lines(page, "#timeline li");
  assert.match(timeline[0], /^0\.0 ms(PUT with|GET without)/);
  assert.match(timeline.at(-1), new RegExp(`msResponse ${status}`));
  const logged = isSuccess ? "customer updated" : "request rejected";
  assert.match(await text(page, "log"), new RegExp(`${logged} requestId="local-\\d+".* status=${status} `));

  assert.deepEqual((await lines(page, "#errors button")).toSorted(), errors.toSorted());
  assert.equal(await page.locator("#errors").isVisible(), errors.length > 0);
  if (marks) assert.deepEqual((await marked(page)).toSorted(), marks.toSorted());
  const { method, target } = await editor(page);
  assert.match(await newest(page).innerText(), new RegExp(`^${status} ${method} ${target} local-`));
}

test("an error selects its place in the body, and an edit removes the marks", async (context) => {
  const page = await openConsole(context);
  await choose(page, "many-errors-400");
  for (const [error, place] of [
    ["/emial unknown_field", '"john@aximcommerce.com"'],
    ["/address/0/country invalid_country", '"us"'],
    ["/email required", "{"],
  ]) {
    await page.getByRole("button", { name: error }).click();
    assert.equal(await page.evaluate(() => document.getSelection().toString()), place);
  }
  // The marks are behind the letters that they belong to.
  const [body, shown] = await page.evaluate(() => {
    const names = ["fontSize", "fontFamily", "lineHeight", "paddingTop", "paddingLeft", "whiteSpace", "overflowWrap"];
    return ["body", "marks"].map((id) => {
      const node = document.getElementById(id);
      const style = names.map((name) => getComputedStyle(node)[name]);
      return { text: node.value ?? node.textContent.slice(0, -1), width: node.clientWidth, style };
    });
  });
  assert.deepEqual(body, shown);
  await page.locator("#body").press("End");
  await page.keyboard.type(" ");
  assert.deepEqual(await marked(page), []);
  assert.equal(await page.locator("#errors").isVisible(), false);
});

test("a late response of DynamoDB is stored once with If-Match and twice without", async (context) => {
  const page = await openConsole(context);
  await button(page, "late-response?if_match=true").click();
  assert.match(await text(page, "outcome"), /^Waiting for DynamoDB/);
  await settled(page);
  const once = "200 Stored once: version 6 → 7, although the SDK sent the UpdateItem twice.";
  assert.equal(await text(page, "outcome"), once);
  const timeline = (await lines(page, "#timeline li")).map((line) => line.replace(/^[\d.]+ ms/, ""));
  const events = timeline.filter((event) => !event.startsWith("Token lookup"));
  assert.deepEqual(events, [
    'PUT with If-Match: "6"',
    "UpdateItem 1 sent",
    "UpdateItem 1, response: stored version 7, too late for the SDK",
    "No response within 1 s: the SDK sends the same UpdateItem again",
    "UpdateItem 2 sent",
    "UpdateItem 2, response: the condition failed, the stored version is 7",
    "Response 200: the customer already holds exactly this update",
  ]);
  assert.equal(await page.locator("#updates details").count(), 2);
  await shows(page, "difference", "~ changed version 6 → 7");
  assert.match(await text(page, "log"), /customer updated.* version=7/);
  assert.match(await page.locator("#headers").inputValue(), /^if-match: "6"$/m);

  await choose(page, "late-response?if_match=false");
  const twice = "200 Stored twice: version 6 → 8, because the SDK sent the UpdateItem twice.";
  assert.equal(await text(page, "outcome"), `${twice} The last one stored the same values again.`);
  await shows(page, "difference", "~ changed version 6 → 8");
});

test("two writers at once lose a note without If-Match and none with it", async (context) => {
  const page = await openConsole(context);
  await choose(page, "two-writers?if_match=false");
  const overwritten =
    /^ERP 200\. Shop 200\. (ERP|Shop) was last \(version 6 → 8\)\. The note of (ERP|Shop) is overwritten/;
  const [, last, first] = overwritten.exec(await text(page, "outcome"));
  assert.notEqual(last, first);
  const note = { ERP: "Call before delivery (ERP)", Shop: "Leave at the door (shop)" };
  await shows(page, "difference", `~ changed notes "Prefers a call before delivery." → "${note[last]}"`);
  const stored = (await lines(page, "#timeline li")).filter((line) => line.includes("stored version"));
  const versions = stored.map((line) => line.slice(-1));
  assert.deepEqual(versions, ["7", "8"]);

  await choose(page, "two-writers?if_match=true");
  const kept = /^ERP (\d+)\. Shop (\d+)\. (ERP|Shop) was first \(version 6 → 7\)\. (ERP|Shop) learns from its 412 /;
  const [, erp, shop, winner, loser] = kept.exec(await text(page, "outcome"));
  assert.deepEqual([erp, shop], winner === "ERP" ? ["200", "412"] : ["412", "200"]);
  assert.notEqual(winner, loser);
  await shows(page, "difference", "~ changed version 6 → 7");
  assert.equal((await text(page, "response")).match(/# (ERP|Shop) HTTP/g).length, 2);
  assert.equal(await page.locator("#updates details").count(), 2);
  assert.match(await text(page, "log"), /version_conflict/);

  // The recipe after a 412: take `data` and the version, apply the change, send again.
  await pressNamed(page, "Apply the change to the stored customer and send again");
  assert.equal(await text(page, "outcome"), "200 Stored: version 7 → 8.");
  assert.match(await text(page, "explanation"), /starts from data and version 7 of the 412\. It changes notes, /);
  await shows(page, "difference", `~ changed notes "${note[winner]}" → "${note[loser]}"`);
  assert.match(await page.locator("#headers").inputValue(), /^if-match: "7"$/m);
  assert.equal(await page.locator("#merge").isVisible(), false);
});

test("a version stands before a later one whose response came first", () => {
  const lane = (sentMs, respondedMs, status, member, version) => {
    const response = JSON.stringify({ [member]: { version: { N: version } } });
    const call = { operation: "UpdateItem", sentMs, respondedMs, receivedMs: respondedMs, status, response };
    return { startedMs: 0, endedMs: 9, method: "PUT", status: 200, requestHeaders: [], attempts: [call] };
  };
  const lanes = [
    ["Shop", lane(2, 4, 200, "Attributes", "8")],
    ["Cron", lane(3, 5, 400, "Item", "7")],
    ["ERP", lane(1, 6, 200, "Attributes", "7")],
  ];
  const responses = timelineEvents(lanes).filter(({ text }) => text.includes("response:"));
  const order = responses.map(({ time, name }) => `${time} ${name}`);
  assert.deepEqual(order, ["6 ERP", "5 Cron", "4 Shop"]);
});

test("of several clicks, the last one is shown, with its own text and result", async (context) => {
  const page = await openConsole(context);
  for (const name of ["late-response?if_match=true", "many-errors-400", "stale-if-match-412"])
    await button(page, name).click();
  await settled(page);
  await assertSample(page, "stale-if-match-412");
  assert.match(await text(page, "explanation"), /^If-Match names an old version/);
  assert.equal(await page.locator("[aria-current]").getAttribute("data-sample"), "stale-if-match-412");
});

test("what a browser cannot send is named, and leaves no old result", async (context) => {
  const page = await openConsole(context);
  for (const [id, input, message] of [
    ["headers", "accesstoken: a\nno colon", "line 2 of the headers must be a name, a colon and a value"],
    ["headers", "two words: a", "line 1 of the headers must be"],
    ["headers", "accesstoken: 😀", "line 1 of the headers must be"],
    ["headers", "host: shop.example", "line 1 of the headers names a header that a browser sends itself."],
    ["target", "//shop.example/", "the path must start with one slash."],
    ["target", "/docs", "this path is not part of the API. The status is"],
  ]) {
    await choose(page, "other-method-405");
    await send(page, id, input);
    assert.ok((await text(page, "outcome")).startsWith(`Not done: ${message}`), await text(page, "outcome"));
    assert.equal(await page.locator("#result .box:visible").count(), 0);
  }
  await page.context().setOffline(true);
  await choose(page, "plain-update-200");
  assert.equal(await text(page, "outcome"), "Not done: the local example did not respond.");
  assert.match(await text(page, "unreachable"), /^The local example does not respond\./);
  await page.context().setOffline(false);
  await page.locator("#unreachable").waitFor({ state: "hidden" });
});

test("the copied curl command does what Send does, and appears in the list", async (context) => {
  const page = await openConsole(context);
  for (const [sample, body, status] of [
    ["http-api-sample-200", undefined, "200"],
    ["plain-update-200", `{"firstName": "O'Neill $HOME", "lastName": "\\\\", "email": "john@aximcommerce.com"}`, "200"],
    ["base64-body-200", undefined, "200"],
    ["other-method-405", undefined, "405"],
  ]) {
    await choose(page, sample);
    if (body) await page.locator("#body").fill(body);
    await page.getByRole("button", { name: "Copy as curl" }).click();
    await page.getByText("Copied").waitFor();
    const command = await page.evaluate(() => navigator.clipboard.readText());
    const { stdout } = await run("bash", ["-c", `${command} -s`]);
    assert.match(stdout, new RegExp(`^HTTP/1.1 ${status} `));
    const number = /apigw-requestid: (local-\d+)/.exec(stdout)[1];
    await newest(page).getByText(number, { exact: true }).waitFor({ timeout: 5000 });
    await press(page, newest(page).getByRole("button"));
    assert.match(await text(page, "outcome"), new RegExp(`^${status} `));
    assert.match(await text(page, "log"), new RegExp(`requestId="${number}"`));
    if (body) {
      assert.deepEqual(JSON.parse(await page.locator("#body").inputValue()), JSON.parse(body));
      await shows(page, "difference", `~ changed firstName "John" → "O'Neill $HOME"`);
    }
  }
});

test("the tables and the list follow requests of other programs", async (context) => {
  const page = await openConsole(context);
  await choose(page, "plain-update-200");
  await page.getByRole("button", { name: "Restore the sample customer" }).click();
  await page.locator("#customers td", { hasText: /^6$/ }).waitFor();
  const headers = { accessToken: "demo-token-that-may-write", "Content-Type": "application/json" };
  const body = '{"firstName": "Ada", "lastName": "<img src=x onerror=alert(1)>", "email": "john.doe@aximcommerce.com"}';
  for (let index = 0; index < 21; index += 1) {
    assert.equal((await fetch(customer, { method: "PUT", headers, body })).status, 200);
  }
  await page.locator("#customers td", { hasText: /^27$/ }).waitFor({ timeout: 5000 });
  assert.ok((await text(page, "customers")).includes("Ada"));
  assert.equal(await page.locator("#exchanges li").count(), 20);
  await page.getByText("All attributes of").click();
  await page.locator("#customers pre", { hasText: '"lastName": "<img src=x onerror=alert(1)>"' }).waitFor();
  assert.match(await text(page, "tokens"), /demo-report customers:read 6da43544b2d95eb0…/);
  await press(page, newest(page).getByRole("button"));
  assert.equal(await text(page, "outcome"), "200 Stored: version 26 → 27.");
});

test("the sample customer is restored first only if that is wanted", async (context) => {
  const page = await openConsole(context);
  await choose(page, "plain-update-200");
  await page.getByLabel("Restore the sample customer first").uncheck();
  await choose(page, "plain-update-200");
  assert.equal(await text(page, "outcome"), "200 Stored: version 7 → 8.");
  await pressNamed(page, "Send");
  assert.equal(await text(page, "outcome"), "200 Stored: version 8 → 9.");
});

test("the keyboard reaches the request and the result in a few steps, and Ctrl+Enter sends", async (context) => {
  const page = await openConsole(context);
  await choose(page, "plain-update-200");
  await restore();
  await page.reload();
  await page.locator("body.ready").waitFor();
  /** Presses Tab until the element with the id or the text has the focus. */
  const focus = async (wanted, limit) => {
    for (let presses = 0; presses < limit; presses += 1) {
      await page.keyboard.press("Tab");
      const names = await page.evaluate(() => [document.activeElement.id, document.activeElement.textContent]);
      if (names.includes(wanted)) return;
    }
    assert.fail(`${limit} Tabs do not reach ${wanted}`);
  };
  await focus("Request", 2);
  await page.keyboard.press("Enter");
  await focus("headers", 3);
  await page.keyboard.press("Control+End");
  await page.keyboard.type('\nif-match: "3"');
  await page.keyboard.press("Control+Enter");
  await settled(page);
  assert.match(await text(page, "outcome"), /^412 Nothing was stored: the version is still 6\./);
  await focus("send", 2);
  await page.keyboard.press("Enter");
  await settled(page);
  await focus("response", 4);
});

test("JSON keeps digits, equal keys and positions; a difference names each member", () => {
  const body = '{"a/b": [1, {"~": 2}], "k": 1, "k": 1.50e1}';
  const at = (pointer) => {
    const { start, end } = locate(parse(body), pointer);
    return body.slice(start, end);
  };
  const line = '{"n": -0.0, "s": "\\u00e9\\"", "l": [], "o": {}}';
  assert.equal(compact(parse(' {"n":-0.0 ,"s":"\\u00e9\\"" , "l":[ ],"o":{}} ')), line);
  assert.equal(get(parse(body), "k").raw, "1.50e1");
  const places = ["", "/a~1b/0", "/a~1b/1/~0", "/k", "/missing", "/a~1b/1/missing"].map(at);
  assert.deepEqual(places, [body, "1", "2", "1.50e1", "{", "{"]);
  const invalid = ["", "{", "[1,]", "01", "{'a':1}", "1 2", '"\t"', "nul"];
  assertNone(invalid.filter((text) => tryParse(text)));
  assert.equal(pretty("no JSON"), "no JSON");
  const old = '{"a":[1,2],"b":{"c":1.0},"version":1,"gone":true,"same":[{"x":null}]}';
  const now = '{"a":[1],"b":{"c":1},"version":2,"new":{"x":[]},"same":[{"x":null}]}';
  assert.deepEqual(difference(old, now), [
    { path: "a[1]", before: "2", after: undefined },
    { path: "b.c", before: "1.0", after: "1" },
    { path: "gone", before: "true", after: undefined },
    { path: "new", before: undefined, after: '{"x": []}' },
    { path: "version", before: "1", after: "2" },
  ]);
});

const WINDOWS = [1280, 1000, 390].flatMap((width) => ["light", "dark"].map((colorScheme) => ({ width, colorScheme })));
for (const { width, colorScheme } of WINDOWS) {
  test(`accessible, and nothing is hidden or broken: ${width} pixels, ${colorScheme}`, async (context) => {
    const page = await openConsole(context, { width, colorScheme });
    const names = ["many-errors-400", "http-api-sample-200", "late-response?if_match=false"];
    for (const name of names) {
      await choose(page, name);
      const { y } = await page.locator("#outcome").boundingBox();
      assert.ok(y >= 0 && y < 800, `the outcome is ${y} pixels below the top of the window`);
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => window.axe.run());
      const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
      assertNone(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`));
      assertNone(await page.evaluate(layoutFaults, width < 1000));
    }
    if (width < 1000) {
      await choose(page, "token-missing-401");
      await page.evaluate(() => document.querySelectorAll("#groups details").forEach((group) => (group.open = false)));
      const height = await page.evaluate(() => document.documentElement.scrollHeight);
      assert.ok(height < 3200, `${height} pixels`);
      // The way back to the list.
      await page.getByRole("link", { name: "Try" }).click();
      assert.ok(await page.locator("#samples-title").evaluate((title) => title.getBoundingClientRect().top < 60));
    }
  });
}

/** Runs in the page: what is wider than the window, covered, broken within a word, or too small for a finger. */
function layoutFaults(isPhone) {
  const faults = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) faults.push(`the content is ${scrollWidth} pixels wide, the window ${clientWidth}`);
  const top = scrollY;
  document.getElementById("tables").scrollIntoView();
  const sections = [...document.querySelectorAll("main > section")];
  const places = sections.map((section) => [section.id, section.getBoundingClientRect()]);
  for (const [one, a] of places) {
    for (const [other, b] of places) {
      const overlaps = a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
      if (one !== other && overlaps) faults.push(`${one} covers ${other}`);
    }
  }
  scrollTo(0, top);
  for (const cell of document.querySelectorAll("th")) {
    if (cell.clientHeight > 30) faults.push(`the header ${cell.textContent} is broken`);
  }
  const targets = document.querySelectorAll("nav a, button, select, summary, input[id=target], .check");
  for (const target of isPhone ? targets : []) {
    const { width, height } = target.getBoundingClientRect();
    const isSmall = target.checkVisibility() && (width < 44 || height < 44);
    if (isSmall) faults.push(`${target.textContent} is ${width} by ${height}`);
  }
  return faults;
}

test("a customer's URL shows a browser where to look, and a client the API's own 405", async () => {
  const page = await fetch(customer, { headers: { Accept: "text/html,*/*;q=0.8" } });
  assert.deepEqual([page.status, page.headers.get("allow")], [405, "PUT"]);
  assert.match(page.headers.get("content-type"), /^text\/html/);
  const links = [...(await page.text()).matchAll(/href="(\/[^"]*)"/g)].map(([, link]) => link);
  assert.deepEqual(links, ["/", "/docs"]);
  for (const link of links) assert.equal((await fetch(url + link)).status, 200, link);

  const client = await fetch(customer, { headers: { Accept: "*/*" } });
  assert.deepEqual([client.status, client.headers.get("allow")], [405, "PUT"]);
  assert.equal((await client.json()).code, "method_not_allowed");
});

/** Sends a request with any headers, also those that `fetch` sets itself. */
const raw = (target, method, headers) =>
  new Promise((resolve, reject) => {
    request(target, { method, headers }, (response) => resolve(response.resume()))
      .on("error", reject)
      .end();
  });

test("a front end in development may call the API, another site nothing", async () => {
  const preflight = { "Access-Control-Request-Method": "PUT" };
  const [own, development, foreign] = ["http://127.0.0.1:9000", "http://localhost:5173", "https://shop.example"];
  const restoreUrl = `${url}/console/restore`;
  for (const [target, method, headers, status, allowed] of [
    [customer, "PUT", {}, 401],
    [customer, "PUT", { Origin: development }, 401, development],
    [customer, "OPTIONS", { Origin: development, ...preflight }, 204, development],
    [customer, "OPTIONS", {}, 405],
    [customer, "PUT", { Origin: foreign }, 403],
    [customer, "OPTIONS", { Origin: foreign, ...preflight }, 403],
    [customer, "PUT", { Host: "rebound.example" }, 403],
    [restoreUrl, "POST", { Origin: own }, 204],
    [restoreUrl, "POST", { Origin: foreign }, 403],
    [restoreUrl, "POST", { Host: "rebound.example" }, 403],
    [`${url}/docs`, "GET", { Host: "rebound.example" }, 403],
    [dynamodbUrl, "GET", {}, 200],
    [dynamodbUrl, "POST", { Origin: foreign }, 403],
    [dynamodbUrl, "POST", { Host: "rebound.example" }, 403],
    [dynamodbUrl, "OPTIONS", { Origin: foreign, ...preflight }, 403],
    [dynamodbUrl, "OPTIONS", { Origin: development, ...preflight }, 403],
    [dynamodbUrl, "GET", { Origin: development }, 200],
  ]) {
    const response = await raw(target, method, headers);
    const got = [response.statusCode, response.headers["access-control-allow-origin"]];
    assert.deepEqual(got, [status, allowed], `${method} ${target} ${JSON.stringify(headers)}`);
  }
});

test("a missing table is a plain sentence, in the state and on the page", async (context) => {
  const page = await openConsole(context);
  await choose(page, "plain-update-200");
  const call = async (operation, input) => {
    const headers = {
      "Content-Type": "application/x-amz-json-1.0",
      "X-Amz-Target": `DynamoDB_20120810.${operation}`,
      "X-Amz-Date": "20260131T120000Z",
      Authorization:
        "AWS4-HMAC-SHA256 Credential=local/20260131/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
    };
    const response = await fetch(dynamodbUrl, { method: "POST", headers, body: JSON.stringify(input) });
    assert.equal(response.status, 200, await response.text());
  };
  await call("DeleteTable", { TableName: "customers" });
  try {
    const sentence = "The table customers does not exist. Restart the local example, which creates it again.";
    const { customers } = await (await fetch(`${url}/console/state`)).json();
    assert.deepEqual(customers, { Err: sentence });
    await page.locator("#customers", { hasText: sentence }).waitFor();
    await choose(page, "plain-update-200");
    assert.equal(await text(page, "outcome"), `Not done: ${sentence}`);
    await pressNamed(page, "Send");
    const failed = "500 Nothing was stored. The UpdateItem failed: ResourceNotFoundException.";
    assert.equal(await text(page, "outcome"), failed);
  } finally {
    await call("CreateTable", {
      TableName: "customers",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    });
    await restore();
  }
});

test("the API reference sends the sample and shows each digit of the response", async (context) => {
  const digits = "12345678901234567890123456789012345678";
  const page = await open(context, { path: "/docs", colorScheme: "dark" });
  const execute = page.getByRole("button", { name: "Execute" });
  await execute.waitFor();
  const top = async (locator) => (await locator.first().boundingBox()).y;
  const introduction = page.getByText("Fields you omit stay as they are");
  assert.ok((await top(introduction)) < (await top(execute)), "the introduction comes first");
  // The rules of the fields are open.
  await page.getByText("Empty, or at least 3 digits").first().waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.className), "dark-mode");

  const body = page.locator("textarea.body-param__text");
  await body.fill((await body.inputValue()).replace("12548", digits));
  const pending = page.waitForResponse((candidate) => candidate.request().method() === "PUT");
  await execute.click();
  const response = await pending;
  assert.equal(response.status(), 200, await response.text());
  assert.match(response.request().postData(), new RegExp(`"value": ${digits}\\b`));
  await page.locator(".live-responses-table").getByText(`"value": ${digits}`).waitFor();
});
