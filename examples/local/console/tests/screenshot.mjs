// Makes the README's picture of a running local example: npm run screenshot. URL is its address.

import { launch } from "./browser.mjs";

const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: "light" });
await page.goto(process.env.URL ?? "http://127.0.0.1:9000");
await page.locator("body.ready").waitFor();
await page.locator("[data-sample]").first().click();
await page.locator("body[aria-busy=false]").waitFor();
await page.evaluate(() => document.activeElement.blur());
await page.mouse.move(0, 0);
await page.screenshot({ path: process.argv[2] });
await browser.close();
