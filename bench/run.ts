/**
 * `deno task bench [NAME…]`: runs every `*_bench.ts` here, then the load generator, files, voice against files, shared
 * screens, their viewers, and the window; with names only those that contain one. Exit code 1 when one of them says that a limit was passed.
 */
const folder = new URL(".", import.meta.url).pathname;
const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
  .filter((name) => name.endsWith("_bench.ts")).toSorted();
const programs = [
  "load.ts",
  "files.ts",
  "voice_first.ts",
  "screen.ts",
  "screen_viewers.ts",
  "window.ts",
];
const chosen = [...names, ...programs].filter((name) =>
  Deno.args.length === 0 || Deno.args.some((part) => name.includes(part))
);
const failed: string[] = [];
for (const name of chosen) {
  console.log(`\n== ${name}`);
  const usesDenoBench = Deno.readTextFileSync(folder + name).includes("Deno.bench(");
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [usesDenoBench ? "bench" : "run", "-A", folder + name],
    stdin: "null",
  }).spawn().status;
  if (!success) failed.push(name);
}
if (chosen.length === 0) console.error(`No bench is called ${Deno.args.join(" or ")}`);
if (failed.length > 0) console.error(`Failed: ${failed.join(", ")}`);
Deno.exit(failed.length === 0 && chosen.length > 0 ? 0 : 1);
