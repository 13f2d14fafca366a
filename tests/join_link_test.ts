/** A real server and real clients that know nothing of each other but a join link. Judges no real time. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { isLoopback } from "@fusionmeet/net";
import { fingerprintWords, formatJoinLink, parseJoinLink } from "@fusionmeet/protocol";
import { Program, startServer, taskArguments } from "./support/programs.ts";
import { readQrLines } from "./support/qr_reader.ts";
import { TemporaryDirectory, until } from "./support/wait.ts";

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

Deno.test("The server's page leads to the meeting: the link that stands on it, with the words of the server's screen", async () => {
  await using data = new TemporaryDirectory();
  await using server = await startServer({ data: data.path, args: ["--server-name", "<Studio>"] });
  strictEqual(server.ready.page, `http://127.0.0.1:${server.port}/`);
  const response = await fetch(`${server.ready.page}${encodeURIComponent("Café/<b>")}`);
  const text = await response.text();
  strictEqual(response.status, 200);
  ok(response.headers.get("Content-Security-Policy")?.startsWith("default-src 'none'"));
  ok(!text.includes("<b>") && !text.includes("<Studio>") && text.includes("&#60;Studio&#62;"));
  for (const word of fingerprintWords(server.fingerprint)) ok(text.includes(`<li>${word}</li>`));
  const [, link] = /<code class="link">([^<]*)</.exec(text)!;
  await using ada = follow(link, "Ada", data.file("ada"));
  strictEqual((await ada.waitFor("joined")).room, "Café/<b>");
  // Beside the meeting of Ada, the same port goes on giving pages, one a connection.
  const pages = await Promise.all(Array.from({ length: 20 }, () => fetch(server.ready.page)));
  ok((await Promise.all(pages.map((page) => page.text()))).every((page) => page.includes("Main")));
  await ada.send({ do: "leave" });
  strictEqual((await ada.exit()).code, 0);
});

Deno.test("The server's terminal shows its links, and a code that leads a phone to its page", async () => {
  await using data = new TemporaryDirectory();
  await using server = new Program("the server", {
    args: [
      ...taskArguments("server"),
      ...["--port", "0", "--media-port", "0", "--data", data.path, "--announce", "off"],
    ],
  });
  await until("the last line", () => server.otherLines.some((line) => line.startsWith("Stop it")));
  const lines = server.otherLines;
  const links = lines.filter((line) => line.includes("fusionmeet://")).map(parseJoinLink);
  ok(links.length > 0 && links.every(({ room }) => room === "Main"), lines.join("\n"));
  const code = lines.filter((line) => /^[ █▀▄]{20,}$/.test(line));
  const [{ hostname, port }] = links;
  if (isLoopback(hostname)) {
    // A machine without a network: no phone can come, and none is asked to.
    strictEqual(code.length, 0);
  } else {
    const page = readQrLines(code);
    strictEqual(page, `http://${hostname}:${port}/`);
    ok(lines.some((line) => line.endsWith(page)), "the address stands above it");
    ok((await (await fetch(page)).text()).includes(formatJoinLink(links[0])));
  }
  strictEqual((await server.stop()).code, 0);
});
