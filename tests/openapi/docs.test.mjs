// The page /docs of the local example in a browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const url = `${process.env.API}/docs`;
const digits = "12345678901234567890123456789012345678";
let browser;

before(async () => {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  // Chromium does not start its sandbox as root, which CI can be.
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-background-networking"] });
});
after(() => browser?.close());

test("sends the sample and shows each digit of the response", async () => {
  const page = await browser.newPage({ colorScheme: "dark" });
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol === "http:" && origin !== process.env.API) errors.push(request.url());
  });
  await page.goto(url);
  const execute = page.getByRole("button", { name: "Execute" });
  await execute.waitFor();

  const top = async (locator) => (await locator.first().boundingBox()).y;
  assert.ok((await top(page.getByText("Fields you omit stay as they are"))) < (await top(execute)), "introduction first");
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
  const shown = page.locator(".live-responses-table");
  await shown.getByText(`"value": ${digits}`).waitFor();
  assert.deepEqual(errors, []);
});
