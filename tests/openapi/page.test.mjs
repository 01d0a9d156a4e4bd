// The reference page in a browser: URL=http://127.0.0.1:9000/docs node --test page.test.mjs
//
// URL is an API that serves the page and has the sample customer and token, such as the local example.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";

const url = process.env.URL ?? "http://127.0.0.1:9000/docs";
let browser;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

for (const width of [1280, 390]) {
  test(`sends the sample and shows 200 at a width of ${width} pixels`, async () => {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const consoleErrors = [];
    const foreignRequests = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) consoleErrors.push(message.text());
    });
    page.on("pageerror", (error) => consoleErrors.push(String(error)));
    page.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol !== "data:" && protocol !== "blob:" && origin !== new URL(url).origin) {
        foreignRequests.push(request.url());
      }
    });

    await page.goto(url);
    await page.getByRole("heading", { name: "Update a customer" }).waitFor();
    await page.getByRole("button", { name: "Execute" }).waitFor();
    await assertNoHorizontalScrolling(page);
    // Only the local example's console.
    assert.deepEqual(await linksToOtherPages(page), [new URL("/", url).href]);
    for (const name of ["If-Match", "If-None-Match"]) {
      assert.equal(await page.getByPlaceholder(name, { exact: true }).inputValue(), "", `${name} is filled in`);
    }
    const description = page.getByText("No licence chosen; all rights reserved");
    assert.ok((await top(description)) > (await top(page.getByRole("button", { name: "Execute" }))));
    if (width === 1280) assert.ok((await top(page.getByRole("button", { name: "Execute" }))) < 850);

    const pending = page.waitForResponse((candidate) => candidate.request().method() === "PUT");
    await page.getByRole("button", { name: "Execute" }).click();
    const response = await pending;
    assert.equal(response.status(), 200, await response.text());
    const sent = response.request();
    assert.equal(sent.postDataJSON().email, "john@aximcommerce.com");
    assert.equal(await sent.headerValue("accesstoken"), "demo-token-that-may-write");
    assert.equal(await sent.headerValue("if-match"), null);

    const shown = page.locator(".live-responses-table");
    await shown.waitFor();
    assert.match(await shown.innerText(), /\b200\b[^]*Customer updated successfully[^]*x-customer-version/i);
    await assertNoHorizontalScrolling(page);
    await assertInView(page, shown.getByText("200").first());
    await assertInView(page, shown.getByText("Customer updated successfully").first());

    assert.deepEqual(consoleErrors, []);
    assert.deepEqual(foreignRequests, []);
    await page.close();
  });
}

async function top(locator) {
  const { y } = await locator.boundingBox();
  return y;
}

/** Waits, because the page scrolls when it has drawn the response. */
async function assertInView(page, locator) {
  const { height } = page.viewportSize();
  const deadline = Date.now() + 3000;
  while (Date.now() < deadline) {
    const y = await top(locator);
    if (y >= 0 && y < height) return;
    await page.waitForTimeout(50);
  }
  assert.fail(`the response is ${await top(locator)} pixels below the top of the window`);
}

/** The targets of links that lead away from the page, of which only the page itself is certain to exist. */
function linksToOtherPages(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll("a[href]")]
      .map((link) => link.href)
      .filter((target) => target.split("#")[0] !== location.href.split("#")[0]),
  );
}

async function assertNoHorizontalScrolling(page) {
  const { content, window } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
  }));
  assert.ok(content <= window, `the content is ${content} pixels wide, the window ${window}`);
}
