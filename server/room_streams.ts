import type { RoomKeys } from "./room_keys.ts";
import type { ServerParts } from "./parts.ts";
import type { Presence, Seat } from "./seat.ts";

/** A stream as `stream.ready` tells it, without its keys and its state. */
interface Announcement {
  readonly participant: number;
  readonly kind: "camera" | "mix";
  readonly layer: "high" | "shared" | "own";
  readonly ssrc: number;
  readonly codec: "h264" | "vp8" | "jpeg" | "opus" | "l16";
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
}

/**
 * Which streams of a room go to whom. A stream reaches a viewer in three steps: the plane is asked where it is now, the viewer is told
 * that and the key (`stream.ready`), and only when they have both (`stream.ack`) is it sent to them.
 */
export class RoomStreams {
  readonly #parts: ServerParts;
  readonly #seats: ReadonlyMap<number, Seat>;
  readonly #keys: RoomKeys;
  readonly #sharedMixSsrc: number;

  constructor(
    parts: ServerParts,
    options: { seats: ReadonlyMap<number, Seat>; keys: RoomKeys; sharedMixSsrc: number },
  ) {
    this.#parts = parts;
    this.#seats = options.seats;
    this.#keys = options.keys;
    this.#sharedMixSsrc = options.sharedMixSsrc;
  }

  /** To somebody who came: the mix of all, and the one made for them alone. */
  announceMixes(seat: Seat): void {
    const { presence } = seat;
    if (presence === undefined) return;
    const mix = { participant: 0, kind: "mix", codec: this.#parts.settings.voice } as const;
    const key = () => this.#keys.mixKey;
    this.#announce(presence, { ...mix, layer: "shared", ssrc: this.#sharedMixSsrc }, key);
    this.#announce(presence, { ...mix, layer: "own", ssrc: presence.ssrcs.ownMix }, key);
  }

  /** A camera that went on, to all who watch it. */
  announceCamera(owner: Seat): void {
    for (const viewer of this.#seats.values()) this.#announceCameraTo(viewer, owner);
  }

  /** A camera that went off, to all who were told of it. */
  endCamera(owner: Seat, { ssrcs }: Presence): void {
    for (const { presence } of this.#seats.values()) {
      if (presence !== undefined) this.#end(presence, owner.id, ssrcs.camera);
    }
  }

  watch(viewer: Seat, participant: number, isWanted: boolean): void {
    const owner = this.#seats.get(participant);
    if (owner === undefined || owner === viewer || viewer.presence === undefined) return;
    if (isWanted) {
      viewer.presence.watched.add(participant);
      this.#announceCameraTo(viewer, owner);
    } else if (viewer.presence.watched.delete(participant) && owner.presence !== undefined) {
      this.#end(viewer.presence, participant, owner.presence.ssrcs.camera);
    }
  }

  acknowledge(viewer: Seat, ssrc: number): void {
    if (viewer.presence?.streams.get(ssrc) !== "announced") return;
    viewer.presence.streams.set(ssrc, "sent");
    this.#parts.plane.command({ do: "subscribe", viewer: viewer.id, ssrc });
  }

  #announceCameraTo(viewer: Seat, owner: Seat): void {
    const camera = owner.presence?.camera;
    if (camera === undefined || !viewer.presence?.watched.has(owner.id)) return;
    const { presence } = owner;
    for (const { epoch, key } of this.#keys.earlierKeys(presence!, viewer.presence)) {
      const list = [{ participant: owner.id, key }];
      viewer.presence.link.send({ type: "keys", epoch, list, last: false });
    }
    this.#announce(viewer.presence, {
      participant: owner.id,
      kind: "camera",
      layer: "high",
      ssrc: presence!.ssrcs.camera,
      ...camera,
    }, () => presence!.pictureKey);
  }

  /** @param key Gives the key at the moment of telling: it may change while the plane is asked. */
  #announce(viewer: Presence, announcement: Announcement, key: () => Uint8Array): void {
    const { ssrc } = announcement;
    if (viewer.streams.has(ssrc)) return;
    const asked = Symbol();
    viewer.streams.set(ssrc, asked);
    const answered = (state?: { roc: number; sequence: number }) => {
      if (viewer.streams.get(ssrc) !== asked) return;
      if (state === undefined) {
        viewer.streams.delete(ssrc);
        return;
      }
      viewer.streams.set(ssrc, "announced");
      const { roc, sequence } = state;
      const epoch = this.#keys.epoch;
      viewer.link.send({ type: "stream.ready", ...announcement, epoch, key: key(), roc, sequence });
    };
    void this.#parts.plane.streamState(ssrc).then(answered);
  }

  #end(viewer: Presence, participant: number, ssrc: number): void {
    const state = viewer.streams.get(ssrc);
    if (state === undefined) return;
    viewer.streams.delete(ssrc);
    if (typeof state === "symbol") return;
    if (state === "sent") {
      this.#parts.plane.command({ do: "unsubscribe", viewer: viewer.participant, ssrc });
    }
    viewer.link.send({ type: "stream.ended", participant, kind: "camera", ssrc });
  }
}
