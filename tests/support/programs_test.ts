import { match, ok, rejects, strictEqual } from "node:assert/strict";
import { childrenOf, isAlive, Program, usageOf } from "./programs.ts";
import { until } from "./wait.ts";

/** A program that prints what tests need and echoes its commands. */
const SOURCE = `
  console.log(JSON.stringify({ event: "ready", port: 7 }));
  console.log("no JSON");
  console.error("a word on stderr");
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  let text = "";
  read: for await (const piece of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (text + piece).split("\\n");
    text = lines.pop();
    for (const line of lines) {
      const command = JSON.parse(line);
      if (command.do === "leave") break read;
      console.log(JSON.stringify({ event: "did", ...command }));
    }
  }
  child.kill();
  Deno.exit(4);
`;

function program(): Program {
  const source = `data:application/javascript,${encodeURIComponent(SOURCE)}`;
  return new Program("the echo", { args: ["run", "-A", source] });
}

Deno.test("Program gives events, past and to come, takes commands and says how it ended", async () => {
  await using echo = program();
  strictEqual((await echo.waitFor("ready")).port, 7);
  strictEqual((await echo.waitFor(({ port }) => port === 7)).event, "ready");
  for (const text of ["a", "b"]) await echo.send({ do: "chat", text });
  strictEqual((await echo.waitFor(({ text }) => text === "b")).do, "chat");
  strictEqual((await echo.waitFor("did", { after: 1 })).text, "a");
  const usage = echo.usage();
  ok(usage.cpuMs > 0 && usage.residentBytes > 10 << 20, JSON.stringify(usage));
  strictEqual(usageOf(Deno.pid).residentBytes > 0, true);
  const [child, ...more] = echo.children();
  ok(isAlive(child) && more.length === 0 && childrenOf(child).length === 0);
  await echo.send({ do: "leave" });
  strictEqual((await echo.exit()).code, 4);
  ok(!isAlive(echo.pid));
});

Deno.test("Program.waitFor() fails with all that was seen, in time or as soon as the program ends", async () => {
  await using echo = program();
  await echo.waitFor("ready");
  // Each pipe has its own pace.
  await until("a word on stderr", () => echo.errorText !== "");
  const seen = /nothing[^]*5 ms passed[^]*"port":7[^]*no JSON[^]*a word on stderr/;
  await rejects(echo.waitFor("nothing", { timeoutMs: 5 }), (error: Error) => {
    match(error.message, seen);
    return true;
  });
  const never = rejects(echo.waitFor("nothing", { timeoutMs: 60_000 }), /ended with code 4/);
  await echo.send({ do: "leave" });
  await never;
});
