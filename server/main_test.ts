import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { connectControl } from "@fusionmeet/net";
import { PROTOCOL_VERSION } from "@fusionmeet/protocol";
import { Program, ServerProgram, startServer, taskArguments } from "../tests/support/programs.ts";
import { TemporaryDirectory, until } from "../tests/support/wait.ts";

/** The server program with these arguments, without anything of ours. */
function run(...args: string[]): Program {
  return new Program("server", { args: [...taskArguments("server"), ...args] });
}

async function endOf(program: Program): Promise<{ code: number; words: string }> {
  await using running = program;
  const { code } = await running.exit();
  return { code, words: `${running.otherLines.join("\n")}${running.errorText}` };
}

/** What `use` makes of a server that runs meanwhile with that data folder. */
async function withServer<T>(data: string, use: (server: ServerProgram) => T): Promise<T> {
  await using server = await startServer({ data });
  return use(server);
}

async function join(server: ServerProgram, name: string) {
  const connection = await connectControl({
    hostname: "127.0.0.1",
    port: server.port,
    acceptKey: (fingerprint) => fingerprint === server.fingerprint,
  });
  connection.send({ type: "hello", version: PROTOCOL_VERSION, name, room: "Main" });
  const messages = connection.messages();
  const { value: first } = await messages.next();
  strictEqual(first?.type, "welcome");
  return { connection, messages };
}

Deno.test("fusionmeet-server: SIGTERM and Ctrl-C tell everybody and end within 2 s with code 0", async () => {
  await using folder = new TemporaryDirectory();
  let fingerprint: string | undefined;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await using server = await startServer({ data: folder.path });
    // The same key in every life.
    fingerprint ??= server.fingerprint;
    strictEqual(server.fingerprint, fingerprint);
    const people = [await join(server, "Ann"), await join(server, "Bob")];
    const told = people.map(async ({ messages }) => {
      const types: string[] = [];
      for await (const { type } of messages) types.push(type);
      return types.at(-1);
    });
    const start = performance.now();
    const { code } = await server.stop(signal);
    ok(performance.now() - start < 2_000, `${performance.now() - start} ms`);
    strictEqual(code, 0);
    deepStrictEqual(await Promise.all(told), ["closing", "closing"]);
    strictEqual(server.errorText, "");
  }
});

Deno.test("fusionmeet-server says what is in its way and ends with code 1", async () => {
  await using folder = new TemporaryDirectory();
  await using other = new TemporaryDirectory();
  await using server = await startServer({ data: folder.path });
  const common = ["--host", "127.0.0.1", "--json"];
  const same = run(...common, "--port", "0", "--media-port", "0", "--data", folder.path);
  const tcp = run(...common, "--port", `${server.port}`, "--media-port", "0", "--data", other.path);
  const sameEnd = await endOf(same);
  strictEqual(sameEnd.code, 1);
  match(sameEnd.words, /Cannot use the folder .*: another server uses it/);
  const tcpEnd = await endOf(tcp);
  strictEqual(tcpEnd.code, 1);
  match(
    tcpEnd.words,
    /Cannot listen on 127\.0\.0\.1:\d+ \(TCP\): another program uses it .*: --port N/,
  );
  const udpEnd = await endOf(
    run(...common, "--port", "0", "--media-port", `${server.mediaPort}`, "--data", other.path),
  );
  strictEqual(udpEnd.code, 1);
  match(
    udpEnd.words,
    /Cannot listen on 127\.0\.0\.1:\d+ \(UDP\): another program uses it .*: --media-port N/,
  );
  await Deno.writeTextFile(`${other.path}/server.key`, "damaged");
  const keyEnd = await endOf(
    run(...common, "--port", "0", "--media-port", "0", "--data", other.path),
  );
  strictEqual(keyEnd.code, 1);
  match(keyEnd.words, /Cannot use .*server\.key/);
});

Deno.test("fusionmeet-server does not start with the key of a folder that was copied from another computer", async () => {
  await using folder = new TemporaryDirectory();
  const fingerprint = await withServer(folder.path, (server) => server.fingerprint);
  const mark = folder.file("server.origin");
  const elsewhere = {
    file: { number: 1, madeMs: 1 },
    machine: { hardware: ["card"], installation: ["system"] },
  };
  await Deno.writeTextFile(mark, JSON.stringify(elsewhere));
  const start = () =>
    run("--host", "127.0.0.1", "--port", "0", "--media-port", "0", "--data", folder.path);
  const { code, words } = await endOf(start());
  strictEqual(code, 1);
  match(words, /Cannot use the key in .*: the folder was copied here from another computer/);
  match(words, /remove server\.key and server\.crt .* remove server\.origin instead/);
  // It was moved here.
  await Deno.remove(mark);
  strictEqual(await withServer(folder.path, (server) => server.fingerprint), fingerprint);
  // Or it is a second server.
  await Deno.writeTextFile(mark, JSON.stringify(elsewhere));
  for (const name of ["server.key", "server.crt"]) await Deno.remove(folder.file(name));
  ok(await withServer(folder.path, (server) => server.fingerprint) !== fingerprint);
  strictEqual(await withServer(folder.path, () => true), true);
});

Deno.test("fusionmeet-server: wrong usage ends with code 2, --help and --version with 0", async () => {
  const [wrong, help, version] = await Promise.all(
    [["--prot", "1"], ["--help"], ["--version"]].map((args) => endOf(run(...args))),
  );
  strictEqual(wrong.code, 2);
  match(wrong.words, /^fusionmeet-server: Unknown option --prot/);
  strictEqual(help.code, 0);
  match(help.words, /--media-port N/);
  strictEqual(version.code, 0);
  match(version.words, /^fusionmeet-server \d/);
});

Deno.test("fusionmeet-server without --json tells people how to join and never the PIN", async () => {
  await using folder = new TemporaryDirectory();
  await using server = run(
    ...["--host", "127.0.0.1", "--port", "0", "--media-port", "0", "--pin", "471147"],
    ...["--data", folder.path],
  );
  await until("the last line", () => server.otherLines.some((line) => line.startsWith("Stop it")));
  const words = server.otherLines.join("\n");
  match(words, /\n {2}127\.0\.0\.1:\d+\n/);
  match(words, /Fingerprint: [0-9a-f]{64}\n {2}in words: ([a-z]+ ){5}[a-z]+\n/);
  match(words, /A PIN is asked for/);
  strictEqual((await server.stop()).code, 0);
  strictEqual(`${words}${server.errorText}`.includes("471147"), false);
});
