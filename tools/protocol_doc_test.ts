import { strictEqual } from "node:assert/strict";
import { currentPage, readPage } from "./protocol_doc.ts";

Deno.test("docs/PROTOCOL.md has the control messages as the tables have them", async () => {
  const page = await readPage();
  strictEqual(page, await currentPage(page), "run: deno run -A tools/protocol_doc.ts");
});
