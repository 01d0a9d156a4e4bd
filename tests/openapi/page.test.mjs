// The reference page in a browser: URL=http://127.0.0.1:9000/ node --test page.test.mjs
//
// The page has to be served by an API with the demo customer and token. CHROMIUM names the browser's
// executable, SCREENSHOTS a folder to put pictures into.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const url = process.env.URL ?? "http://127.0.0.1:9000/";
const screenshots = process.env.SCREENSHOTS;
let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // No sandbox, because CI runs as root; the rest keeps the browser from calling home.
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});
after(() => browser?.close());

for (const width of [1280, 390]) {
  test(`at ${width} pixels it renders, sends the sample and shows 200`, async () => {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const complaints = [];
    const elsewhere = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol !== "data:" && protocol !== "blob:" && origin !== new URL(url).origin) {
        elsewhere.push(request.url());
      }
    });

    await page.goto(url);
    await page.getByRole("heading", { name: "Update a customer" }).waitFor();
    await page.getByRole("button", { name: "Execute" }).waitFor();
    await picture(page, `${width}-opened`);
    await assertNothingSticksOut(page);

    const pending = page.waitForResponse((candidate) => candidate.request().method() === "PUT");
    await page.getByRole("button", { name: "Execute" }).click();
    const response = await pending;
    assert.equal(response.status(), 200, await response.text());
    const sent = response.request();
    assert.equal(sent.postDataJSON().email, "john@aximcommerce.com");
    assert.equal(await sent.headerValue("accesstoken"), "demo-token-that-may-write");

    const shown = page.locator(".live-responses-table");
    await shown.waitFor();
    assert.match(await shown.innerText(), /\b200\b[^]*Customer updated successfully[^]*x-customer-version/i);
    await shown.scrollIntoViewIfNeeded();
    await picture(page, `${width}-responded`);
    await assertNothingSticksOut(page);

    assert.deepEqual(complaints, []);
    assert.deepEqual(elsewhere, []);
    await page.close();
  });
}

/** The page scrolls down only: nothing is wider than the window. */
async function assertNothingSticksOut(page) {
  const { content, window } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
  }));
  assert.ok(content <= window, `the content is ${content} pixels wide, the window ${window}`);
}

async function picture(page, name) {
  if (!screenshots) return;
  await mkdir(screenshots, { recursive: true });
  await page.screenshot({ path: `${screenshots}/${name}.png` });
  await page.screenshot({ path: `${screenshots}/${name}-whole.png`, fullPage: true });
}
