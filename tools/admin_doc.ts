/**
 * `deno run -A tools/admin_doc.ts`: writes the server's settings in docs/ADMIN.md from the table in server/config.ts. Its
 * test fails when the page is not current.
 */
import { dirname, join } from "node:path";
import { environmentName, OPTIONS } from "../server/config.ts";
import { withPart } from "./page_part.ts";

const PAGE = join(dirname(import.meta.dirname!), "docs", "ADMIN.md");
const PART = {
  page: "docs/ADMIN.md",
  start: "<!-- settings: written by tools/admin_doc.ts -->",
  end: "<!-- end of settings -->",
};

/** The page with its settings as the table has them now. */
export async function currentPage(page: string): Promise<string> {
  const options: [string, { value?: string; help: string }][] = Object.entries(OPTIONS);
  const kept = options.filter(([name]) => name !== "help" && name !== "version");
  const rows = kept.map(([name, { value = "", help }]) => {
    const cells = [`--${name} ${value}`.trim(), environmentName(name), `"${name}"`]
      .map((cell) => `\`${cell.replaceAll("|", "\\|")}\``);
    return `| ${[...cells, help.replaceAll("|", "\\|")].join(" | ")} |`;
  });
  const head = "| option | environment | in the file | what it is (unless said otherwise) |\n" +
    "| - | - | - | - |";
  return await withPart(page, { ...PART, text: [head, ...rows].join("\n") });
}

/** The page as it is. */
export async function readPage(): Promise<string> {
  return await Deno.readTextFile(PAGE);
}

if (import.meta.main) await Deno.writeTextFile(PAGE, await currentPage(await readPage()));
