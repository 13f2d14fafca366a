import { ok, strictEqual } from "node:assert/strict";
import { CONTROL_PORT, MEDIA_PORT } from "@fusionmeet/protocol";
import { currentPage, readPage } from "./admin_doc.ts";

Deno.test("docs/ADMIN.md has the settings as the table has them, and the ports", async () => {
  const page = await readPage();
  strictEqual(page, await currentPage(page), "run: deno run -A tools/admin_doc.ts");
  for (const port of [CONTROL_PORT, MEDIA_PORT]) ok(page.includes(String(port)));
});
