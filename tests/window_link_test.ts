/** A join link in a real window: pasted, refused, followed, and passed on to somebody without one. Judges no real time. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { formatJoinLink, parseJoinLink } from "@fusionmeet/protocol";
import { buildPage } from "../tools/build_page.ts";
import { startChromium } from "./support/browser.ts";
import { Program, startServer, taskArguments, WindowProgram } from "./support/programs.ts";
import { TemporaryDirectory } from "./support/wait.ts";

Deno.test({
  name: "A link pasted into a window vouches for its server and for no other; Invite passes it on",
  // The browser counts for itself.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await buildPage();
    await using data = new TemporaryDirectory();
    await using server = await startServer({ data: data.file("server") });
    const client = (name: string, ...args: string[]) => [
      ...[...taskArguments("client"), "--json", "--name", name, "--data", data.file(name)],
      ...["--mic", "off", "--camera", "off", ...args],
    ];
    await using program = new WindowProgram("Ada", {
      args: client("Ada", "--browser", "--discovery", "off"),
    });
    const browser = await startChromium();
    try {
      const page = await browser.newPage();
      await page.goto(await program.link());
      const field = page.getByLabel("Server", { exact: true });
      const link = { ...parseJoinLink(server.ready.link), room: "Läb" };
      await field.fill(formatJoinLink({ ...link, fingerprint: "0f".repeat(32) }));
      await page.getByRole("button", { name: "Join" }).click();
      await page.getByText("its key is not the one it should have").waitFor();
      strictEqual(await page.getByRole("dialog").count(), 0, "nobody is asked to trust it");
      await field.fill(formatJoinLink(link));
      await page.getByRole("button", { name: "Join" }).click();
      await page.locator(".bar-room").getByText("Läb").waitFor();

      await page.getByRole("button", { name: "Invite" }).click();
      const shown = await page.locator(".invite-link code").textContent();
      deepStrictEqual(parseJoinLink(shown!), link);
      await using ben = new Program("Ben", { args: [...client("Ben", "--headless"), shown!] });
      strictEqual((await ben.waitFor("joined")).room, "Läb");
      await page.locator(".tile").getByText("Ben").waitFor();
    } finally {
      await browser.close();
    }
    strictEqual((await program.stop()).code, 0);
  },
});
