/**
 * Look at pages in Chromium, as a person would, and print what axe and the browser find.
 *
 *   node look.js CHROMIUM http://127.0.0.1:8000/errors/ \
 *     '[{"page": "GONE", "language": "en", "width": 360, "scheme": "dark", "screenshot": …}]'
 */

"use strict";

const { readFileSync } = require("node:fs");
const { chromium } = require("playwright-core");

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

async function look(browser, base, { screenshot, ...job }) {
  const context = await browser.newContext({
    viewport: { width: job.width, height: 800 },
    colorScheme: job.scheme,
    locale: job.language,
  });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  const response = await page.goto(base + job.page, { waitUntil: "load" });
  if (screenshot) await page.screenshot({ path: screenshot, fullPage: true });
  // The page's Content-Security-Policy does not apply to code that the protocol evaluates.
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    const root = document.scrollingElement;
    return {
      violations: violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
      ),
      overflow: root.scrollWidth - root.clientWidth,
      direction: getComputedStyle(document.body).direction,
      background: getComputedStyle(document.body).backgroundColor,
      columns: [...new Set([...document.querySelectorAll(".meaning")].map((it) => it.offsetLeft))],
    };
  });
  await context.close();
  return { ...job, status: response.status(), complaints, ...found };
}

async function main() {
  const [executablePath, base, jobs] = process.argv.slice(2);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const outcomes = [];
    for (const job of JSON.parse(jobs)) outcomes.push(await look(browser, base, job));
    process.stdout.write(JSON.stringify(outcomes));
  } finally {
    await browser.close();
  }
}

main();
