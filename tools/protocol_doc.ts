/**
 * `deno run -A tools/protocol_doc.ts`: writes the lists of control messages in docs/PROTOCOL.md from the tables in
 * lib/protocol/messages.ts. Its test fails when the page is not current.
 */
import { dirname, join } from "node:path";
import { CLIENT_MESSAGES, type Fields, SERVER_MESSAGES } from "@fusionmeet/protocol";

const ROOT = dirname(import.meta.dirname!);
const PAGE = join(ROOT, "docs", "PROTOCOL.md");
const SOURCE = join(ROOT, "lib", "protocol", "messages.ts");
const START = "<!-- messages: written by tools/protocol_doc.ts -->";
const END = "<!-- end of messages -->";

/** The page with its lists of messages as the tables have them now. */
export async function currentPage(page: string): Promise<string> {
  const [before, rest] = split(page, START);
  const [, after] = split(rest, END);
  const comments = readComments(await Deno.readTextFile(SOURCE));
  const lists = [
    "#### From client to server",
    describeTable(CLIENT_MESSAGES, (path) => comments.get(`CLIENT_MESSAGES/${path}`)),
    "#### From server to client",
    describeTable(SERVER_MESSAGES, (path) => comments.get(`SERVER_MESSAGES/${path}`)),
  ];
  return await format(`${before}${START}\n\n${lists.join("\n\n")}\n\n${END}${after}`);
}

/** The page as it is. */
export async function readPage(): Promise<string> {
  return await Deno.readTextFile(PAGE);
}

function split(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`Cannot find in docs/PROTOCOL.md: ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
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

/** As `deno fmt` wants it. */
async function format(markdown: string): Promise<string> {
  const formatter = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = formatter.stdin.getWriter();
  await writer.write(new TextEncoder().encode(markdown));
  await writer.close();
  const { success, stdout } = await formatter.output();
  if (!success) throw new Error("Cannot format docs/PROTOCOL.md");
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) await Deno.writeTextFile(PAGE, await currentPage(await readPage()));
