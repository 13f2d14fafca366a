import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  checkedIn,
  companyOf,
  countsOf,
  FAILURE_LINES_MAX,
  failureReport,
  failuresOf,
  inTurns,
  REPORT_LINES_MAX,
} from "./run_tests.ts";

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

Deno.test("failuresOf() reads each failed test with its file and its error", () => {
  const output = [
    ...["a ... FAILED (9ms)", "", "\x1b[41m ERRORS \x1b[0m", ""],
    ...["a \x1b[38m=> ./a_test.ts:1:6\x1b[0m", "error: Error: one", "", "two", ""],
    ...["c => d ... inner => ./a_test.ts:2:44", "error: Error: three", ""],
    ...["./c_test.ts (uncaught error)", "error: load", "", " FAILURES ", ""],
    ...["a => ./a_test.ts:1:6", "c => d ... inner => ./a_test.ts:2:44"],
    ...["./c_test.ts (uncaught error)", "", "FAILED | 1 passed | 3 failed (1ms)"],
  ].join("\n");
  deepStrictEqual(failuresOf(output), [
    { title: "a => ./a_test.ts:1:6", text: "error: Error: one\n\ntwo" },
    { title: "c => d ... inner => ./a_test.ts:2:44", text: "error: Error: three" },
    { title: "./c_test.ts (uncaught error)", text: "error: load" },
  ]);
  deepStrictEqual(failuresOf("ok | 3 passed | 0 failed (8s)"), []);
});

Deno.test("failureReport() cuts one long failure, and many", () => {
  const failure = (lineCount: number) => ({
    title: "t",
    text: Array(lineCount).fill("x").join("\n"),
  });
  const lineCount = (...failures: { title: string; text: string }[]) =>
    failureReport(failures).split("\n").filter((line) => line !== "").length;
  const heading = 1;
  strictEqual(failureReport([]), "");
  strictEqual(lineCount(failure(FAILURE_LINES_MAX - 2)), heading + FAILURE_LINES_MAX - 1);
  strictEqual(lineCount(failure(FAILURE_LINES_MAX - 1)), heading + FAILURE_LINES_MAX);
  strictEqual(lineCount(failure(FAILURE_LINES_MAX)), heading + FAILURE_LINES_MAX);
  match(failureReport([failure(FAILURE_LINES_MAX)]), /… 2 more lines of this one/);
  const report = failureReport(Array(9).fill(failure(FAILURE_LINES_MAX)));
  ok(report.split("\n").length <= REPORT_LINES_MAX + 4, "in all");
  match(report, /… \d+ more lines in the log above$/);
});

Deno.test("deno task test repeats at its end what failed", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/a_test.ts`;
  await Deno.writeTextFile(path, 'Deno.test("sums", () => { throw new Error("2 + 2 is 5"); });');
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("./run_tests.ts", import.meta.url).pathname, path],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).output();
  const [, report] = new TextDecoder().decode(stdout).split("\nFailed:\n");
  match(report, /^\nsums => .*a_test\.ts:1:6\n {4}error: Error: 2 \+ 2 is 5\n/);
  ok(report.endsWith("\n0 passed, 1 failed\n"));
  await Deno.remove(folder, { recursive: true });
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

Deno.test("companyOf() looks for the words in the first comment only", () => {
  strictEqual(companyOf("/** Files. Judges no real time. */\nimport a;"), "patient");
  strictEqual(companyOf("/**\n * Files.\n * Judges no real time.\n */\n"), "patient");
  strictEqual(companyOf("/**\n * Judges no real\n * time. Mostly waits.\n */\n"), "much");
  strictEqual(companyOf("/** Rooms. Judges real time by the second. */\n"), "roomy");
  strictEqual(companyOf("/** Files. */\nconst a = 'Judges no real time.';"), "none");
  strictEqual(companyOf("\n".repeat(9) + "// Judges no real time."), "none");
});

Deno.test("inTurns() has so many under way at once, and gives results in order", async () => {
  let [running, most] = [0, 0];
  const results = await inTurns([5, 1, 4, 2, 3], 2, async (item) => {
    most = Math.max(most, ++running);
    for (let turn = 0; turn < item; turn++) await Promise.resolve();
    running--;
    return item * 10;
  });
  deepStrictEqual([results, most], [[50, 10, 40, 20, 30], 2]);
});

Deno.test("checkedIn() waits for a verdict, and takes any but ok for a fault", async () => {
  const path = await Deno.makeTempFile();
  try {
    strictEqual(await checkedIn(undefined), undefined);
    const coming = checkedIn(path);
    await Deno.writeTextFile(path, "ok\n");
    strictEqual(await coming, undefined);
    await Deno.writeTextFile(path, " task check; fmt --check;\n");
    strictEqual((await checkedIn(path))?.text, "task check; fmt --check;");
    await Deno.remove(path);
    match((await checkedIn(path, 0))!.text, /^Cannot wait for .*: over 0 ms$/);
  } finally {
    await Deno.remove(path).catch(() => {});
  }
});
