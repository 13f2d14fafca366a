import type { Counters } from "@fusionmeet/base";
import { Pacer } from "@fusionmeet/media";
import {
  REPLAY_BURST_PACKETS,
  REPLAY_BYTES_MAX,
  REPLAY_PACKETS_PER_MS,
} from "@fusionmeet/protocol";

/** One viewer of one ssrc. Made by `CameraStream.subscribe()`, ended by `unsubscribe()`. */
export class Viewing {
  /** Packets of a GOP replay, and live ones behind them, that wait in the outlet. */
  replayPackets = 0;
  ended = false;

  constructor(readonly outlet: Outlet) {}

  /** A live packet: at once, or in its place behind a replay that has not ended. */
  relay(bytes: Uint8Array): void {
    if (this.replayPackets > 0) this.replay(bytes);
    else this.outlet.send(bytes);
  }

  replay(bytes: Uint8Array): void {
    if (this.outlet.spread({ viewing: this, bytes, replay: true })) this.replayPackets++;
  }

  repair(bytes: Uint8Array): void {
    this.outlet.spread({ viewing: this, bytes, replay: false });
  }
}

interface Waiting {
  readonly viewing: Viewing;
  readonly bytes: Uint8Array;
  readonly replay: boolean;
}

/** The way to one participant: live packets go at once, replays and repairs are spread over time. */
export class Outlet {
  readonly #post: (bytes: Uint8Array) => void;
  readonly #counters: Counters;
  readonly #pacer = new Pacer<Waiting>({
    packetsPerMs: REPLAY_PACKETS_PER_MS,
    burstPackets: REPLAY_BURST_PACKETS,
    bytesMax: REPLAY_BYTES_MAX,
  });

  /** @param post Sends to the bound address; without one it drops. */
  constructor(post: (bytes: Uint8Array) => void, counters: Counters) {
    this.#post = post;
    this.#counters = counters;
  }

  send(bytes: Uint8Array): void {
    this.#post(bytes);
  }

  /** Queues a packet, or drops it where the queue is full: false. */
  spread(waiting: Waiting): boolean {
    if (this.#pacer.push(waiting, waiting.bytes.length) === "queued") return true;
    this.#counters.add("relay.replayQueueFull");
    return false;
  }

  /** Sends what may go now. */
  flush(nowMs: number): void {
    for (const { viewing, bytes, replay } of this.#pacer.take(nowMs)) {
      if (replay) viewing.replayPackets--;
      if (viewing.ended) continue;
      this.#counters.add(replay ? "relay.replayed" : "relay.repaired");
      this.#post(bytes);
    }
  }

  /** When `flush()` has something to send again. */
  get nextDueMs(): number | undefined {
    return this.#pacer.nextDueMs;
  }
}
