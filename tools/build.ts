/**
 * `deno task build`: bundles both programs into `dist/`, each a folder that runs with plain Deno: no deno.json, no
 * npm packages, no network; the client's with the page of its window. Then the two hold a short meeting, to see that
 * they do.
 */
import { Program, taskArguments } from "../tests/support/programs.ts";
import { TemporaryDirectory } from "../tests/support/wait.ts";
import { buildPage, PAGE_FOLDER } from "./build_page.ts";

const PROGRAMS = {
  server: { main: "server/main.ts", worker: "server/media/worker.ts" },
  client: { main: "client/main.ts", worker: "client/media/worker.ts" },
} as const;
type Name = keyof typeof PROGRAMS;

const folderOf = (name: Name) => `dist/fusionmeet-${name}`;

async function bundle(from: string, to: string): Promise<void> {
  const args = ["bundle", "--quiet", "--platform", "deno", "--output", to, from];
  const { success } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
  if (!success) throw new Error(`Cannot build: deno ${args.join(" ")} failed`);
}

async function build(name: Name): Promise<void> {
  const { main, worker } = PROGRAMS[name];
  const mainPath = `${folderOf(name)}/main.js`;
  await Deno.mkdir(folderOf(name), { recursive: true });
  await bundle(main, mainPath);
  await bundle(worker, `${folderOf(name)}/worker.js`);
  // The bundler leaves addresses of workers alone; ours lies beside the program.
  const code = await Deno.readTextFile(mainPath);
  const moved = code.replaceAll(
    'new URL("./worker.ts", import.meta.url)',
    'new URL("./worker.js", import.meta.url)',
  );
  if (moved === code) throw new Error(`Cannot build the ${name}: its worker is not where it was`);
  await Deno.writeTextFile(mainPath, moved);
}

/** How a built program is started: what deno.json and its task say. */
async function flagsOf(name: Name): Promise<string[]> {
  const { unstable } = JSON.parse(await Deno.readTextFile("deno.json"));
  const features = unstable.map((feature: string) => `--unstable-${feature}`);
  return [...features, ...taskArguments(name).filter((argument) => argument.startsWith("-"))];
}

async function start(name: Name, args: string[]): Promise<Program> {
  const alone = ["--no-config", "--no-remote", "--no-npm"];
  const main = `${folderOf(name)}/main.js`;
  return new Program(`the built ${name}`, {
    args: ["run", ...alone, ...await flagsOf(name), main, "--json", ...args],
  });
}

async function tryOut(): Promise<void> {
  await using data = new TemporaryDirectory();
  const anyPort = ["--host", "127.0.0.1", "--port", "0", "--media-port", "0"];
  await using server = await start("server", [...anyPort, "--data", data.file("server")]);
  const { port, fingerprint } = await server.waitFor("ready");
  await using client = await start("client", [
    ...["--headless", "--server", `127.0.0.1:${port}`, "--fingerprint", fingerprint],
    ...["--name", "Ann", "--mic", "tone:440", "--seconds", "1", "--data", data.file("client")],
  ]);
  const { code } = await client.exit();
  if (code !== 0) throw new Error(`Cannot meet with what was built: ${client.errorText}`);
}

/** The page lies beside the program. */
async function copyPage(): Promise<void> {
  await buildPage();
  const folder = `${folderOf("client")}/page`;
  await Deno.mkdir(folder);
  for await (const { name } of Deno.readDir(PAGE_FOLDER)) {
    await Deno.copyFile(`${PAGE_FOLDER}/${name}`, `${folder}/${name}`);
  }
}

const names = Object.keys(PROGRAMS) as Name[];
for (const name of names) {
  await Deno.remove(folderOf(name), { recursive: true }).catch((thrown) => {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  });
  await build(name);
}
await copyPage();
await tryOut();
for (const name of names) {
  const flags = (await flagsOf(name)).join(" ");
  console.log(`Built ${folderOf(name)}: start it with deno run ${flags} main.js`);
}
