/**
 * `deno task build`: bundles both programs into `dist/`, each a folder that runs with plain Deno: no deno.json, no
 * npm packages, no network. Starts each once to see that it does.
 */
import { taskArguments } from "../tests/support/programs.ts";

const PROGRAMS = [
  { name: "server", main: "server/main.ts", worker: "server/media/worker.ts" },
  { name: "client", main: "client/main.ts", worker: "client/media/worker.ts" },
] as const;

async function deno(args: string[]): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).spawn()
    .status;
  if (!success) throw new Error(`Cannot build: deno ${args.join(" ")} failed`);
}

async function bundle(from: string, to: string): Promise<void> {
  await deno(["bundle", "--quiet", "--platform", "deno", "--output", to, from]);
}

await Deno.remove("dist", { recursive: true }).catch((thrown) => {
  if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
});
for (const { name, main, worker } of PROGRAMS) {
  const folder = `dist/fusionmeet-${name}`;
  await Deno.mkdir(folder, { recursive: true });
  await bundle(main, `${folder}/main.js`);
  await bundle(worker, `${folder}/worker.js`);
  // The bundler leaves addresses of workers alone; ours lies beside the program.
  const code = await Deno.readTextFile(`${folder}/main.js`);
  const moved = code.replaceAll(
    'new URL("./worker.ts", import.meta.url)',
    (address) => address.replace("worker.ts", "worker.js"),
  );
  if (moved === code) throw new Error(`Cannot build ${name}: its worker is not where it was`);
  await Deno.writeTextFile(`${folder}/main.js`, moved);
  const flags = taskArguments(name).filter((argument) => argument.startsWith("-"));
  await deno([
    "run",
    "--no-config",
    "--no-remote",
    "--no-npm",
    "--unstable-net",
    ...flags,
    `${folder}/main.js`,
    "--version",
  ]);
  console.log(`Built ${folder}: start it with deno run --unstable-net ${flags.join(" ")} main.js`);
}
