/** What axe says of every screen and state of the window's page, light and dark. Judges no real time. */
import { deepStrictEqual } from "node:assert/strict";
import axe from "axe-core";
import type { Page } from "playwright-core";
import type { WindowState } from "@fusionmeet/bridge";
import { NOW, type Scene, SCENES } from "../tools/screenshot_scenes.ts";
import { FakeProgram } from "./support/fake_program.ts";
import { browser, endBrowser, holds } from "./support/page_tests.ts";
import { WAIT_MS_MAX } from "./support/wait.ts";

/** What axe finds that keeps somebody from using the page. */
async function findings(page: Page, rules?: string[]): Promise<string[]> {
  const options = { resultTypes: ["violations"], ...(rules ? { runOnly: rules } : {}) };
  const { violations } = await page.evaluate<{ violations: Violation[] }>(
    `axe.run(document, ${JSON.stringify(options)})`,
  );
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string }[];
}

/** One page for all scenes, opened anew for each: its process keeps what it has read. */
let opened: Promise<Page> | undefined;
/** One program, too, as long as no scene ends it: of another address the page would get another process. */
let running: FakeProgram | undefined;

async function freshProgram(state: WindowState | undefined): Promise<FakeProgram> {
  if (running === undefined || running.hasEnded) running = await FakeProgram.start(state);
  else running.startOver(state);
  return running;
}

/** A link that the page does not take for a place in the document it shows. */
function linkTo({ name }: Scene, program: FakeProgram): string {
  const link = new URL(program.link());
  link.search = name;
  return link.href;
}

async function open(): Promise<Page> {
  const viewport = { width: 1280, height: 800 };
  const page = await (await browser()).newPage({ viewport, reducedMotion: "reduce" });
  page.setDefaultTimeout(WAIT_MS_MAX);
  page.on("pageerror", (error) => faults.push(String(error)));
  await page.clock.setFixedTime(new Date(NOW));
  return page;
}

const faults: string[] = [];

for (const scene of SCENES.filter(({ link }) => link === undefined)) {
  Deno.test({
    name: `axe finds nothing serious on ${scene.name}, light and dark`,
    // The browser outlives it.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const program = await freshProgram(scene.state);
      const page = await (opened ??= open());
      await page.emulateMedia({ colorScheme: "light" });
      await page.goto(linkTo(scene, program));
      await page.locator("h1").waitFor({ state: "attached" });
      await scene.before?.({ program, page });
      if (program.state.screen === "meeting") await page.locator(".tile").first().waitFor();
      await scene.after?.({ program, page });
      await page.evaluate(axe.source);
      deepStrictEqual(await findings(page), [], "light");
      await page.emulateMedia({ colorScheme: "dark" });
      await holds(
        page,
        "document.getAnimations().every(({ transitionProperty }) => !transitionProperty)",
      );
      deepStrictEqual(await findings(page, ["color-contrast"]), [], "dark");
      deepStrictEqual(faults.splice(0), []);
    },
  });
}

Deno.test.afterAll(async () => await running?.[Symbol.asyncDispose]());
endBrowser();
