/** A real server and real clients that know nothing of each other but a join link. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { fingerprintWords, formatJoinLink, parseJoinLink } from "@fusionmeet/protocol";
import { Program, startServer, taskArguments } from "./support/programs.ts";
import { TemporaryDirectory } from "./support/wait.ts";

/** A headless client that is told its name and a link, and nothing else. */
function follow(link: string, name: string, data: string): Program {
  return new Program(name, {
    args: [
      ...taskArguments("client"),
      link,
      "--headless",
      "--json",
      "--name",
      name,
      "--data",
      data,
    ],
  });
}

Deno.test("A link alone leads to the meeting: right server, room and key, at first contact", async () => {
  await using data = new TemporaryDirectory();
  await using server = await startServer({ data: data.path });
  const { link } = server.ready;
  deepStrictEqual(parseJoinLink(link), {
    hostname: "127.0.0.1",
    port: server.port,
    room: "Main",
    fingerprint: server.fingerprint,
  });
  const room = "Café/六 🎵";
  const invited = formatJoinLink({ ...parseJoinLink(link), room });
  await using ada = follow(invited, "Ada", data.file("ada"));
  await using bob = follow(invited, "Bob", data.file("bob"));
  const joined = await ada.waitFor("joined");
  deepStrictEqual([joined.room, joined.fingerprint], [room, server.fingerprint]);
  await bob.waitFor((event) => event.event === "participant" && event.name === "Ada");
  await ada.send({ do: "leave" });
  strictEqual((await ada.exit()).code, 0);
});

Deno.test("A link is no way to a server with another key, known or not, under the same address", async () => {
  await using data = new TemporaryDirectory();
  await using forged = await startServer({ data: data.file("forged") });
  const expected = "0f".repeat(32);
  const link = formatJoinLink({ ...parseJoinLink(forged.ready.link), fingerprint: expected });
  const ada = data.file("ada");
  await using first = follow(link, "Ada", ada);
  strictEqual((await first.exit()).code, 5);
  const { event, code, seen } = first.events.at(-1)!;
  deepStrictEqual([event, code, seen], ["key.changed", "key-not-as-given", forged.fingerprint]);
  for (const key of [expected, forged.fingerprint]) {
    ok(first.errorText.includes(fingerprintWords(key).join(" ")), first.errorText);
  }
  // The refusal has made nothing known: the next one without a link is asked to compare.
  await using second = new Program("Ada", {
    args: [
      ...taskArguments("client"),
      ...["--headless", "--json", "--name", "Ada", "--data", ada],
      ...["--server", `127.0.0.1:${forged.port}`],
    ],
  });
  strictEqual((await second.exit()).code, 4);
  strictEqual(second.events.at(-1)!.code, "key-unknown");
});
