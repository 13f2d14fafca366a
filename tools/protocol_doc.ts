/**
 * `deno run -A tools/protocol_doc.ts`: writes the lists of control messages in docs/PROTOCOL.md from the tables in
 * lib/protocol/messages.ts. Its test fails when the page is not current.
 */
import { dirname, join } from "node:path";
import { CLIENT_MESSAGES, type Fields, SERVER_MESSAGES } from "@fusionmeet/protocol";
import { withPart } from "./page_part.ts";

const ROOT = dirname(import.meta.dirname!);
const PAGE = join(ROOT, "docs", "PROTOCOL.md");
const SOURCE = join(ROOT, "lib", "protocol", "messages.ts");
const PART = {
  page: "docs/PROTOCOL.md",
  start: "<!-- messages: written by tools/protocol_doc.ts -->",
  end: "<!-- end of messages -->",
};

/** The page with its lists of messages as the tables have them now. */
export async function currentPage(page: string): Promise<string> {
  const comments = readComments(await Deno.readTextFile(SOURCE));
  const lists = [
    "#### From client to server",
    describeTable(CLIENT_MESSAGES, (path) => comments.get(`CLIENT_MESSAGES/${path}`)),
    "#### From server to client",
    describeTable(SERVER_MESSAGES, (path) => comments.get(`SERVER_MESSAGES/${path}`)),
  ];
  return await withPart(page, { ...PART, text: lists.join("\n\n") });
}

/** The page as it is. */
export async function readPage(): Promise<string> {
  return await Deno.readTextFile(PAGE);
}

function describeTable(
  table: Record<string, Fields>,
  commentOf: (path: string) => string | undefined,
): string {
  return Object.entries(table).map(([type, fields]) => {
    const lines = Object.entries(fields).map(([name, field]) => {
      const words = [`\`${name}\`${field.optional ? " (optional)" : ""}: ${field.describe}`];
      const comment = commentOf(`${type}/${name}`);
      if (comment !== undefined) words.push(comment);
      return `  - ${words.join(". ")}`;
    });
    const about = commentOf(type);
    return [`- **\`${type}\`**${about === undefined ? "" : ` ${about}`}`, ...lines].join("\n");
  }).join("\n");
}

/** The doc comments of messages (`TABLE/type`) and their fields (`TABLE/type/field`), those of fields spread into a message included. */
function readComments(source: string): Map<string, string> {
  const comments = new Map<string, string>();
  const pattern =
    /\/\*\*(?<comment>[^]*?)\*\/|^export const (?<constant>[A-Z_]+)|^(?<indent> +)"?(?<name>[a-z][\w.]*)"?: |\.\.\.(?<spread>[A-Z_]+)/gm;
  let comment: string | undefined;
  let table = "";
  let owner = "";
  for (const { groups } of source.matchAll(pattern)) {
    if (groups!.comment !== undefined) {
      comment = groups!.comment.replace(/\s*\n\s*\*\s?/g, " ").trim();
      continue;
    }
    if (groups!.constant !== undefined) table = owner = groups!.constant;
    else if (groups!.spread !== undefined) {
      const prefix = `${groups!.spread}/`;
      for (const [key, text] of [...comments]) {
        if (key.startsWith(prefix)) comments.set(`${owner}/${key.slice(prefix.length)}`, text);
      }
    } else {
      const isMessage = groups!.indent.length === 2 && !/_FIELDS$/.test(table);
      if (isMessage) owner = `${table}/${groups!.name}`;
      const key = isMessage ? owner : `${owner}/${groups!.name}`;
      if (comment !== undefined && groups!.indent.length <= 4) comments.set(key, comment);
    }
    comment = undefined;
  }
  return comments;
}

if (import.meta.main) await Deno.writeTextFile(PAGE, await currentPage(await readPage()));
