import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { openDatagramPort } from "@fusionmeet/net";
import { until } from "../../tests/support/wait.ts";
import type { PlaneEvent } from "./commands.ts";
import { type FromMediaWorker, type MediaPlaneHandle, startMediaWorker } from "./handle.ts";
import { Meeting } from "./meeting_fixture.ts";

const LOOPBACK = { hostname: "127.0.0.1", port: 0 };

function events(plane: MediaPlaneHandle): { next: () => Promise<PlaneEvent> } {
  const waiting: PlaneEvent[] = [];
  let wake = () => {};
  plane.onEvent((event) => {
    waiting.push(event);
    wake();
  });
  return {
    next: async () => {
      while (waiting.length === 0) await new Promise<void>((resolve) => wake = resolve);
      return waiting.shift()!;
    },
  };
}

/** A worker that says `messages` and then does `rest`. */
function workerThat(rest: string, ...messages: FromMediaWorker[]): URL {
  const lines = messages.map((message) => `postMessage(${JSON.stringify(message)});`);
  return new URL(`data:application/javascript,${encodeURIComponent(lines.join("") + rest)}`);
}

Deno.test("startMediaWorker() binds a participant over a real socket and ends cleanly", async () => {
  const plane = await startMediaWorker(LOOPBACK);
  const { next } = events(plane);
  // The fixture is the client here: its keys and its packets, not its plane.
  const meeting = new Meeting();
  const person = meeting.add();
  const { participant, ssrcs, linkKey, pictureKey } = person;
  const { mixKey, sharedMixSsrc } = meeting;
  plane.command({ do: "room.open", room: 1, epoch: 0, mixKey, sharedMixSsrc, voice: "opus" });
  plane.command({
    do: "participant.add",
    room: 1,
    participant,
    epoch: 0,
    linkKey,
    pictureKey,
    ssrcs,
  });
  using port = openDatagramPort(LOOPBACK);
  const ask = async (request: Uint8Array) => {
    port.send({ address: plane.address, bytes: request });
    person.inbox.push({ ...(await port.receive())!, atMs: 0 });
    return person.takeAnswer();
  };
  const challenge = await ask(person.request());
  ok((await ask(person.request(challenge.nonce))).bound);
  deepStrictEqual(await next(), { event: "bound", participant, ...port.address });
  const state = await plane.streamState(sharedMixSsrc);
  deepStrictEqual([state?.ssrc, state?.epoch, state?.roc], [sharedMixSsrc, 0, 0]);
  strictEqual(await plane.streamState(12_345), undefined);
  const { counters, packetsIn } = await plane.statistics();
  deepStrictEqual([counters["bound"], packetsIn], [1, 2]);
  await plane.close();
  await plane.close();
  strictEqual(await plane.streamState(sharedMixSsrc), undefined);
  await rejects(plane.statistics());
  // A test beside this one may be given the number meanwhile; the worker would keep it for ever.
  await until("the port is free", () => isFree(plane.address));
});

function isFree(address: { hostname: string; port: number }): boolean {
  try {
    openDatagramPort(address).close();
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AddrInUse) return false;
    throw thrown;
  }
}

Deno.test("startMediaWorker() rejects in words where the port is taken", async () => {
  using port = openDatagramPort(LOOPBACK);
  await rejects(startMediaWorker(port.address), ({ message }) => {
    match(message, new RegExp(`^Cannot open the media port 127.0.0.1:${port.address.port}: Addr`));
    return true;
  });
});

Deno.test("MediaPlaneHandle reports a fault and goes on", async () => {
  const plane = await startMediaWorker(LOOPBACK);
  const { next } = events(plane);
  plane.command({ do: "room.close", room: 404 });
  const event = await next();
  ok(event.event === "fault");
  match(event.message, /the room is open/);
  strictEqual((await plane.statistics()).counters["fault"], 1);
  await plane.close();
});

Deno.test("MediaPlaneHandle.failed tells that the worker died, and nobody waits for ever", async () => {
  const ready = { ready: { hostname: "127.0.0.1", port: 1 } };
  const dies = workerThat(
    "onmessage = ({ data }) => { if (data.command) throw Error('oh') }",
    ready,
  );
  const plane = await startMediaWorker(LOOPBACK, dies);
  const asked = plane.statistics();
  await rejects(asked, /oh/);
  match((await plane.failed).message, /oh/);
  await plane.close();
});

Deno.test("MediaPlaneHandle.close() ends a worker that does not answer", async () => {
  const ready = { ready: { hostname: "127.0.0.1", port: 1 } };
  const plane = await startMediaWorker(LOOPBACK, workerThat("", ready));
  const asked = plane.streamState(1);
  await plane.close();
  strictEqual(await asked, undefined);
});
