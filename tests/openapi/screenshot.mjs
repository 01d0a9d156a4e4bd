// Makes docs/reference-page.png from docs/api.html: node screenshot.mjs OUTPUT
//
// The picture shows the page from the top to the end of the parameters, as the local example serves it.

import { fileURLToPath } from "node:url";
import { launch } from "./browser.mjs";

const output = process.argv[2];
if (!output) throw new Error("give the file to write");

const url = "http://127.0.0.1:9000/";
const path = fileURLToPath(new URL("../../docs/api.html", import.meta.url));

const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: "light" });
// No server is needed: the browser gets the file as the response.
await page.route(url, (route) => route.fulfill({ path, contentType: "text/html" }));
await page.goto(url);
await page.getByRole("button", { name: "Execute" }).waitFor();
const parameters = await page.locator(".parameters-container").boundingBox();
const height = Math.ceil(parameters.y + parameters.height);
await page.screenshot({ path: output, fullPage: true, clip: { x: 0, y: 0, width: 1280, height } });
await browser.close();
