import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { shrinkCommand, THUMBNAIL_JOB } from "./shrink_job.ts";

const PROGRAM = {
  executable: "/x/deno",
  isStandalone: false,
  isBundled: true,
  folder: "/x/program, of Ada",
  mainModule: "/x/program, of Ada/client.js",
};
const JOB = { ...THUMBNAIL_JOB, sideMax: 9 };

Deno.test("shrinkCommand() lets a process read what sharp needs, and neither write, run nor reach a network", () => {
  const { program, args } = shrinkCommand(JOB, PROGRAM, {
    folder: "/x/program, of Ada/sharp",
    native: "/x/program, of Ada/sharp/a.node",
  });
  strictEqual(program, "/x/deno");
  const flags = args.filter((each) => each.startsWith("--allow"));
  deepStrictEqual(flags, [
    "--allow-ffi",
    "--allow-env",
    "--allow-sys",
    "--allow-read=/x/program,, of Ada,/x/program,, of Ada/sharp,/proc/self/exe",
  ]);
  strictEqual(args.includes("--no-config"), true);
  deepStrictEqual(args.slice(-3, -1), ["/x/program, of Ada/client.js", "--shrink"]);
  deepStrictEqual(JSON.parse(args.at(-1)!), { ...JOB, native: "/x/program, of Ada/sharp/a.node" });
});

Deno.test("shrinkCommand() starts an executable as itself, and from sources lets it read Deno's packages", () => {
  const sharp = { folder: "/c/sharp-1" };
  const alone = shrinkCommand(JOB, { ...PROGRAM, isStandalone: true }, sharp);
  strictEqual(alone.args[0], "--shrink");
  const packages = { folder: "/d/npm/registry" };
  const { args } = shrinkCommand(JOB, { ...PROGRAM, isBundled: false, folder: "/f" }, packages);
  strictEqual(args.includes("--no-config"), false);
  strictEqual(
    args.includes("--allow-read=/f,/d/npm/registry,/proc/self/exe"),
    true,
    args.join(" "),
  );
});
