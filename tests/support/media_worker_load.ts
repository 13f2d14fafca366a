/**
 * A program of its own: the media worker under load, while this main thread makes garbage and collects it by force.
 * One room of 100 people, 8 of whom talk Opus, and 20 cameras that 20 people watch, all by real UDP on loopback.
 * Prints the plane's statistics as one line of JSON. Run with --v8-flags=--expose-gc.
 */
import { systemRandom } from "@fusionmeet/net";
import type { MasterKey } from "@fusionmeet/protocol";
import { startMediaWorker } from "../../server/media/handle.ts";
import type { Crowd, CrowdSeat } from "./media_worker_crowd.ts";

const PEOPLE = 100;
const TALKERS = 8;
const CAMERAS = 20;
const SECONDS = Number(Deno.args[0] ?? 8);
const WARM_UP_MS = 2_000;
const SHARED_MIX = 99;

const scope = self as unknown as { gc?: () => void };

await measure();

async function measure(): Promise<void> {
  const plane = await startMediaWorker({ hostname: "127.0.0.1", port: 0 });
  plane.onEvent((event) => {
    if (event.event === "fault") console.error(event.message);
  });
  const mixKey = newKey();
  plane.command({
    do: "room.open",
    room: 1,
    epoch: 0,
    mixKey,
    sharedMixSsrc: SHARED_MIX,
    voice: "opus",
  });
  const seats = Array.from({ length: PEOPLE }, (_, index) => seatOf(index));
  for (const { participant, linkKey, pictureKey, ssrcs } of seats) {
    const keys = { epoch: 0, linkKey, pictureKey };
    plane.command({ do: "participant.add", room: 1, participant, ...keys, ssrcs });
    for (const ssrc of [SHARED_MIX, ssrcs.ownMix]) {
      plane.command({ do: "subscribe", viewer: participant, ssrc });
    }
    if (participant <= TALKERS) {
      plane.command({ do: "source", participant, kind: "microphone", on: true });
    }
  }
  for (const owner of seats.slice(0, CAMERAS)) {
    const { participant, ssrcs: { camera: ssrc } } = owner;
    plane.command({ do: "source", participant, kind: "camera", on: true });
    for (const viewer of seats.slice(0, CAMERAS)) {
      if (viewer !== owner) plane.command({ do: "subscribe", viewer: viewer.participant, ssrc });
    }
  }
  const worker = new Worker(new URL("./media_worker_crowd.ts", import.meta.url), {
    type: "module",
  });
  const bound = new Promise((resolve) => worker.onmessage = resolve);
  const { address } = plane;
  worker.postMessage({ seats, address, talkers: TALKERS, cameras: CAMERAS } satisfies Crowd);
  await bound;
  // The start (joining, loading, compiling) is not what is measured.
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  await plane.statistics();
  const endMs = performance.now() + SECONDS * 1_000;
  let collections = 0;
  while (performance.now() < endMs) {
    makeGarbage();
    scope.gc?.();
    collections++;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  console.log(JSON.stringify({ ...await plane.statistics(), collections }));
  worker.terminate();
  await plane.close();
}

/** Some tens of MB in small pieces: a full collection takes many ticks of time. */
function makeGarbage(): void {
  const kept: unknown[] = [];
  for (let piece = 0; piece < 100_000; piece++) kept.push({ piece, text: `${piece}` });
}

function seatOf(index: number): CrowdSeat {
  const base = 1_000 + 10 * index;
  const [feedback, serverFeedback, microphone, camera, cameraLow, ownMix] = [1, 2, 3, 4, 5, 6]
    .map((offset) => base + offset);
  return {
    participant: index + 1,
    linkKey: newKey(),
    pictureKey: newKey(),
    ssrcs: { feedback, serverFeedback, microphone, camera, cameraLow, ownMix },
  };
}

function newKey(): MasterKey {
  return {
    key: systemRandom.fill(new Uint8Array(16)),
    salt: systemRandom.fill(new Uint8Array(12)),
  };
}
