// Makes docs/console.png: URL=http://127.0.0.1:9000 node console-screenshot.mjs OUTPUT [EXPECTED]
//
// The picture shows the first screen after the button "DynamoDB answers late, with If-Match", without times, so that
// it changes only with the console. With EXPECTED, fails if that picture looks different.

import { readFile } from "node:fs/promises";
import { launch } from "./browser.mjs";

const [output, expected] = process.argv.slice(2);
if (!output) throw new Error("give the file to write");
const url = process.env.URL ?? "http://127.0.0.1:9000";

/** Other fonts make a difference of up to 3 %, so this finds another layout, not another word. */
const MAX_DIFFERENCE = 0.04;

const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: "light" });
await page.goto(url);
// The first request looks up the token.
for (const button of ["[data-sample=minimal-body-200]", "[data-demonstration=late-response][data-if-match=true]"]) {
  await page.locator(button).click();
  await page.locator("body[aria-busy=false]").waitFor();
}
await page.evaluate(() => {
  for (const time of document.querySelectorAll(".timeline .time")) {
    time.textContent = `${Math.floor(parseFloat(time.textContent) / 1000)} s`;
  }
  for (const value of document.querySelectorAll("#difference ins")) {
    value.textContent = value.textContent.replace(/"20\d\d-.*Z"/, '"2026-01-31T12:00:00.000Z"');
  }
  document.activeElement.blur();
  scrollTo(0, 0);
});
await page.mouse.move(0, 0);
const picture = await page.screenshot({ path: output });
if (expected) {
  const difference = await compare(picture, await readFile(expected));
  console.log(`difference to ${expected}: ${(difference * 100).toFixed(2)} %`);
  if (!(difference <= MAX_DIFFERENCE)) {
    throw new Error(
      `${expected} looks different; make it again with: npm run screenshot, while the local example runs`,
    );
  }
}
await browser.close();

/** The share of fields of 8 by 8 pixels whose brightness differs visibly; 1 if the sizes differ. */
function compare(...pictures) {
  const sources = pictures.map((bytes) => `data:image/png;base64,${bytes.toString("base64")}`);
  return page.evaluate(async (sources) => {
    const images = await Promise.all(
      sources.map(async (source) => {
        const image = new Image();
        image.src = source;
        await image.decode();
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [image.width / 8, image.height / 8];
        const context = canvas.getContext("2d");
        context.imageSmoothingQuality = "high";
        context.drawImage(image, 0, 0, canvas.width, canvas.height);
        return context.getImageData(0, 0, canvas.width, canvas.height);
      }),
    );
    const [one, other] = images;
    if (one.width !== other.width || one.height !== other.height) return 1;
    let count = 0;
    for (let index = 0; index < one.data.length; index += 4) {
      if (Math.abs(one.data[index] - other.data[index]) > 48) count += 1;
    }
    return count / (one.width * one.height);
  }, sources);
}
