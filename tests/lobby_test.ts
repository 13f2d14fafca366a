/** Who has not joined asks a real server which rooms are open, as the join screen does. Judges no real time. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { PinStore } from "@fusionmeet/store";
import { JoinFailure } from "../client/failures.ts";
import { askLobby } from "../client/lobby.ts";
import { startClient, startServer } from "./support/programs.ts";
import { TemporaryDirectory } from "./support/wait.ts";

const PIN = "7391";
const OTHER_KEY = "cd".repeat(32);

Deno.test("A server says which rooms are open to who knows it and its PIN", async () => {
  await using folder = new TemporaryDirectory();
  await using server = await startServer({
    data: folder.file("server"),
    args: ["--pin", PIN, "--server-name", "Hall"],
  });
  await using _ann = await startClient({
    name: "Ann",
    room: "Garden",
    server,
    args: ["--pin", PIN],
  });
  const { port, fingerprint } = server;
  const pinsPath = folder.file("pins.json");
  const { signal } = new AbortController();
  const ask = async (pin?: string, given?: string) => {
    const pins = await PinStore.open(pinsPath);
    const trust = { pins, pinsPath, fingerprint: given };
    return await askLobby({ hostname: "127.0.0.1", port }, { trust, pin, signal });
  };
  const closed = {
    ...{ fingerprint, name: "Hall", version: 1 },
    ...{ needsPin: true, pinAccepted: undefined, rooms: [] },
  };
  deepStrictEqual(await ask(PIN), { ...closed, isKnown: false }, "the PIN was kept from it");
  deepStrictEqual(await ask(undefined, fingerprint), { ...closed, isKnown: true });
  deepStrictEqual(await ask("1", fingerprint), { ...closed, isKnown: true, pinAccepted: false });
  deepStrictEqual(await ask(PIN, fingerprint), {
    ...closed,
    isKnown: true,
    pinAccepted: true,
    rooms: [{ name: "Garden", people: 1 }],
  });
  await rejects(ask(PIN, OTHER_KEY), (thrown) => {
    ok(thrown instanceof JoinFailure);
    strictEqual(thrown.code, "key-not-as-given");
    return true;
  });
});
