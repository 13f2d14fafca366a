/** Parts of pages in docs/ that are written by a tool: between two marks, in the form that `deno fmt` wants. */

/** Where a part is. */
export interface PagePart {
  /** For messages. */
  readonly page: string;
  readonly start: string;
  readonly end: string;
}

/** The page with `text` between the marks. @throws Error when a mark is not there. */
export async function withPart(
  page: string,
  { text, ...part }: PagePart & { text: string },
): Promise<string> {
  const [before, rest] = split(page, part.start, part);
  const [, after] = split(rest, part.end, part);
  return await format(`${before}${part.start}\n\n${text}\n\n${part.end}${after}`, part);
}

function split(text: string, mark: string, { page }: PagePart): [string, string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`Cannot find in ${page}: ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}

async function format(markdown: string, { page }: PagePart): Promise<string> {
  const formatter = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = formatter.stdin.getWriter();
  await writer.write(new TextEncoder().encode(markdown));
  await writer.close();
  const { success, stdout } = await formatter.output();
  if (!success) throw new Error(`Cannot format ${page}`);
  return new TextDecoder().decode(stdout);
}
