import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { BENCHES, installCommand, missingOf, type Need, RUN, TESTS, WINDOW } from "./setup.ts";

const PROGRAM: Need = { package: "opus-tools", program: "opusenc", why: "" };
const LIBRARY: Need = { package: "libwebkitgtk-6.0-4", why: "" };

Deno.test("missingOf() finds programs by name, the rest by package, and what it cannot see is not missing", () => {
  const none = { hasProgram: () => false, packages: new Set<string>() };
  const all = { hasProgram: () => true, packages: new Set([LIBRARY.package]) };
  const needs = [PROGRAM, LIBRARY];
  deepStrictEqual(missingOf(needs, none), needs);
  deepStrictEqual(missingOf(needs, all), []);
  deepStrictEqual(missingOf(needs, { ...none, packages: new Set([LIBRARY.package]) }), [PROGRAM]);
  deepStrictEqual(missingOf(needs, { ...none, packages: undefined }), [PROGRAM]);
  strictEqual(
    installCommand(needs, "linux"),
    "sudo apt-get install -y --no-install-recommends opus-tools libwebkitgtk-6.0-4",
  );
  strictEqual(
    installCommand(needs, "darwin"),
    "install opus-tools, libwebkitgtk-6.0-4 with your package manager, or put them on the PATH",
  );
});

Deno.test("docs/dependencies.md names what setup installs, and why each is there", () => {
  const page = Deno.readTextFileSync(new URL("../docs/dependencies.md", import.meta.url));
  const needs = [...RUN, ...WINDOW, ...TESTS, ...BENCHES];
  const names = needs.map((need) => need.package);
  deepStrictEqual(names.filter((name) => !page.includes(name)), []);
  deepStrictEqual(needs.filter((need) => need.why === ""), []);
  strictEqual(new Set(names).size, names.length);
});
