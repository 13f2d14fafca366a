import { deepStrictEqual } from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { startChromium } from "./browser.ts";
import { FakeProgram } from "./fake_program.ts";
import { until, WAIT_MS_MAX } from "./wait.ts";

const SIZE = { width: 1280, height: 800 };

let running: Promise<Browser> | undefined;
/** One Chromium for all tests of a file; `endBrowser` comes behind them. */
export const browser = () => running ??= startChromium();

/** A test with a page that shows `state`. The browser outlives it, so nothing is counted. */
export function pageTest(
  name: string,
  state: () => Parameters<typeof FakeProgram.start>[0],
  run: (stage: { page: Page; program: FakeProgram }) => Promise<void>,
): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      await using program = await FakeProgram.start(state());
      const page = await (await browser()).newPage({ viewport: SIZE, reducedMotion: "reduce" });
      const faults: string[] = [];
      page.setDefaultTimeout(WAIT_MS_MAX);
      page.on("pageerror", (error) => faults.push(String(error)));
      try {
        await page.goto(program.link());
        await page.locator("h1").waitFor({ state: "attached" });
        await run({ page, program });
        deepStrictEqual(faults, []);
      } finally {
        await page.close();
      }
    },
  });
}

/** Waits until an expression in the page is true; the page's policy lets nobody wait for it there. */
export const holds = (page: Page, expression: string) =>
  until(expression, () => page.evaluate<boolean>(expression));

/** The last test of a file. */
export function endBrowser(): void {
  Deno.test({
    name: "The browser ends",
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => await (await browser()).close(),
  });
}
