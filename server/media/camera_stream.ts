import type { Counters } from "@fusionmeet/base";
import { GapTracker, GopCache } from "@fusionmeet/media";
import {
  decodeFrameMarking,
  EXTENSION,
  parseRtp,
  PAYLOAD_TYPE,
  type SrtpReceiver,
} from "@fusionmeet/protocol";
import { type Outlet, Viewing } from "./outlet.ts";

/** What the server takes for the round trip to a sender when it asks for a packet again. */
const UPSTREAM_RTT_MS = 40;
const PICTURE_TYPES: ReadonlySet<number> = new Set([
  PAYLOAD_TYPE.h264,
  PAYLOAD_TYPE.vp8,
  PAYLOAD_TYPE.jpeg,
]);

/**
 * One picture ssrc on its way through the server: each packet is opened once (tag, replay window) and its original
 * bytes go to those who asked for it. The current GOP is kept for late joiners and repairs.
 */
export class CameraStream {
  readonly ssrc: number;
  readonly #receiver: SrtpReceiver;
  readonly #counters: Counters;
  readonly #cache = new GopCache();
  readonly #viewings = new Map<Outlet, Viewing>();
  #gaps = new GapTracker();
  #on = false;
  /** MKI of the packet the current GOP starts with. */
  #gopEpoch: number | undefined;

  /** @param options.receiver Holds the owner's picture keys. */
  constructor(ssrc: number, options: { receiver: SrtpReceiver; counters: Counters }) {
    this.ssrc = ssrc;
    this.#receiver = options.receiver;
    this.#receiver.expect(ssrc);
    this.#counters = options.counters;
  }

  /** Off drops what comes, and forgets what was kept and who watched; the ssrc and its sequence go on. */
  turn(on: boolean): void {
    this.#on = on;
    if (on) return;
    this.#cache.clear();
    this.#gaps = new GapTracker();
    this.#gopEpoch = undefined;
    for (const outlet of [...this.#viewings.keys()]) this.unsubscribe(outlet);
  }

  /** Where the stream is; its very start before the first packet. */
  get position(): { roc: number; sequence: number } {
    return this.#receiver.position(this.ssrc) ?? { roc: 0, sequence: 0 };
  }

  /** Takes a packet from the owner's bound address and relays it, or says why not. The bytes are kept. */
  accept(bytes: Uint8Array, nowMs: number): string | undefined {
    if (!this.#on) return "camera-off";
    const opened = this.#receiver.open(bytes);
    if (typeof opened === "string") return opened;
    const packet = parseRtp(opened.rtp);
    if (typeof packet === "string") return packet;
    if (!PICTURE_TYPES.has(packet.payloadType)) return "payload-type";
    const extension = packet.extensions.get(EXTENSION.frameMarking);
    const marking = extension && decodeFrameMarking(extension);
    const keyframeStart = marking !== undefined && marking.start && marking.independent;
    if (keyframeStart) this.#gopEpoch = bytes[bytes.length - 1];
    this.#counters.add(`camera.${this.#gaps.seen(opened.index, nowMs)}`);
    this.#cache.push(bytes, { index: opened.index, keyframeStart, nowMs });
    for (const viewing of this.#viewings.values()) viewing.relay(bytes);
    return undefined;
  }

  /**
   * Sends the current GOP spread over time, then live packets. A GOP that begins under other keys than those of `epochs`,
   * which the viewer was given, is left out.
   */
  subscribe(outlet: Outlet, epochs: readonly number[]): void {
    this.unsubscribe(outlet);
    const viewing = new Viewing(outlet);
    this.#viewings.set(outlet, viewing);
    if (this.#gopEpoch !== undefined && epochs.includes(this.#gopEpoch)) {
      for (const bytes of this.#cache.replay()) {
        viewing.replay(bytes);
      }
    }
  }

  unsubscribe(outlet: Outlet): void {
    const viewing = this.#viewings.get(outlet);
    if (!viewing) return;
    viewing.ended = true;
    this.#viewings.delete(outlet);
  }

  /** Whether packets go there. */
  has(outlet: Outlet): boolean {
    return this.#viewings.has(outlet);
  }

  /**
   * Sends a viewer the same bytes again, spread over time; what is not here (any more) is counted.
   *
   * @param may Asked once per packet.
   */
  repair(outlet: Outlet, { sequences, may }: {
    sequences: readonly number[];
    may: () => boolean;
  }): void {
    const viewing = this.#viewings.get(outlet);
    if (!viewing) return this.#counters.add("nack.notSubscribed");
    for (const sequence of sequences) {
      const bytes = this.#cache.find(sequence);
      if (!bytes) this.#counters.add("nack.notKept");
      else if (!may()) this.#counters.add("nack.tooMany");
      else viewing.repair(bytes);
    }
  }

  /** Sequence numbers to ask the sender for now. */
  missing(nowMs: number): number[] {
    return this.#gaps.due(nowMs, UPSTREAM_RTT_MS).map((index) => index % 65_536);
  }

  /** When `missing()` may have something; `undefined` while nothing is missing. */
  get nextDueMs(): number | undefined {
    return this.#gaps.nextDueMs;
  }
}
