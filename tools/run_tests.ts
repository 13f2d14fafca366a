/**
 * `deno task test [FILE…]`: all tests, `deno task test:fast`: those beside the code. The last line is
 * `N passed, N failed`; the exit code follows it. A skipped test counts as failed, and so does a run of none.
 * Before it every failure is repeated, for whoever sees only the end of a long log.
 *
 * Tests beside the code run in parallel, so they must not judge real time. Those in tests/ run one after the other
 * on an otherwise quiet machine: they start real programs and measure them. Of these, files that say "Judges no real
 * time." in their first lines run before, two at a time (with three a page takes too long to find out what it can
 * show), and with "Mostly waits." behind it already beside the tests beside the code. Files that say "Judges real time
 * by the second." (their limits are seconds, and they leave most of the machine alone) run two at a time as well, but
 * beside nothing else. All run with every permission: they start processes, open sockets and read /proc.
 *
 * With CHECKED_IN=FILE in the environment something else is still checked meanwhile, which takes about a core. FILE then
 * says `ok` or what is wrong: only after an `ok` there is a quiet machine, and what judges real time runs.
 */

import { stripVTControlCharacters } from "node:util";

/** What one `deno test` counted. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** A test that failed, or a run that did. */
export interface Failure {
  /** `NAME => FILE:LINE:COLUMN`, as `deno test` writes it. */
  readonly title: string;
  /** What was thrown. */
  readonly text: string;
}

/** What one run of `deno test` gave. */
interface Run extends Counts {
  readonly failures: readonly Failure[];
}

/** Lines that are repeated at the end: of one failure, and in all. */
export const FAILURE_LINES_MAX = 40;
export const REPORT_LINES_MAX = 200;

/** Longest time for the tests beside the code, and for each file in tests/. */
const FAST_TIMEOUT_MS = 6 * 60_000;
const FILE_TIMEOUT_MS = 6 * 60_000;
/** Longest time for what is checked beside the tests, from the first of them on, and how often it is looked for. */
const CHECKED_TIMEOUT_MS = 8 * 60_000;
const CHECKED_EVERY_MS = 200;

/**
 * Reads the closing line of `deno test`. No such line (a file that does not compile, a killed run) is one failure;
 * ignored and filtered tests are failures; so is a failing exit that counted none.
 */
export function countsOf(output: string, exitCode: number): Counts {
  const closing = [
    ...stripVTControlCharacters(output).matchAll(
      /^(?:ok|FAILED) \| (\d+) passed\b.*? \| (\d+) failed\b(.*)$/gm,
    ),
  ].at(-1);
  if (!closing) return { passed: 0, failed: 1 };
  const ignored = Number(/(\d+) ignored/.exec(closing[3])?.[1] ?? 0);
  const filtered = Number(/(\d+) filtered out/.exec(closing[3])?.[1] ?? 0);
  const [passed, failed] = [Number(closing[1]), Number(closing[2]) + ignored + filtered];
  const nothingSaid = failed === 0 && (exitCode !== 0 || passed === 0);
  return { passed, failed: nothingSaid ? 1 : failed };
}

/** Reads what `deno test` repeats at its end: each failed test under its title, the titles once more as a list. */
export function failuresOf(output: string): Failure[] {
  const plain = stripVTControlCharacters(output);
  const [errors, titles] = [plain.lastIndexOf("\n ERRORS "), plain.lastIndexOf("\n FAILURES ")];
  if (errors < 0 || titles < errors) return [];
  const lines = plain.slice(errors, titles).split("\n").slice(2);
  const list = plain.slice(titles).split("\n").slice(3);
  const failures: { title: string; text: string[] }[] = [];
  for (const line of lines) {
    if (line === list[failures.length] && line !== "") failures.push({ title: line, text: [] });
    else failures.at(-1)?.text.push(line);
  }
  return failures.map(({ title, text }) => ({ title, text: text.join("\n").trim() }));
}

/** All failures for the end of a log, each and all of them cut to a bearable length; "" without any. */
export function failureReport(failures: readonly Failure[]): string {
  if (failures.length === 0) return "";
  const lines = failures.flatMap(({ title, text }) => {
    const all = [title, ...text.split("\n").map((line) => `    ${line}`)];
    return [...cut(all, FAILURE_LINES_MAX, "more lines of this one"), ""];
  });
  return ["", "Failed:", "", ...cut(lines, REPORT_LINES_MAX, "more lines in the log above")]
    .join("\n");
}

function cut(lines: readonly string[], linesMax: number, rest: string): string[] {
  if (lines.length <= linesMax) return [...lines];
  return [...lines.slice(0, linesMax - 1), `    … ${lines.length - linesMax + 1} ${rest}`];
}

/** Where a stream of a child goes. */
interface Sink {
  writeSync(bytes: Uint8Array): number;
}

/** Passes a stream of a child on. @returns what it said. */
async function pass(from: ReadableStream<Uint8Array>, to: Sink): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of from) {
    writeAll(to, bytes);
    text += decoder.decode(bytes, { stream: true });
  }
  return text;
}

function writeAll(to: Sink, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
}

/** Keeps what is said until its end, so that what runs side by side is read one after the other. */
class Held implements Sink {
  readonly #parts: Uint8Array[] = [];

  writeSync(bytes: Uint8Array): number {
    this.#parts.push(bytes.slice());
    return bytes.length;
  }

  release(to: Sink): void {
    for (const bytes of this.#parts.splice(0)) writeAll(to, bytes);
  }
}

async function runTests(
  paths: string[],
  options: { parallel: boolean; timeoutMs: number; hold?: boolean },
): Promise<Run> {
  const startMs = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", ...(options.parallel ? ["--parallel"] : []), ...paths],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, options.timeoutMs);
  const held = options.hold ? new Held() : undefined;
  const [output, problems] = await Promise.all([
    pass(child.stdout, held ?? Deno.stdout),
    pass(child.stderr, held ?? Deno.stderr),
  ]);
  const { code } = await child.status;
  clearTimeout(timer);
  held?.release(Deno.stdout);
  const name = paths.length === 1 ? paths[0] : "the tests beside the code";
  console.log(`${name}: ${((performance.now() - startMs) / 1_000).toFixed(1)} s\n`);
  const timeout = `Cannot finish ${name}: over ${options.timeoutMs} ms`;
  if (timedOut) console.error(timeout);
  const counts = countsOf(output, code);
  const failed = counts.failed + (timedOut ? 1 : 0);
  const failures = failuresOf(output);
  if (failed <= failures.length) return { ...counts, failed, failures };
  const title = `${failed - failures.length} in ${name} that no test threw (exit code ${code})`;
  const text = endingOf(output, problems) + (timedOut ? `\n${timeout}` : "");
  return { ...counts, failed, failures: [...failures, { title, text }] };
}

/** What tells most of a failure without a test (a file that does not compile, a killed run, a skipped test). */
function endingOf(output: string, problems: string): string {
  const lines = stripVTControlCharacters(output.split(/\n\S* ERRORS /)[0]).trimEnd().split("\n");
  const skipped = lines.filter((line) => / \.\.\. ignored/.test(line));
  const said = stripVTControlCharacters(problems).trimEnd().split("\n");
  return [
    ...(skipped.length > 0 ? skipped : lines.slice(-FAILURE_LINES_MAX / 2)),
    ...said.slice(-10),
  ]
    .join("\n").trim();
}

function* testFiles(folder: string): Generator<string> {
  for (const entry of [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* testFiles(path);
    else if (/_test\.tsx?$/.test(entry.name)) yield path;
  }
}

/**
 * What may run beside a file in tests/: much, the tests beside the code even, another one as patient, one that judges by
 * the second as well, or nothing.
 */
export type Company = "much" | "patient" | "roomy" | "none";

/** What a file says of that in its first lines. */
const WORDS: readonly (readonly [string, Company])[] = [
  ["Judges no real time. Mostly waits.", "much"],
  ["Judges no real time.", "patient"],
  ["Judges real time by the second.", "roomy"],
];
const AT_ONCE = 2;
const FIRST_LINES = 8;
/** Take longest, in this order: last, they would run alone. */
const BEGIN_FIRST = [
  ...["window_axe", "window_page", "executables", "bundle", "files", "window_child"],
  ...["window_layout", "window_share", "window_files"],
  ...["discovery", "lan_meeting", "network_cut"],
];

/** What may run beside a file of tests, by its text. */
export function companyOf(text: string): Company {
  const comment = text.split("\n", FIRST_LINES).filter((line) => /^\s*(\/?\*|\/\/)/.test(line));
  const said = comment.map((line) => line.replace(/^\s*(\/?\*+|\/\/)\s*/, "")).join(" ");
  return WORDS.find(([words]) => said.includes(words))?.[1] ?? "none";
}

/** The longest first, then by name. */
function longestFirst(paths: readonly string[]): string[] {
  const rank = (path: string) => {
    const at = BEGIN_FIRST.findIndex((name) => path === `tests/${name}_test.ts`);
    return at < 0 ? BEGIN_FIRST.length : at;
  };
  return paths.toSorted((a, b) => rank(a) - rank(b));
}

/** Does the work of each item, `atOnce` at a time; results in their order. */
export async function inTurns<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** Waits for the end of what is checked beside. @returns what failed of it, or that nothing did. */
export async function checkedIn(
  path: string | undefined,
  timeoutMs: number = CHECKED_TIMEOUT_MS,
): Promise<Failure | undefined> {
  if (path === undefined) return undefined;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const said = (await Deno.readTextFile(path).catch(() => "")).trim();
    if (said === "ok") return undefined;
    const isLate = performance.now() > deadline;
    if (said !== "" || isLate) {
      const text = said || `Cannot wait for ${path}: over ${timeoutMs} ms`;
      return { title: "What was checked beside: nothing that judges real time ran", text };
    }
    await new Promise((resolve) => setTimeout(resolve, CHECKED_EVERY_MS));
  }
}

async function main(args: string[]): Promise<number> {
  const fastOnly = args.includes("--fast");
  const chosen = args.filter((arg) => arg !== "--fast");
  const files = chosen.length > 0
    ? chosen
    : ["lib", "server", "client", "tools", "tests"].flatMap((folder) => [...testFiles(folder)]);
  const isQuiet = (path: string) => /^tests\/(?!support\/)/.test(path);
  const fast = files.filter((path) => !isQuiet(path));
  const startMs = performance.now();
  const slow = fastOnly ? [] : files.filter(isQuiet);
  const company = new Map(slow.map((path) => [path, companyOf(Deno.readTextFileSync(path))]));
  const keeping = (kind: Company) =>
    longestFirst(slow.filter((path) => company.get(path) === kind));
  const run = (path: string, hold: boolean) =>
    runTests([path], { parallel: false, timeoutMs: FILE_TIMEOUT_MS, hold });
  const twoAtOnce = (kind: Company) => inTurns(keeping(kind), AT_ONCE, (path) => run(path, true));
  const runFast = () => runTests(fast, { parallel: true, timeoutMs: FAST_TIMEOUT_MS });

  const checked = checkedIn(Deno.env.get("CHECKED_IN"));
  const [patient, waiting] = await Promise.all([
    (async () => [...fast.length > 0 ? [await runFast()] : [], ...await twoAtOnce("patient")])(),
    // What is checked takes the place of one of these.
    checked.then(() => inTurns(keeping("much"), 1, (path) => run(path, true))),
  ]);
  const all: Run[] = [...patient, ...waiting];
  const fault = await checked;
  if (fault !== undefined) all.push({ passed: 0, failed: 1, failures: [fault] });
  else {
    all.push(...await twoAtOnce("roomy"));
    for (const path of keeping("none")) all.push(await run(path, false));
  }
  const passed = all.reduce((sum, each) => sum + each.passed, 0);
  const failed = all.reduce((sum, each) => sum + each.failed, all.length === 0 ? 1 : 0);
  console.log(failureReport(all.flatMap(({ failures }) => failures)));
  console.log(`\nAll in ${Math.round((performance.now() - startMs) / 1000)} s`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
