import { join } from "node:path";
import { messageOf } from "@fusionmeet/base";

/** One file of the page. */
export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** The page's files by path, `/index.html` and so on; nothing else is ever served. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  map: "application/json",
  svg: "image/svg+xml",
  png: "image/png",
  wasm: "application/wasm",
};

/** Reads the built page into memory. @throws Error in words where it is not there. */
export async function readPageFiles(folder: string): Promise<PageFiles> {
  const files = new Map<string, PageFile>();
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      const type = TYPES[name.split(".").at(-1) ?? ""];
      if (!isFile || type === undefined) continue;
      files.set(`/${name}`, { type, bytes: await Deno.readFile(join(folder, name)) });
    }
  } catch (thrown) {
    throw new Error(`Cannot read the window's page in ${folder}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  if (!files.has("/index.html")) {
    throw new Error(`There is no page for the window in ${folder}: run \`deno task page\` first`);
  }
  return files;
}
