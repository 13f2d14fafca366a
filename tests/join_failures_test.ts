/**
 * Every way of not getting into a meeting, at the real client: its sentence, its next step, its exit code.
 * Judges no real time.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { ControlConnection, TlsListener } from "@fusionmeet/net";
import { type ClientMessage, fingerprintWords, readClientMessage } from "@fusionmeet/protocol";
import type { ServerMessage } from "@fusionmeet/protocol";
import { loadServerIdentity } from "@fusionmeet/store";
import { Program, type ProgramEvent, startServer, taskArguments } from "./support/programs.ts";
import { TemporaryDirectory } from "./support/wait.ts";

/** What a client that did not get in said. */
interface Ending {
  readonly code: number;
  /** Its last JSON event. */
  readonly event: ProgramEvent | undefined;
  /** What it wrote to stderr: the sentence and the next step. */
  readonly said: string;
}

/** Runs a client to its end, which is soon: it does not get in. */
async function join(
  args: string[],
  options: { data?: string; env?: Record<string, string> } = {},
): Promise<Ending> {
  await using directory = new TemporaryDirectory();
  await using client = new Program("a client", {
    args: [
      ...taskArguments("client"),
      ...["--headless", "--json", "--data", options.data ?? directory.path],
      ...args,
    ],
    env: options.env,
  });
  const { code } = await client.exit(20_000);
  return { code, event: client.events.at(-1), said: client.errorText };
}

/** Two lines for people: what happened, and what to do. */
function saysBoth({ event, said }: Ending): void {
  strictEqual(said, `${event?.message}.\n${event?.advice}.\n`);
}

const at = (
  port: number,
  ...args: string[]
) => ["--server", `127.0.0.1:${port}`, "--name", "Ada", ...args];

Deno.test("A client that does not reach a server says how, and ends with 3", async () => {
  using free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port: closedPort } = free.addr;
  free.close();
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using web = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of web) {
      await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
      connection.close();
    }
  })();
  const endings = await Promise.all([
    join(["--server", "no-such-host.invalid", "--name", "Ada"]),
    join(at(closedPort)),
    join(at(silent.addr.port)),
    join(at(web.addr.port)),
  ]);
  web.close();
  await serving;
  deepStrictEqual(endings.map(({ code, event }) => `${code} ${event?.event} ${event?.code}`), [
    "3 unreachable no-such-host",
    "3 unreachable connection-refused",
    "3 unreachable timed-out",
    "3 unreachable not-a-server",
  ]);
  endings.forEach(saysBoth);
});

Deno.test("A client that the server refuses says why, and ends with 4", async () => {
  await using data = new TemporaryDirectory();
  await using server = await startServer({
    data: data.path,
    args: ["--pin", "4242", "--max-participants", "1"],
  });
  const trusting = at(server.port, "--fingerprint", server.fingerprint);
  const [needed, wrong, bad, unknown] = await Promise.all([
    join(trusting),
    join([...trusting, "--pin", "1"]),
    join([...trusting.slice(0, 2), "--name", " \u202e ", ...trusting.slice(4)]),
    join(at(server.port, "--pin", "4242")),
  ]);
  const pinFile = data.file("pin.txt");
  Deno.writeTextFileSync(pinFile, "4242\n");
  await using seated = new Program("Ada", {
    args: [
      ...taskArguments("client"),
      ...["--headless", "--json", "--data", data.file("ada"), "--pin-file", pinFile],
      ...trusting,
    ],
  });
  await seated.waitFor("joined");
  const [taken, full, elsewhere] = await Promise.all([
    join([...trusting, "--pin", "4242"]),
    join(
      [...at(server.port, "--pin", "4242", "--fingerprint", "trust"), "--name=Bob"].toSpliced(2, 2),
    ),
    join([...trusting, "--pin", "4242", "--room", "x".repeat(65)]),
  ]);
  const endings = [needed, wrong, bad, unknown, taken, full, elsewhere];
  deepStrictEqual(endings.map(({ code, event }) => `${code} ${event?.event} ${event?.code}`), [
    "4 refused pin-needed",
    "4 refused pin-wrong",
    "4 refused name-bad",
    "4 refused key-unknown",
    "4 refused name-taken",
    "4 refused full",
    "4 refused room-bad",
  ]);
  endings.forEach(saysBoth);
  ok(unknown.said.includes(fingerprintWords(server.fingerprint).join(" ")));
  ok(unknown.said.includes(`--fingerprint ${server.fingerprint}`));
});

Deno.test("A client and a server of different versions say both, and the client ends with 4", async () => {
  await using data = new TemporaryDirectory();
  const { certificate, privateKey } = await loadServerIdentity(data.path, ["127.0.0.1"]);
  using listener = new TlsListener({ hostname: "127.0.0.1", port: 0, certificate, privateKey });
  const serving = (async () => {
    for await (const { stream } of listener.connections()) {
      await stream.handshake();
      const connection = new ControlConnection<ClientMessage, ServerMessage>({
        stream,
        readMessage: readClientMessage,
      });
      const message = "This server speaks version 9";
      for await (const { type } of connection.messages()) {
        if (type !== "hello") continue;
        connection.send({ type: "refused", code: "version", message, version: 9 });
        await connection.close();
      }
    }
  })();
  const ending = await join(at(listener.port, "--fingerprint", "trust"));
  listener.close();
  await serving;
  strictEqual(`${ending.code} ${ending.event?.code}`, "4 version");
  ok(/version 1 .* version 9\.\n/.test(ending.said), ending.said);
  ok(/Update this program/.test(ending.said));
  saysBoth(ending);
});

Deno.test("A client refuses a server whose key has changed, shows both keys, and ends with 5", async () => {
  await using first = new TemporaryDirectory();
  await using second = new TemporaryDirectory();
  await using client = new TemporaryDirectory();
  let port: number;
  let known: string;
  {
    await using server = await startServer({ data: first.path });
    ({ port, fingerprint: known } = server);
    await using seated = new Program("Ada", {
      args: [
        ...taskArguments("client"),
        ...["--headless", "--json", "--data", client.path],
        ...at(port, "--fingerprint", "trust"),
      ],
    });
    await seated.waitFor("joined");
    await seated.send({ do: "leave" });
    strictEqual((await seated.exit()).code, 0);
    await server.stop();
  }
  await using other = await startServer({ data: second.path, args: ["--port", String(port)] });
  const endings = await Promise.all([
    join(at(port), { data: client.path }),
    join(at(port, "--fingerprint", "trust"), { data: client.path }),
    join(at(port, "--fingerprint", other.fingerprint), { data: client.path }),
    join(at(port, "--fingerprint", known)),
  ]);
  deepStrictEqual(endings.map(({ code, event }) => `${code} ${event?.event} ${event?.code}`), [
    "5 key.changed key-changed",
    "5 key.changed key-changed",
    "5 key.changed key-changed",
    "5 key.changed key-not-as-given",
  ]);
  for (const ending of endings) {
    saysBoth(ending);
    for (const fingerprint of [known, other.fingerprint]) {
      ok(ending.said.includes(fingerprint), "both as hex");
      ok(ending.said.includes(fingerprintWords(fingerprint).join(" ")), "both as words");
    }
  }
});

Deno.test("A client that is started wrongly says how it should be, and ends with 2", async () => {
  const file = await Deno.makeTempFile();
  const endings = await Promise.all([
    join(["--shiny"]),
    join(["--server", "127.0.0.1"]),
    join(at(1, "--screen", "window")),
    join(at(1, "--record", file)),
    join(at(1), { env: { FUSIONMEET_CLIENT_SECONDS: "soon" } }),
  ]);
  await Deno.remove(file);
  deepStrictEqual(endings.map(({ code }) => code), [2, 2, 2, 2, 2]);
  const said = [/--shiny/, /--name/, /window: needs the window/, /Cannot record to/, /--seconds/];
  endings.forEach((ending, index) => ok(said[index].test(ending.said), ending.said));
});
