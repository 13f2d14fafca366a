import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { countsOf } from "./run_tests.ts";

Deno.test("countsOf() reads the closing line of deno test and makes every doubt a failure", () => {
  const cases: [string, number, [number, number]][] = [
    ["\x1b[32mok\x1b[0m | 17 passed | 0 failed \x1b[38m(8s)\x1b[0m\n", 0, [17, 0]],
    ["ok | 3 passed (12 steps) | 0 failed (8s)", 0, [3, 0]],
    ["FAILED | 3 passed | 2 failed (1 step) (8s)", 1, [3, 2]],
    ["ok | 3 passed | 0 failed | 2 ignored (8s)", 0, [3, 2]],
    ["ok | 3 passed | 0 failed | 4 filtered out (8s)", 0, [3, 4]],
    ["ok | 3 passed | 0 failed (8s)", 1, [3, 1]],
    ["ok | 0 passed | 0 failed (0ms)", 0, [0, 1]],
    ["error: Type checking failed", 1, [0, 1]],
    ["", 137, [0, 1]],
    ["a test printed\nok | 9 passed | 0 failed (1s)\nok | 1 passed | 0 failed (1s)", 0, [1, 0]],
  ];
  for (const [output, code, [passed, failed]] of cases) {
    deepStrictEqual(countsOf(output, code), { passed, failed }, output);
  }
});

Deno.test("deno task test fails for a skipped test, a lone test, a broken file and no test", async () => {
  const folder = await Deno.makeTempDir();
  const closing = async (source: string) => {
    const path = `${folder}/a_test.ts`;
    await Deno.writeTextFile(path, source);
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", new URL("./run_tests.ts", import.meta.url).pathname, path],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    return `${new TextDecoder().decode(stdout).trim().split("\n").at(-1)} ${code}`;
  };
  strictEqual(await closing('Deno.test("a", () => {});'), "1 passed, 0 failed 0");
  strictEqual(await closing('Deno.test("a", () => { throw 1; });'), "0 passed, 1 failed 1");
  const withFine = (other: string) => closing(`Deno.test("a", () => {}); Deno.test.${other};`);
  strictEqual(await withFine('ignore("b", () => {})'), "1 passed, 1 failed 1");
  strictEqual(await withFine('only("b", () => {})'), "1 passed, 1 failed 1");
  strictEqual(await closing("throw 1;"), "0 passed, 1 failed 1");
  strictEqual(await closing(""), "0 passed, 1 failed 1");
  await Deno.remove(folder, { recursive: true });
});
