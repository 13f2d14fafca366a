/**
 * `deno task test [FILE…]`: all tests, `deno task test:fast`: those beside the code. The last line is
 * `N passed, N failed`; the exit code follows it. A skipped test counts as failed, and so does a run of none.
 *
 * Tests beside the code run in parallel, so they must not judge real time. Those in tests/ run one after the other
 * on an otherwise quiet machine: they start real programs and measure them. All run with every permission: they
 * start processes, open sockets and read /proc.
 */

import { stripVTControlCharacters } from "node:util";

/** What one `deno test` counted. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** Longest time for the tests beside the code, and for each file in tests/. */
const FAST_TIMEOUT_MS = 4 * 60_000;
const FILE_TIMEOUT_MS = 6 * 60_000;

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

async function runTests(
  paths: string[],
  options: { parallel: boolean; timeoutMs: number },
): Promise<Counts> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", ...(options.parallel ? ["--parallel"] : []), ...paths],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, options.timeoutMs);
  let output = "";
  const decoder = new TextDecoder();
  for await (const bytes of child.stdout) {
    Deno.stdout.writeSync(bytes);
    output += decoder.decode(bytes, { stream: true });
  }
  const { code } = await child.status;
  clearTimeout(timer);
  if (timedOut) console.error(`Cannot finish ${paths.join(" ")}: over ${options.timeoutMs} ms`);
  const counts = countsOf(output, code);
  return timedOut ? { ...counts, failed: counts.failed + 1 } : counts;
}

function* testFiles(folder: string): Generator<string> {
  for (const entry of [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* testFiles(path);
    else if (/_test\.tsx?$/.test(entry.name)) yield path;
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
  const all: Counts[] = [];
  if (fast.length > 0) {
    all.push(await runTests(fast, { parallel: true, timeoutMs: FAST_TIMEOUT_MS }));
  }
  for (const path of fastOnly ? [] : files.filter(isQuiet)) {
    all.push(await runTests([path], { parallel: false, timeoutMs: FILE_TIMEOUT_MS }));
  }
  const passed = all.reduce((sum, each) => sum + each.passed, 0);
  const failed = all.reduce((sum, each) => sum + each.failed, all.length === 0 ? 1 : 0);
  console.log(`\nAll in ${Math.round((performance.now() - startMs) / 1000)} s`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
