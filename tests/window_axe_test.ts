/** What axe says of every screen and state of the window's page, light and dark. Judges no real time. */
import { deepStrictEqual } from "node:assert/strict";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { SCENES } from "../tools/screenshot_scenes.ts";
import { endBrowser, holds, pageTest } from "./support/page_tests.ts";

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

for (const scene of SCENES.filter(({ link }) => link === undefined)) {
  pageTest(
    `axe finds nothing serious on ${scene.name}, light and dark`,
    () => scene.state,
    async ({ page, program }) => {
      await scene.before?.({ program, page });
      if (program.state.screen === "meeting") await page.locator(".tile").first().waitFor();
      await page.clock.setFixedTime(new Date(2026, 2, 12, 10, 24));
      await scene.after?.({ program, page });
      await page.evaluate(axe.source);
      deepStrictEqual(await findings(page), [], "light");
      await page.emulateMedia({ colorScheme: "dark" });
      await holds(
        page,
        "document.getAnimations().every(({ transitionProperty }) => !transitionProperty)",
      );
      deepStrictEqual(await findings(page, ["color-contrast"]), [], "dark");
    },
  );
}

endBrowser();
