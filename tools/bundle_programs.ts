/** Bundles the programs' scripts: what runs with plain Deno, without deno.json, npm packages and network. */
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "./build_page.ts";

/** A script of the bundle, and what it is made of. */
interface Script {
  readonly file: string;
  readonly entry: string;
  /** Workers that it starts, and modules that one of its processes loads: the bundler leaves their addresses alone. */
  readonly workers: Readonly<Record<string, string>>;
}

const SCRIPTS: readonly Script[] = [
  { file: "server.js", entry: "server/main.ts", workers: { "worker.ts": "server_media.js" } },
  { file: "server_media.js", entry: "server/media/worker.ts", workers: {} },
  {
    file: "client.js",
    entry: "client/main.ts",
    workers: {
      "worker.ts": "client_media.js",
      "screen_worker.ts": "client_screen.js",
      "webview_worker.ts": "client_webview.js",
      "sharp_module.ts": "client_sharp.js",
    },
  },
  { file: "client_media.js", entry: "client/media/worker.ts", workers: {} },
  { file: "client_screen.js", entry: "client/screen/screen_worker.ts", workers: {} },
  { file: "client_sharp.js", entry: "client/shrink/sharp_module.ts", workers: {} },
  { file: "client_webview.js", entry: "client/window/webview_worker.ts", workers: {} },
];

/** The names of the scripts, each a file. */
export const SCRIPT_FILES: readonly string[] = SCRIPTS.map(({ file }) => file);

/** The script of that name and its workers, which together are a program. */
export function scriptsOfProgram(name: "server" | "client"): string[] {
  const script = SCRIPTS.find(({ file }) => file === `${name}.js`)!;
  return [script.file, ...Object.values(script.workers)];
}

/** The scripts by name, the same bytes wherever they are made. @throws Error in words */
export async function bundlePrograms(): Promise<ReadonlyMap<string, string>> {
  const folder = await Deno.makeTempDir();
  try {
    await bundle(folder);
    // The bundler writes where each part came from: other on every machine.
    const packages = relative(ROOT, npmFolder()).replaceAll("\\", "/") + "/";
    const texts = SCRIPTS.map(async (script): Promise<[string, string]> => {
      const made = join(folder, script.entry.replace(/\.ts$/, ".js"));
      const text = (await Deno.readTextFile(made)).replaceAll(packages, "npm/");
      return [script.file, withWorkers(text, script)];
    });
    return new Map(await Promise.all(texts));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The script with its workers' addresses beside it. @throws Error when one is not where it was, or there is another. */
export function withWorkers(text: string, { file, workers }: Omit<Script, "entry">): string {
  let moved = text;
  for (const [source, worker] of Object.entries(workers)) {
    const address = workerAddress(source);
    if (moved.split(address).length !== 2) {
      throw new Error(`Cannot bundle ${file}: ${source} moved`);
    }
    moved = moved.replace(address, workerAddress(worker));
  }
  const [forgotten] = /new URL\("[^"]*\.ts", import\.meta\.url\)/.exec(moved) ?? [];
  if (forgotten) throw new Error(`Cannot bundle ${file}: nobody packs ${forgotten}`);
  return moved;
}

function workerAddress(file: string): string {
  return `new URL("./${file}", import.meta.url)`;
}

/** Where Deno keeps the packages of the registry that it is set to. */
export function npmFolder(): string {
  const [file, known] = [fileURLToPath(import.meta.resolve("libopus-wasm")), "libopus-wasm"];
  return file.slice(0, file.lastIndexOf(join(sep, known, sep)));
}

async function bundle(folder: string): Promise<void> {
  const entries = SCRIPTS.map(({ entry }) => entry);
  const args = [
    "bundle",
    "--quiet",
    "--platform",
    "deno",
    "--outdir",
    folder,
    ...entries,
  ];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  if (success) return;
  throw new Error(`Cannot bundle the programs: ${new TextDecoder().decode(stderr)}`);
}
