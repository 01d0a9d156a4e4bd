// Makes docs/reference-page.png: URL=http://127.0.0.1:9000/ node screenshot.mjs OUTPUT
//
// URL is an API that serves the reference page, such as the local example. The picture shows the page from the top to
// the end of the parameters.

import { launch } from "./browser.mjs";

const output = process.argv[2];
if (!output) throw new Error("give the file to write");

const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: "light" });
await page.goto(process.env.URL ?? "http://127.0.0.1:9000/");
await page.getByRole("button", { name: "Execute" }).waitFor();
const parameters = await page.locator(".parameters-container").boundingBox();
const height = Math.ceil(parameters.y + parameters.height);
await page.screenshot({ path: output, fullPage: true, clip: { x: 0, y: 0, width: 1280, height } });
await browser.close();
