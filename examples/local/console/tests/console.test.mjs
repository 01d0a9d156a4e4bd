// The local example's console in a browser: URL=http://127.0.0.1:9000 node --test console.test.mjs
//
// URL is a local example that nothing else uses at the same time.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { launch } from "./browser.mjs";

const axe = createRequire(import.meta.url)("axe-core");
const run = promisify(execFile);
const url = process.env.URL ?? "http://127.0.0.1:9000";
const customer = `${url}/customers/638df9e713920facde1a1cfa`;

const STORED = /^200 Stored: version 6 → 7\.$/;
const REJECTED = /^4\d\d Nothing was stored: the version is still 6\. The customers table was not asked\.$/;

/** What a button shows beyond what follows from its status. Every member is optional. */
const SHOWN = {
  "http-api-sample-200": {
    outcome: /^200 Stored: version 6 → 7\. It took 2 UpdateItem calls/,
    difference: [
      '~ changed email "john.doe@aximcommerce.com" → "john@aximcommerce.com"',
      "~ changed verifiedEmail true → false",
    ],
    updates: ["verifiedEmail = :verifiedEmail"],
  },
  "minimal-body-200": {
    outcome: /2 UpdateItem calls/,
    difference: ['~ changed firstName "Jon" → "John"', "~ changed verifiedEmail true → false"],
    without: ["notes", "address", "phoneNumber"],
  },
  "clear-fields-200": {
    outcome: /2 UpdateItem calls/,
    difference: [
      '− removed notes "Prefers a call before delivery."',
      '− removed metaFields [{"code": "p21_contact_id", "value": 12547}]',
      '− removed phoneNumber "65161860"',
      '− removed status "active"',
    ],
    updates: ["REMOVE phoneNumber", "#status is status"],
  },
  "digit-exact-numbers-200": {
    difference: [
      "~ changed metaFields[0].value 12547 → 12345678901234567890.123456789012345678",
      '+ added metaFields[1] {"code": "order_id", "value": 9007199254740993}',
      '+ added metaFields[2] {"code": "rate", "value": 0.1000000000000000055511151231257827}',
    ],
    response: ["12345678901234567890.123456789012345678", "9007199254740993", "0.1000000000000000055511151231257827"],
    updates: ["12345678901234567890.123456789012345678"],
  },
  "new-email-unverified-200": {
    outcome: /2 UpdateItem calls/,
    difference: ["~ changed verifiedEmail true → false"],
    timeline: ["UpdateItem 1: condition failed, the stored version is 6", "UpdateItem 2: stored, version 7"],
  },
  "email-letter-case-200": {
    outcome: /2 UpdateItem calls/,
    difference: ['~ changed email "john.doe@aximcommerce.com" → "John.Doe@aximcommerce.com"'],
    without: ["verifiedEmail"],
  },
  "data-sent-back-200": { outcome: /2 UpdateItem calls/, without: ["role", "newsletter", "createdBy"] },
  "bearer-token-200": { outcome: /2 UpdateItem calls/ },
  "current-if-match-200": {
    difference: ['~ changed notes "Prefers a call before delivery." → "From the current copy."'],
    updates: ["AND version IN (:e0)", ":e0 = 6"],
  },
  "stale-if-match-412": {
    outcome: /^412 Nothing was stored: the version is still 6\. The condition of the UpdateItem failed\.$/,
    response: ['x-customer-version: "6"'],
    updates: [":e0 = 1"],
  },
  "retry-after-lost-response-200": {
    outcome: /^200 Already stored: the version is still 6, and nothing was written\.$/,
    difference: [],
    timeline: ["200 to the caller: the customer already holds exactly this update"],
    updates: [":e0 = 5"],
  },
  "if-match-any-version-200": { outcome: /2 UpdateItem calls/ },
  "if-none-match-412": { outcome: /condition of the UpdateItem failed/, updates: ["AND attribute_not_exists(id)"] },
  "many-errors-400": {
    errors: [
      "/firstName required",
      "/lastName required",
      "/email required",
      "/phoneNumber invalid_phone",
      "/status invalid_type",
      "/address/0/country invalid_country",
      "/address/1 empty_object",
      "/metaFields/1/code duplicate_code",
      "/emial unknown_field",
    ],
    marks: ["{", '""', '"john@aximcommerce.com"', '"call me"', "1", '"us"', "{}", '"a"'],
  },
  "other-systems-names-400": {
    errors: ["/phone unknown_field", "/addresses unknown_field", "/custom_attributes unknown_field"],
  },
  "key-twice-400": { errors: ["/status duplicate_key"], marks: ['"blocked"'] },
  "number-out-of-range-400": { errors: ["/metaFields/0/value number_out_of_range"], marks: ["1e300"] },
  "not-json-400": { errors: ["line 2, column 14"], marks: ["}"] },
  "compressed-body-400": { response: ["The Content-Encoding `gzip` is not supported"] },
  "unknown-customer-404": {
    outcome: /^404 Nothing was stored\. The condition of the UpdateItem failed\.$/,
    difference: null,
    updates: ["IF attribute_exists(id)"],
  },
  "other-method-405": { outcome: /^405 Nothing was stored\. /, difference: null, response: ["allow: PUT"] },
  "other-path-404": { outcome: /^404 Nothing was stored\. /, difference: null },
};

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Opens the console; the test fails on an error in the browser's console or a layout shift. */
async function openConsole(context, options = {}) {
  const { width = 1280, colorScheme = "light" } = options;
  const browserContext = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  await browserContext.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await browserContext.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    // Chromium reports each status from 400 on, and the page is there to show them.
    const path = new URL(message.location().url || url).pathname;
    const isShown = /^\/(customers|orders)\//.test(path) && message.text().startsWith("Failed to load resource");
    if (["error", "warning"].includes(message.type()) && !isShown) problems.push(message.text());
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== url && !request.url().startsWith("data:")) problems.push(request.url());
  });
  await page.addInitScript(() => {
    window.shifts = [];
    const moved = (entry) => entry.sources.map(({ node }) => node?.id || node?.nodeName).join(" ");
    new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map(moved))).observe({
      type: "layout-shift",
      buffered: true,
    });
  });
  await page.goto(url);
  await page.locator("body.ready").waitFor();
  for (const group of await page.locator("#groups details").all())
    await group.evaluate((details) => (details.open = true));
  context.after(async () => {
    const shifts = await page.evaluate(() => window.shifts);
    await browserContext.close();
    assert.deepEqual(problems, []);
    if (width > 999) assert.deepEqual(shifts, [], "what moved");
  });
  return page;
}

/** Clicks and waits until the result is shown. */
async function press(page, locator) {
  await locator.click();
  await settled(page);
}

async function settled(page) {
  await page.locator("body[aria-busy=false]").waitFor();
}

/** Neither the explanation nor the outcome is cut off. */
async function assertFits(page) {
  const tooHigh = await page.evaluate(() =>
    ["explanation", "outcome"].filter((id) => {
      const { scrollHeight, clientHeight } = document.getElementById(id);
      return scrollHeight > clientHeight;
    }),
  );
  assert.deepEqual(tooHigh, []);
}

const text = (page, id) => page.locator(`#${id}`).innerText();
const one = (lines) => lines.replaceAll(/\s+/g, " ").trim();
/** Text content also has what is only for a screen reader and what a closed element hides. */
const lines = async (page, selector) => (await page.locator(selector).allTextContents()).map(one);
const marks = (page) => page.locator("#marks mark").allTextContents();
const newest = (page) => page.locator("#exchanges li").first();

test("each button shows what its request does", async (context) => {
  const page = await openConsole(context);
  const samples = await (await fetch(`${url}/console/samples`)).json();
  const unknown = Object.keys(SHOWN).filter((name) => !samples.some((sample) => sample.name === name));
  assert.deepEqual(unknown, []);
  assert.equal(await page.locator("[data-sample]").count(), samples.length);
  for (const sample of samples) {
    await context.test(sample.name, async () => {
      await press(page, page.locator(`[data-sample=${sample.name}]`));
      await assertShown(page, sample);
    });
  }
});

async function assertShown(page, { name, status, explanation, method, target, headers }) {
  const expected = SHOWN[name] ?? {};
  const isStored = status === "200";
  assert.equal(one(await text(page, "explanation")), explanation.replaceAll("`", ""));
  assert.match(one(await text(page, "outcome")), expected.outcome ?? (isStored ? STORED : REJECTED));

  await assertFits(page);

  assert.equal(await page.locator("#method").inputValue(), method);
  assert.equal(await page.locator("#target").inputValue(), target);
  const shownHeaders = (await page.locator("#headers").inputValue()).split("\n");
  assert.deepEqual(
    shownHeaders,
    headers.map(([header, value]) => `${header}: ${value}`),
  );

  const changes = await lines(page, "#difference li");
  if (expected.difference === null) {
    assert.equal(await text(page, "difference"), "There is no stored customer with this id.");
  } else if (!isStored || expected.difference?.length === 0) {
    assert.equal(await text(page, "difference"), "No difference: the stored customer is as before.");
  } else {
    for (const change of [
      ...(expected.difference ?? []),
      "~ changed version 6 → 7",
      '~ changed updatedBy "import" → "demo-erp"',
    ]) {
      assert.ok(changes.includes(change), `${change} is not in ${changes.join("; ")}`);
    }
    for (const member of expected.without ?? []) {
      assert.ok(
        !changes.some((change) => change.split(" ")[2].startsWith(member)),
        `${member} is in ${changes.join("; ")}`,
      );
    }
  }

  const response = await text(page, "response");
  assert.match(response, new RegExp(`^HTTP ${status}\\n(.*: .*\\n)+`));
  for (const part of [`"success": ${isStored}`, ...(expected.response ?? [])])
    assert.ok(response.includes(part), response);

  const updates = one(await page.locator("#updates").textContent());
  const isAsked = isStored || status === "412" || name === "unknown-customer-404";
  if (isAsked) assert.match(updates, /UpdateItem 1SET version = .* IF attribute_exists\(id\) /);
  else assert.equal(updates, "None: the request was rejected before.");
  for (const part of expected.updates ?? []) assert.ok(updates.includes(part), updates);

  const events = await lines(page, "#timeline li");
  assert.match(events[0], /^0\.0 ms(PUT|GET) with(out)? If-Match.* received$/);
  assert.match(events.at(-1), new RegExp(`ms${status} to the caller`));
  for (const event of expected.timeline ?? []) {
    assert.ok(
      events.some((shown) => shown.endsWith(event)),
      `${event} is not in ${events.join("; ")}`,
    );
  }

  const log = await text(page, "log");
  assert.match(log, new RegExp(`requestId="local-\\d+"[^]*status=${status} `), log);
  assert.match(log, isStored ? /customer updated/ : /request rejected/);

  const errors = await lines(page, "#errors button");
  assert.deepEqual(errors.toSorted(), (expected.errors ?? errors).toSorted());
  if (!expected.errors) assert.equal(await text(page, "errors"), "None.");
  if (expected.marks) assert.deepEqual((await marks(page)).toSorted(), expected.marks.toSorted());
  assert.match(await newest(page).innerText(), new RegExp(`^${status} ${method} ${target} local-`));
}

test("an error selects its place in the body, and an edit removes the marks", async (context) => {
  const page = await openConsole(context);
  await press(page, page.locator("[data-sample=many-errors-400]"));
  const selected = () => page.evaluate(() => document.getSelection().toString());
  for (const [error, place] of [
    ["/emial unknown_field", '"john@aximcommerce.com"'],
    ["/address/0/country invalid_country", '"us"'],
    ["/email required", "{"],
  ]) {
    await page.getByRole("button", { name: error }).click();
    assert.equal(await selected(), place);
  }
  // The marks are behind the letters that they belong to.
  const boxes = await page.evaluate(() => {
    const [body, marks] = ["body", "marks"].map((id) => document.getElementById(id));
    const style = (node) =>
      ["fontSize", "fontFamily", "lineHeight", "paddingTop", "paddingLeft", "whiteSpace", "overflowWrap"].map(
        (name) => getComputedStyle(node)[name],
      );
    return {
      text: [body.value, marks.textContent],
      widths: [body.clientWidth, marks.clientWidth],
      styles: [style(body), style(marks)],
    };
  });
  assert.equal(boxes.text[1], `${boxes.text[0]}\n`);
  assert.equal(boxes.widths[0], boxes.widths[1]);
  assert.deepEqual(boxes.styles[0], boxes.styles[1]);

  await page.locator("#body").press("End");
  await page.keyboard.type(" ");
  assert.deepEqual(await marks(page), []);
  assert.equal(await text(page, "errors"), "None.");
});

test("a late response of DynamoDB is stored once with If-Match and twice without", async (context) => {
  const page = await openConsole(context);
  const button = (ifMatch) => page.locator(`[data-demonstration=late-response][data-if-match=${ifMatch}]`);
  await button(true).click();
  assert.match(await text(page, "outcome"), /^Waiting for DynamoDB/);
  await settled(page);
  assert.match(await text(page, "explanation"), /takes longer than the SDK's limit of 1 s/);
  assert.equal(one(await text(page, "outcome")), "200 Stored once: version 6 → 7, although DynamoDB was asked twice.");
  const events = (await lines(page, "#timeline li")).map((line) => line.replace(/^[\d.]+ ms/, ""));
  assert.deepEqual(
    events.filter((event) => !event.startsWith("Token lookup")),
    [
      'PUT with If-Match: "6" received',
      "UpdateItem 1: sent",
      "UpdateItem 1: stored, version 7, but this response is late",
      "No response within 1 s: the SDK sends the same UpdateItem again",
      "UpdateItem 2: sent",
      "UpdateItem 2: condition failed, the stored version is 7",
      "200 to the caller: the customer already holds exactly this update",
    ],
  );
  assert.equal(await page.locator("#updates details").count(), 2);
  assert.ok((await lines(page, "#difference li")).includes("~ changed version 6 → 7"));
  assert.match(await text(page, "log"), /customer updated[^]*version=7/);
  assert.match(await page.locator("#headers").inputValue(), /^if-match: "6"$/m);

  await press(page, button(false));
  assert.match(await text(page, "explanation"), /the version grows by two/);
  const outcome =
    "200 Stored twice: version 6 → 8, although DynamoDB was asked twice. The second write stored the same values again.";
  assert.equal(one(await text(page, "outcome")), outcome);
  assert.ok((await lines(page, "#difference li")).includes("~ changed version 6 → 8"));
  await assertFits(page);
});

test("two writers at once lose a note without If-Match and none with it", async (context) => {
  const page = await openConsole(context);
  const button = (ifMatch) => page.locator(`[data-demonstration=two-writers][data-if-match=${ifMatch}]`);
  await press(page, button(false));
  assert.match(await text(page, "explanation"), /Both change notes at the same moment, and neither checks/);
  const overwritten =
    /^ERP 200\. Shop 200\. (ERP|Shop) wrote last \(version 6 → 8\)\. The note of (ERP|Shop) is overwritten, and nobody was told\.$/;
  const [, last, first] = overwritten.exec(one(await text(page, "outcome")));
  assert.notEqual(last, first);
  const note = { ERP: "Call before delivery (ERP)", Shop: "Leave at the door (shop)" };
  assert.ok(
    (await lines(page, "#difference li")).includes(
      `~ changed notes "Prefers a call before delivery." → "${note[last]}"`,
    ),
  );
  const events = await lines(page, "#timeline li");
  assert.ok(
    events.some((event) => event.endsWith(`${first}: UpdateItem 1: stored, version 7`)),
    events.join("; "),
  );
  assert.ok(
    events.some((event) => event.endsWith(`${last}: UpdateItem 1: stored, version 8`)),
    events.join("; "),
  );

  await press(page, button(true));
  assert.match(await text(page, "explanation"), /only one of the two updates can find it/);
  const kept =
    /^ERP (200|412)\. Shop (200|412)\. (ERP|Shop) was first \(version 6 → 7\)\. (ERP|Shop) knows that its copy is old: nothing is lost\.$/;
  const [, erp, shop, winner, loser] = kept.exec(one(await text(page, "outcome")));
  assert.deepEqual([erp, shop], winner === "ERP" ? ["200", "412"] : ["412", "200"]);
  assert.notEqual(winner, loser);
  assert.ok((await lines(page, "#difference li")).includes("~ changed version 6 → 7"));
  await assertFits(page);
  assert.equal(await page.locator("#response pre").count(), 2);
  assert.equal(await page.locator("#updates details").count(), 2);
  assert.match(await text(page, "log"), /version_conflict/);
});

test("the copied curl command does what Send does, and appears in the list", async (context) => {
  const page = await openConsole(context);
  const bodies = [
    ["http-api-sample-200", undefined, "200"],
    ["minimal-body-200", `{"firstName": "O'Neill $HOME", "lastName": "\\\\", "email": "john@aximcommerce.com"}`, "200"],
    ["compressed-body-400", undefined, "400"],
    ["other-method-405", undefined, "405"],
  ];
  for (const [sample, body, status] of bodies) {
    await press(page, page.locator(`[data-sample=${sample}]`));
    if (body) await page.locator("#body").fill(body);
    await page.getByRole("button", { name: "Copy as curl" }).click();
    await page.getByText("Copied").waitFor();
    const command = await page.evaluate(() => navigator.clipboard.readText());
    const previous = await newest(page).innerText();
    const { stdout } = await run("bash", ["-c", `${command} -s`]);
    assert.match(stdout, new RegExp(`^HTTP/1.1 ${status} `));
    const number = /apigw-requestid: (local-\d+)/.exec(stdout)[1];
    await newest(page).getByText(number, { exact: true }).waitFor({ timeout: 5000 });
    assert.notEqual(await newest(page).innerText(), previous);
    await press(page, newest(page).getByRole("button"));
    assert.match(await text(page, "outcome"), new RegExp(`^${status} `));
    assert.match(await text(page, "log"), new RegExp(`requestId="${number}"`));
    if (body) {
      assert.deepEqual(JSON.parse(await page.locator("#body").inputValue()), JSON.parse(body));
      assert.ok((await lines(page, "#difference li")).includes(`~ changed firstName "John" → "O'Neill $HOME"`));
    }
  }
});

test("the tables and the list follow requests of other programs", async (context) => {
  const page = await openConsole(context);
  await press(page, page.locator("[data-sample=minimal-body-200]"));
  await page.getByRole("button", { name: "Restore the sample customer" }).click();
  await page.locator("#customers td", { hasText: /^6$/ }).waitFor();
  const headers = {
    accessToken: "demo-token-that-may-write",
    "Content-Type": "application/json",
    "User-Agent": "cron",
  };
  const body = '{"firstName": "Ada", "lastName": "<img src=x onerror=alert(1)>", "email": "john.doe@aximcommerce.com"}';
  for (let index = 0; index < 21; index += 1) {
    const response = await fetch(customer, { method: "PUT", headers, body });
    assert.equal(response.status, 200);
  }
  await page.locator("#customers td", { hasText: /^27$/ }).waitFor({ timeout: 5000 });
  assert.ok((await text(page, "customers")).includes("Ada"));
  assert.equal(await page.locator("#exchanges li").count(), 20);
  await page.getByText("All attributes of").click();
  await page.locator("#customers pre", { hasText: '"lastName": "<img src=x onerror=alert(1)>"' }).waitFor();
  assert.match(await text(page, "tokens"), /demo-report\s+customers:read\s+6da43544b2d95eb0…/);
  await press(page, newest(page).getByRole("button"));
  assert.equal(one(await text(page, "outcome")), "200 Stored: version 26 → 27.");
});

test("the sample customer is restored first only if that is wanted", async (context) => {
  const page = await openConsole(context);
  const button = page.locator("[data-sample=email-letter-case-200]");
  await press(page, button);
  await page.getByLabel("Restore the sample customer first").uncheck();
  await press(page, button);
  assert.equal(one(await text(page, "outcome")), "200 Stored: version 7 → 8.");
  await press(page, page.getByRole("button", { name: "Send", exact: true }));
  assert.equal(one(await text(page, "outcome")), "200 Stored: version 8 → 9.");
});

test("the keyboard is enough to change a header and send", async (context) => {
  const page = await openConsole(context);
  assert.equal((await fetch(`${url}/console/restore`, { method: "POST" })).status, 204);
  const focus = async (id) => {
    for (let presses = 0; presses < 80; presses += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((wanted) => document.activeElement.id === wanted, id)) return;
    }
    assert.fail(`Tab does not reach ${id}`);
  };
  await focus("headers");
  await page.keyboard.press("Control+End");
  await page.keyboard.type('\nif-match: "3"');
  await focus("send");
  await page.keyboard.press("Enter");
  await settled(page);
  assert.match(one(await text(page, "outcome")), /^412 Nothing was stored: the version is still 6\./);
  await focus("response");
});

test("JSON keeps digits, equal keys and positions; a difference names each member", async (context) => {
  const page = await openConsole(context);
  const results = await page.evaluate(async () => {
    const { compact, get, locate, parse, pretty, tryParse } = await import("/console/json.js");
    const { difference } = await import("/console/diff.js");
    const body = '{"a/b": [1, {"~": 2}], "k": 1, "k": 1.50e1}';
    const at = (pointer) => {
      const { start, end } = locate(parse(body), pointer);
      return body.slice(start, end);
    };
    // Without members that are undefined.
    const defined = (value) => JSON.parse(JSON.stringify(value));
    return {
      compact: compact(parse(' {"n":-0.0 ,"s":"\\u00e9\\"" , "l":[ ],"o":{}} ')),
      last: get(parse(body), "k").raw,
      places: ["", "/a~1b/0", "/a~1b/1/~0", "/k", "/missing", "/a~1b/1/missing"].map(at),
      invalid: ["", "{", "[1,]", "01", "{'a':1}", "1 2", '"\t"', "nul"].filter((text) => tryParse(text)),
      pretty: pretty("no JSON"),
      difference: defined(
        difference(
          '{"a":[1,2],"b":{"c":1.0},"version":1,"gone":true}',
          '{"a":[1],"b":{"c":1},"version":2,"new":{"x":[]}}',
        ),
      ),
      created: defined(difference(null, '{"a":1}')),
      none: difference('{"a":[1,{"b":null}]}', '{"a":[1,{"b":null}]}'),
    };
  });
  assert.deepEqual(results, {
    compact: '{"n": -0.0, "s": "\\u00e9\\"", "l": [], "o": {}}',
    last: "1.50e1",
    places: ['{"a/b": [1, {"~": 2}], "k": 1, "k": 1.50e1}', "1", "2", "1.50e1", "{", "{"],
    invalid: [],
    pretty: "no JSON",
    difference: [
      { path: "a[1]", before: "2" },
      { path: "b.c", before: "1.0", after: "1" },
      { path: "gone", before: "true" },
      { path: "new", after: '{"x": []}' },
      { path: "version", before: "1", after: "2" },
    ],
    created: [{ path: "", after: '{"a": 1}' }],
    none: [],
  });
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 1000, 390]) {
    test(`accessible and without horizontal scrolling: ${width} pixels, ${colorScheme}`, async (context) => {
      const page = await openConsole(context, { width, colorScheme });
      const buttons = [
        "[data-sample=many-errors-400]",
        "[data-sample=new-email-unverified-200]",
        "[data-demonstration=late-response]",
      ];
      for (const button of buttons) {
        await press(page, page.locator(button).last());
        await assertFits(page);
        const { content, window } = await page.evaluate(() => ({
          content: document.documentElement.scrollWidth,
          window: document.documentElement.clientWidth,
        }));
        assert.ok(content <= window, `the content is ${content} pixels wide, the window ${window}`);
        const { y } = await page.locator("#outcome").boundingBox();
        assert.ok(y >= 0 && y < 800, `the outcome is ${y} pixels below the top of the window`);
        await page.evaluate(axe.source);
        const { violations } = await page.evaluate(() => window.axe.run());
        const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
        assert.deepEqual(
          serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`),
          [],
        );
      }
    });
  }
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

test("another web site cannot use the console", async () => {
  const restore = (headers) => fetch(`${url}/console/restore`, { method: "POST", headers });
  assert.equal((await restore({ Origin: "https://shop.example" })).status, 403);
  assert.equal((await restore({ Origin: url })).status, 204);
});
