/**
 * Files between real programs: shared, fetched, and never half, whatever is killed meanwhile.
 * Judges no real time.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { seededRandom } from "@fusionmeet/base";
import {
  type ClientProgram,
  launchClient,
  type ServerProgram,
  startClient,
  startServer,
} from "./support/programs.ts";
import { SmallDisk } from "./support/small_disk.ts";
import { testSeed } from "./support/seed.ts";
import { TemporaryDirectory, until } from "./support/wait.ts";

const MEBIBYTE = 1 << 20;

function writeFile(path: string, size: number, seed: number): string {
  const bytes = seededRandom(seed).fill(new Uint8Array(size));
  Deno.writeFileSync(path, bytes);
  return createHash("sha256").update(bytes).digest("hex");
}

function writeText(path: string, text: string): string {
  Deno.writeTextFileSync(path, text);
  return hashOf(path);
}

function hashOf(path: string): string {
  return createHash("sha256").update(Deno.readFileSync(path)).digest("hex");
}

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
}

const transferIs = (state: string, name: string) => (event: Record<string, unknown>) =>
  event.event === "transfer" && event.state === state && event.name === name;

Deno.test("Files of one client are on the server and at the others, as they were", async () => {
  await using directory = new TemporaryDirectory();
  await Deno.mkdir(directory.file("folder/below"), { recursive: true });
  const hashes = {
    "report (final).pdf": writeFile(directory.file("report (final).pdf"), 3 * MEBIBYTE + 7, 1),
    "empty.txt": writeFile(directory.file("folder/empty.txt"), 0, 2),
    "CON.txt": writeFile(directory.file("folder/below/CON.txt"), 5, 3),
    "holiday.jpg": writeText(directory.file("folder/holiday.jpg"), "#!/bin/sh\necho hello\n"),
  };
  await Deno.chmod(directory.file("folder/holiday.jpg"), 0o755);
  await using server = await startServer({ data: directory.file("server") });
  await using bob = launchClient({
    ...{ name: "Bob", server, record: directory.file("bob") },
    args: ["--fetch", "all"],
  });
  await bob.waitFor("joined");
  await using ada = launchClient({
    ...{ name: "Ada", server },
    args: ["--share", directory.file("report (final).pdf"), "--share", directory.file("folder")],
  });
  for (const name of Object.keys(hashes)) {
    await ada.waitFor(transferIs("done", name));
    await bob.waitFor(transferIs("done", name));
  }
  const stored = { ...hashes, "_CON.txt": hashes["CON.txt"] } as Record<string, string>;
  delete stored["CON.txt"];
  for (const folder of [directory.file("server/uploads/Main"), directory.file("bob/files")]) {
    deepStrictEqual(filesIn(folder), Object.keys(stored).toSorted());
    for (const name of filesIn(folder)) {
      strictEqual(hashOf(`${folder}/${name}`), stored[name]);
      strictEqual(Deno.statSync(`${folder}/${name}`).mode! & 0o111, 0, "nothing of it can be run");
    }
  }
  const marks = bob.events.filter(({ event }) => event === "file")
    .map(({ name, executable }) => [name, executable]);
  deepStrictEqual(Object.fromEntries(marks), {
    "report (final).pdf": false,
    "empty.txt": false,
    "CON.txt": false,
    "holiday.jpg": true,
  });

  // They outlive their owner, and a server that is started again.
  await ada.stop();
  const { port, mediaPort } = server;
  await server.kill();
  await using again = await startServer({
    data: directory.file("server"),
    args: ["--port", String(port), "--media-port", String(mediaPort)],
  });
  await using cyd = await startClient({
    ...{ name: "Cyd", server: again, record: directory.file("cyd") },
    args: ["--fetch", "empty.txt"],
  });
  await cyd.waitFor(transferIs("done", "empty.txt"));
  await cyd.send({ do: "fetch", name: "empty.txt" });
  await cyd.waitFor(({ path }) => path === directory.file("cyd/files/empty (2).txt"));
  deepStrictEqual(filesIn(directory.file("cyd/files")), ["empty (2).txt", "empty.txt"]);
  const twice = ["report (final).pdf", "report (final) (2).pdf"];
  for (const _ of twice) await cyd.send({ do: "fetch", name: "report (final).pdf" });
  for (const name of twice) {
    const path = directory.file(`cyd/files/${name}`);
    await cyd.waitFor((event) => event.path === path);
    strictEqual(hashOf(path), hashes["report (final).pdf"]);
  }

  // What is wrong is said in words, and what is not one's own stays.
  await cyd.send({ do: "delete", name: "empty.txt" });
  strictEqual((await cyd.waitFor("refused")).code, "not-yours");
  await cyd.send({ do: "share", path: directory.file("none.txt") });
  ok(/Cannot share .*none\.txt/.test(String(
    (await cyd.waitFor(({ code }) => code === "file-unreadable")).message,
  )));
  // A device has no end, and a folder without files gives nothing to do.
  await Deno.mkdir(directory.file("nothing"));
  for (const path of ["/dev/zero", directory.file("nothing")]) {
    await cyd.send({ do: "share", path });
    await cyd.waitFor(({ message }) => String(message).includes(`Cannot share ${path}: `));
  }
  // The same content again is there at once.
  await cyd.send({ do: "share", path: directory.file("report (final).pdf") });
  await cyd.waitFor(transferIs("done", "report (final).pdf"));
  strictEqual(filesIn(directory.file("server/uploads/Main")).length, 4);
});

Deno.test("Others see a file come, also while its sender is gone; one that does not fit is refused unread", async () => {
  await using directory = new TemporaryDirectory();
  const [big, huge] = [directory.file("big.bin"), directory.file("huge.bin")];
  const size = 100 * MEBIBYTE;
  for (const [path, bytes] of [[big, size], [huge, 300e6]] as const) {
    await Deno.writeFile(path, new Uint8Array());
    await Deno.truncate(path, bytes);
  }
  await using server = await startServer({
    data: directory.file("server"),
    args: ["--max-room-mb", "200"],
  });
  await using bob = launchClient({ name: "Bob", server });
  const launchAda = () => launchClient({ name: "Ada", server, data: directory.file("ada") });
  await using ada = launchAda();
  for (const client of [bob, ada]) await client.waitFor("joined");
  const before = bytesReadBy(ada);
  await ada.send({ do: "share", path: huge });
  const { message } = await ada.waitFor(transferIs("failed", "huge.bin"));
  strictEqual(
    message,
    "huge.bin: The file has 300 MB; this room may have 200 MB of files and has 200 MB left: delete some",
  );
  ok(bytesReadBy(ada) - before < 10e6, `${bytesReadBy(ada) - before} bytes were read`);

  const isComing = (state: string) => (event: Record<string, unknown>) =>
    event.event === "file.coming" && event.state === state && event.name === "big.bin";
  await ada.send({ do: "share", path: big });
  await ada.waitFor(transferIs("moving", "big.bin"));
  ada.signal("SIGSTOP");
  ok(bytesReadBy(ada) - before >= size, "reading is counted");
  const { id, from, size: whole, bytes } = await bob.waitFor(isComing("moving"));
  deepStrictEqual([from, whole], ["Ada", size]);
  ok(bytes < size, `${bytes} are there`);
  await ada.kill();
  await bob.waitFor(isComing("paused"));
  await using again = launchAda();
  await again.waitFor("joined");
  await again.send({ do: "share", path: big });
  const there = await bob.waitFor(({ event, name }) => event === "file" && name === "big.bin");
  strictEqual(there.id, id);
  strictEqual(again.events.some(({ event }) => event === "file.coming"), false, "it is her own");
});

/** Bytes that a program has read, from files or the network. */
function bytesReadBy({ pid }: ClientProgram): number {
  return Number(/^rchar: (\d+)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/io`))![1]);
}

Deno.test("A full disk at the server or at who fetches ends a transfer in words, and leaves nothing of it", async () => {
  await using directory = new TemporaryDirectory();
  await Deno.mkdir(directory.file("server"));
  await using uploads = await SmallDisk.mount(directory.file("server/uploads"), 6 * MEBIBYTE);
  await using fetched = await SmallDisk.mount(directory.file("bob/files"), 2 * MEBIBYTE);
  const [large, small] = [directory.file("large.bin"), directory.file("small.bin")];
  writeFile(large, 8 * MEBIBYTE, 1);
  const hash = writeFile(small, 4 * MEBIBYTE, 2);
  await using server = await startServer({ data: directory.file("server") });
  await using ada = await startClient({ name: "Ada", server });
  await ada.send({ do: "share", path: large });
  const refused = await ada.waitFor(transferIs("failed", "large.bin"));
  strictEqual(
    refused.message,
    "large.bin: The server's disk is full: ask whoever runs the server to make room",
  );
  deepStrictEqual(filesIn(`${uploads.path}/Main`), []);
  await ada.send({ do: "share", path: small });
  await ada.waitFor(transferIs("done", "small.bin"));

  await using bob = await startClient({
    ...{ name: "Bob", server, record: directory.file("bob") },
    args: ["--fetch", "all"],
  });
  const full = await bob.waitFor(transferIs("failed", "small.bin"));
  strictEqual(full.message, "small.bin: There is no space left on the disk");
  deepStrictEqual(filesIn(fetched.path), []);
  await fetched.resize(6 * MEBIBYTE);
  await bob.send({ do: "fetch", name: "small.bin" });
  const { path } = await bob.waitFor(transferIs("done", "small.bin"));
  strictEqual(hashOf(path), hash);
});

Deno.test("A file that becomes shorter or changes while it is sent fails in words, and nobody gets it", async () => {
  await using directory = new TemporaryDirectory();
  await using server = await startServer({ data: directory.file("server") });
  await using ada = await startClient({ name: "Ada", server });
  const paths = ["shorter.bin", "other.bin"].map(directory.file, directory);
  paths.forEach((path, seed) => writeFile(path, 16 * MEBIBYTE, seed));
  for (const path of paths) {
    const name = basename(path);
    await ada.send({ do: "share", path });
    await ada.waitFor(({ event, name: of, state, bytes }) =>
      event === "transfer" && of === name && state === "moving" && bytes > 0
    );
    // So that it is not all sent before: who does not take gets no more than a window.
    server.signal("SIGSTOP");
    if (name === "shorter.bin") await Deno.truncate(path, 1);
    else await Deno.writeFile(path, new Uint8Array(16 * MEBIBYTE));
    server.signal("SIGCONT");
    const { message } = await ada.waitFor(transferIs("failed", name));
    ok(/It (became shorter|was changed) while it was sent/.test(message), message);
  }
  const left = filesIn(directory.file("server/uploads/Main"));
  deepStrictEqual(left.filter((name) => !name.endsWith(".part")), []);
});

Deno.test("A file survives kills of sender, receiver and server, and is never half in a list", async () => {
  const random = seededRandom(testSeed("files"));
  await using directory = new TemporaryDirectory();
  const size = 50 * MEBIBYTE;
  const path = directory.file("big.bin");
  const hash = writeFile(path, size, 9);
  const target = directory.file("bob/files");
  let server: ServerProgram = await startServer({ data: directory.file("server") });
  const { port, mediaPort } = server;
  let [ada, bob]: (ClientProgram | undefined)[] = [];
  const startAda = () =>
    launchClient({
      ...{ name: "Ada", server, data: directory.file("ada") },
      args: ["--share", path],
    });
  const startBob = () =>
    launchClient({
      ...{ name: "Bob", server, data: directory.file("bob-data") },
      record: directory.file("bob"),
      args: ["--fetch", "big.bin"],
    });
  try {
    [ada, bob] = [startAda(), startBob()];
    let [kills, offset] = [0, 0];
    const part = `${directory.file("server/uploads/Main")}/big.bin.part`;
    // While it comes to the server…
    while (kills < 10) {
      const wanted = Math.min(size - 1, offset + Math.floor(random.fraction() * size / 8));
      await until(`${wanted} bytes`, () => sizeOf(part) >= wanted || isWhole(directory), {
        timeoutMs: 30_000,
        everyMs: 1,
      });
      if (isWhole(directory)) break;
      kills++;
      const before = sizeOf(part);
      if (random.fraction() < 0.5) {
        await ada.kill();
        ada = startAda();
      } else {
        await server.kill();
        server = await startServer({
          data: directory.file("server"),
          args: ["--port", String(port), "--media-port", String(mediaPort)],
        });
      }
      offset = sizeOf(part);
      ok(offset >= before || isWhole(directory), `${offset} of ${before} bytes are left`);
    }
    await until("the whole file on the server", () => isWhole(directory), { timeoutMs: 60_000 });
    strictEqual(hashOf(`${directory.file("server/uploads/Main")}/big.bin`), hash);
    // …and from there to who fetches it.
    while (kills < 20 && !filesIn(target).includes("big.bin")) {
      await until("more of it", () => {
        const [name] = [...filesIn(target)].filter((each) => each.endsWith(".part"));
        return name === undefined || random.fraction() < 0.05;
      }, { timeoutMs: 30_000, everyMs: 5 });
      if (filesIn(target).includes("big.bin")) break;
      kills++;
      if (random.fraction() < 0.7) {
        await bob.kill();
        bob = startBob();
        await bob.waitFor("joined", { timeoutMs: 30_000 });
      } else {
        await server.kill();
        server = await startServer({
          data: directory.file("server"),
          args: ["--port", String(port), "--media-port", String(mediaPort)],
        });
      }
    }
    await until("the file at Bob's", () => filesIn(target).includes("big.bin"), {
      timeoutMs: 60_000,
    });
    strictEqual(hashOf(`${target}/big.bin`), hash);
    deepStrictEqual(filesIn(target), ["big.bin"]);
    deepStrictEqual(filesIn(directory.file("server/uploads/Main")), ["big.bin"]);
    ok(kills >= 5, `${kills} kills`);
  } finally {
    for (const program of [ada, bob, server]) await program?.[Symbol.asyncDispose]();
  }
});

function isWhole(directory: TemporaryDirectory): boolean {
  return sizeOf(directory.file("server/uploads/Main/big.bin")) > 0;
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}
