/**
 * The headless client from outside: commands in, events out, how it ends, and that it comes back as itself.
 * Judges real time by the second.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type ClientProgram, startClient, startServer, taskArguments } from "./support/programs.ts";
import { TemporaryDirectory, until } from "./support/wait.ts";

Deno.test("docs/CLIENT.md has the text of --help", async () => {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: [...taskArguments("client"), "--help"],
  }).output();
  const page = Deno.readTextFileSync(new URL("../docs/CLIENT.md", import.meta.url));
  ok(success && page.includes(new TextDecoder().decode(stdout)), "the page has an older text");
});

/** The `state`s and sources of somebody, as `client` was told, newest last. */
function seen(client: ClientProgram, name: string): string[] {
  return client.events.filter((event) => event.event === "participant" && event.name === name)
    .map(({ state, microphone, camera, reason }) =>
      `${reason ?? state}${microphone ? " mic" : ""}${camera ? " camera" : ""}`
    );
}

async function chats(client: ClientProgram, text: string): Promise<number> {
  const { id } = await client.waitFor((event) => event.event === "chat" && event.text === text, {
    what: text,
  });
  return id;
}

Deno.test("The headless client obeys standard input, says what it cannot do, and leaves with 0", async () => {
  await using data = new TemporaryDirectory();
  await using server = await startServer({ data: data.path });
  await using ada = await startClient({
    name: "Ada",
    server,
    mic: "silence",
    args: ["--chat", "one", "--chat", "two"],
  });
  await using bob = await startClient({ name: "Bob", server });
  deepStrictEqual([await chats(bob, "one"), await chats(bob, "two")], [1, 2]);

  await ada.send({ do: "mic", on: false });
  await bob.waitFor((event) => event.name === "Ada" && event.microphone === false);
  await ada.send({ do: "mic", on: true });
  await ada.send({ do: "camera", on: true });
  const noCamera = await ada.waitFor("refused");
  deepStrictEqual([noCamera.request, noCamera.code], ["camera", "no-source"]);
  await ada.send({ do: "volume", participant: "Bob" });
  const later = await ada.waitFor((event) => event.code === "not-yet");
  deepStrictEqual([later.event, later.request], ["refused", "volume"]);
  await ada.send({ dance: true });
  ok(/write \{"do":/.test((await ada.waitFor("error")).message));
  await ada.send({ do: "watch", participant: "Nobody", layer: "high" });
  strictEqual((await ada.waitFor((event) => event.code === "no-such-person")).request, "watch");
  await ada.send({ do: "chat", text: "three" });
  strictEqual(await chats(bob, "three"), 3);
  const accepted = await ada.waitFor((event) =>
    event.event === "chat.accepted" && event.text === "three"
  );
  strictEqual(accepted.id, 3);

  await ada.send({ do: "chat", text: "bye" });
  await ada.send({ do: "leave" });
  strictEqual((await ada.exit()).code, 0);
  const { reason, exit } = ada.events.at(-1)!;
  deepStrictEqual([ada.events.at(-1)!.event, reason, exit], ["left", "asked", 0]);
  strictEqual(await chats(bob, "bye"), 4);
  await bob.waitFor((event) => event.name === "Ada" && event.state === "left");
  deepStrictEqual(seen(bob, "Ada"), ["here mic", "here", "here mic", "left mic"]);
  deepStrictEqual(ada.events.filter(({ at }) => !(Math.abs(at - Date.now()) < 600_000)), []);
});

Deno.test("The headless client outlives its standard input, and leaves in order on a signal or after --seconds", async () => {
  await using data = new TemporaryDirectory();
  await using server = await startServer({ data: data.path });
  await using bob = await startClient({ name: "Bob", server });
  await using timed = await startClient({ name: "Tim", server, args: ["--seconds", "1"] });
  await using ada = await startClient({ name: "Ada", server });
  await ada.closeInput();
  strictEqual((await timed.exit()).code, 0);
  strictEqual(timed.events.at(-1)!.reason, "time");
  strictEqual(ada.status, undefined);
  for (const [client, signal] of [[ada, "SIGTERM"], [bob, "SIGINT"]] as const) {
    const sentMs = performance.now();
    strictEqual((await client.stop(signal)).code, 0);
    ok(performance.now() - sentMs < 2_000, `${client.what} took long`);
    strictEqual(client.events.at(-1)!.reason, "signal");
  }
  const left = bob.events.filter(({ state }) => state === "left");
  deepStrictEqual(left.map(({ name, reason }) => `${name} ${reason}`), ["Tim left", "Ada left"]);
});

Deno.test("A client that was killed comes back as itself; a second one of that name does not take its seat", async () => {
  await using data = new TemporaryDirectory();
  await using server = await startServer({ data: data.path });
  await using bob = await startClient({ name: "Bob", server });
  const options = { name: "Ada", server, data: data.file("ada") };
  await using ada = await startClient(options);
  await using twin = await startClient(options).catch((thrown: Error) => ({
    said: thrown.message,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }));
  ok("said" in twin && twin.said.includes("name-taken"), "the second Ada is refused");
  strictEqual(ada.status, undefined, "the first one stays");

  await ada.send({ do: "chat", text: "before" });
  await ada.waitFor("chat.accepted");
  await ada.kill();
  await using again = await startClient(options);
  strictEqual(again.joined.resumed, true);
  strictEqual(again.joined.participant, ada.joined.participant);
  strictEqual(await chats(again, "before"), 1);
  await bob.waitFor((event) => event.name === "Ada" && event.state === "here", {
    after: bob.events.findIndex(({ name, state }) => name === "Ada" && state === "away"),
  });
  deepStrictEqual(seen(bob, "Ada").filter((state) => state === "left"), []);
  strictEqual((await again.stop()).code, 0);
});

Deno.test("Clients come back to a server that was killed, and no line is lost or doubled", async () => {
  await using data = new TemporaryDirectory();
  const args = ["--port", "0"];
  let server = await startServer({ data: data.path, args });
  const { port, mediaPort } = server;
  await using ada = await startClient({ name: "Ada", server });
  await using bob = await startClient({ name: "Bob", server });
  await ada.send({ do: "chat", text: "line 0" });
  await chats(bob, "line 0");
  await server.kill();
  await ada.waitFor("reconnecting");
  for (let count = 1; count <= 5; count++) await ada.send({ do: "chat", text: `line ${count}` });
  server = await startServer({
    data: data.path,
    args: ["--port", String(port), "--media-port", String(mediaPort)],
  });
  try {
    const { resumed } = await ada.waitFor("reconnected");
    strictEqual(resumed, false);
    await chats(bob, "line 5");
    await until(
      "both to have all lines",
      () =>
        [ada, bob].every(({ events }) =>
          events.filter(({ event }) => event === "chat").length >= 6
        ),
    );
    for (const client of [ada, bob]) {
      const lines = client.events.filter(({ event }) => event === "chat");
      deepStrictEqual(
        lines.map(({ id, text }) => `${id} ${text}`),
        [0, 1, 2, 3, 4, 5].map((count) => `${count + 1} line ${count}`),
      );
    }
  } finally {
    await server.stop();
  }
  await ada.waitFor((event) => event.code === "server-closing");
  strictEqual((await ada.stop()).code, 0);
});
