import { assert, equalBytes, Refusal } from "@fusionmeet/base";
import {
  AWAY_SHOWN_MS,
  FEATURES,
  masterKeyFromBytes,
  nameKey,
  PARTICIPANTS_PER_MESSAGE,
  PROTOCOL_VERSION,
  RESUME_TOKEN_BYTES,
  SEAT_KEPT_MS,
  type ServerMessage,
} from "@fusionmeet/protocol";
import { RoomFiles } from "./files/room_files.ts";
import { RoomChat } from "./room_chat.ts";
import { RoomCodec } from "./room_codec.ts";
import { RoomHost } from "./room_host.ts";
import { RoomKeys } from "./room_keys.ts";
import { type Loss, RoomPresenter } from "./room_presenter.ts";
import { RoomStreams } from "./room_streams.ts";
import type { SeatSsrcs } from "./media/commands.ts";
import type { ServerParts } from "./parts.ts";
import { refusalMessage } from "./refusals.ts";
import { type CameraPicture, type MemberLink, type Presence, Seat } from "./seat.ts";
import { checkSeatShare, type PeerAddress } from "./shares.ts";

/** Who wants to come in; checked and cleaned. */
export interface Entrant {
  readonly name: string;
  readonly address?: string;
  readonly link: MemberLink;
  readonly resume?: Uint8Array;
  /** Their secret. */
  readonly person?: Uint8Array;
  readonly microphone: boolean;
  /** What their program knows, as `hello` lists it. */
  readonly features?: readonly string[];
  /** They showed the owner PIN. */
  readonly isOwner?: boolean;
}

/**
 * One room: who is in it, what they have on, whose pictures they watch, and the order of its chat. Synchronous: each call is
 * complete when it returns, and tells the members (by their links) and the media plane (by commands) what follows from it.
 */
export class Room {
  readonly #parts: ServerParts;
  readonly #nextParticipant: () => number;
  readonly #seats = new Map<number, Seat>();
  readonly #sharedMixSsrc: number;
  readonly #keys: RoomKeys;
  readonly #streams: RoomStreams;
  readonly #codec: RoomCodec;
  readonly chat: RoomChat;
  readonly files: RoomFiles;
  /** Who presents. */
  readonly presenter: RoomPresenter;
  /** Who leads it. */
  readonly host: RoomHost;
  readonly id: number;
  readonly name: string;
  /** Whose it was that opened it. */
  readonly address: PeerAddress;
  /** Called when the last seat is gone. */
  onEmpty: () => void = () => {};

  constructor(
    parts: ServerParts,
    options: {
      id: number;
      name: string;
      address?: string;
      nextParticipant: () => number;
      /** Gives a number that no share of this server ever had. */
      nextShare: () => number;
    },
  ) {
    this.#parts = parts;
    this.#nextParticipant = options.nextParticipant;
    this.id = options.id;
    this.name = options.name;
    this.address = options.address;
    this.#sharedMixSsrc = parts.ssrcs.take();
    this.chat = new RoomChat(parts, options.name);
    this.files = new RoomFiles(parts, {
      room: options.name,
      tell: (message) => this.#tellAll(message),
      isHere: (participant) => this.#seats.has(participant),
    });
    this.#keys = new RoomKeys(parts, { room: this.id, seats: this.#seats });
    this.#streams = new RoomStreams(parts, {
      seats: this.#seats,
      keys: this.#keys,
      sharedMixSsrc: this.#sharedMixSsrc,
    });
    this.#codec = new RoomCodec(parts, { seats: this.#seats });
    const { nextShare } = options;
    this.presenter = new RoomPresenter(parts, { seats: this.#seats, nextShare });
    this.host = new RoomHost(parts, {
      seats: this.#seats,
      acts: {
        mute: (seat) => this.#mute(seat),
        remove: ({ id }) => this.remove(id),
        endShare: (share) => this.presenter.end(share, "host"),
      },
    });
    parts.plane.command({
      do: "room.open",
      room: this.id,
      epoch: this.#keys.epoch,
      mixKey: masterKeyFromBytes(this.#keys.mixKey),
      sharedMixSsrc: this.#sharedMixSsrc,
      voice: parts.settings.voice,
    });
  }

  /** Seats taken, those kept for somebody away included. */
  get seatCount(): number {
    return this.#seats.size;
  }

  /** The people here and, for a while, away; in the order they came. */
  get participants(): Seat[] {
    return [...this.#seats.values()].filter((seat) => seat.isListed);
  }

  /** True when this resume token belongs to a seat here. */
  hasSeatFor(token: Uint8Array): boolean {
    return this.#seatOf(token) !== undefined;
  }

  /**
   * Gives a seat: the one of the resume token (taking over a connection that still holds it), else a new one.
   *
   * @throws Refusal `name-taken`, `full`, `locked`, `removed`
   */
  enter(entrant: Entrant): Seat {
    const returning = entrant.resume && this.#seatOf(entrant.resume);
    const seat = returning ?? this.#newSeat(entrant);
    if (returning !== undefined) {
      this.#vacate(returning, "your seat was taken over by a new connection of yours");
    }
    // A newcomer has no keys of an epoch under way: it is brought to its end.
    this.#keys.finish();
    seat.stopWaiting();
    seat.isListed = true;
    seat.features = new Set(entrant.features);
    seat.person = entrant.person;
    this.#codec.update();
    const presence = this.#makePresence(seat, entrant);
    seat.presence = presence;
    this.#announceToPlane(seat, presence);
    this.#welcome(seat, presence, returning !== undefined);
    this.#tellOthers(seat, { type: "participant", ...seat.describe() });
    this.host.entered(seat, { showedPin: entrant.isOwner ?? false });
    this.presenter.entered(seat);
    if (seat.isMuted && entrant.microphone) this.#tellMuted(seat);
    this.#streams.announceMixes(seat);
    return seat;
  }

  /** The connection is gone without a word: the seat is kept for its token. A link that no longer holds the seat changes nothing. */
  lose(seat: Seat, link: MemberLink, how: Loss = "cut"): void {
    if (seat.presence?.link !== link) return;
    this.#clearPresence(seat);
    this.#tellOthers(seat, { type: "participant", ...seat.describe() });
    this.presenter.lost(seat, how);
    const stopShowing = this.#parts.timers.after(AWAY_SHOWN_MS, () => {
      seat.isListed = false;
      this.#tellOthers(seat, this.#left(seat, "lost"));
      this.host.missed();
    });
    const stopKeeping = this.#parts.timers.after(SEAT_KEPT_MS, () => this.#free(seat, "lost"));
    seat.stopWaiting = () => {
      stopShowing();
      stopKeeping();
    };
  }

  /** They said goodbye. */
  leave(seat: Seat, link: MemberLink): void {
    if (seat.presence?.link !== link) return;
    this.#goodbye(seat, "left");
  }

  /** Takes somebody out: their token is dead, and everybody else gets keys they never saw. */
  remove(participant: number): void {
    const seat = this.#seats.get(participant);
    if (seat === undefined) return;
    const link = seat.presence?.link;
    link?.send({ type: "error", code: "removed", message: "You were removed from the room" });
    this.#goodbye(seat, "removed");
    link?.end("removed");
    if (this.#seats.size > 0) this.#keys.change();
  }

  /** A microphone or camera goes on or off, or the camera sends something else from now on. */
  setSource(
    seat: Seat,
    source: { kind: "microphone"; on: boolean; mutes?: number } | {
      kind: "camera";
      on?: CameraPicture;
    },
  ): void {
    const { presence } = seat;
    if (presence === undefined) return;
    if (source.kind === "microphone") {
      // Said before they knew that they were muted.
      if (source.on && (source.mutes ?? seat.mutes) < seat.mutes) return;
      if (source.on) seat.isMuted = false;
      if (presence.microphone === source.on) return;
      presence.microphone = source.on;
      this.#tellPlaneSource(seat, "microphone", source.on);
    } else {
      if (samePicture(presence.camera, source.on)) return;
      if (source.on !== undefined && presence.camera?.codec === source.on.codec) {
        // Pictures say their own size: who watches keeps the stream, and late joiners are told the new one.
        presence.camera = source.on;
        return;
      }
      if (presence.camera !== undefined) this.#stopCamera(seat, presence);
      if (source.on !== undefined) {
        presence.camera = source.on;
        this.#tellPlaneSource(seat, "camera", true);
        this.#streams.announceCamera(seat);
      }
    }
    this.#tellAll({ type: "participant", ...seat.describe() });
  }

  /** `viewer` wants to see that person's camera, now and whenever it is on, or no longer. */
  watch(viewer: Seat, participant: number, isWanted: boolean): void {
    this.#streams.watch(viewer, participant, isWanted);
  }

  /** `viewer` is ready for a stream it was told of. */
  acknowledgeStream(viewer: Seat, ssrc: number): void {
    this.#streams.acknowledge(viewer, ssrc);
  }

  /** `seat` has the keys of that epoch. */
  acknowledgeKeys(seat: Seat, epoch: number): void {
    this.#keys.acknowledge(seat, epoch);
  }

  /**
   * Says a line to everybody, once it is kept; a sender whose line is not is told so.
   *
   * @throws Refusal `chat-empty`, `chat-too-long`, `chat-bad`, `too-fast`
   */
  post(seat: Seat, { mark, text }: { mark: string; text: string }): void {
    this.chat.post(seat, { mark, text }, (outcome) => {
      if (outcome instanceof Refusal) {
        seat.presence?.link.send(refusalMessage(outcome, { type: "chat.post", mark }));
        return;
      }
      const { line, isNew } = outcome;
      if (isNew) this.#tellAll({ type: "chat", ...line });
      seat.presence?.link.send({ type: "chat.accepted", mark, id: line.id, at: line.at });
    });
  }

  /** What the plane says about which capture time is heard when. */
  tellMixMap(list: { participant: number; capturedAtMs: number; mixTimestamp: number }[]): void {
    this.#tellAll({ type: "mix.map", list });
  }

  /** The server stops: everybody is told, and the room ends. */
  close(reason: string): void {
    this.#parts.chatWriter.flush();
    this.#tellAll({ type: "closing", reason });
    for (const seat of [...this.#seats.values()]) {
      const link = seat.presence?.link;
      if (seat.presence !== undefined) this.#clearPresence(seat);
      link?.end(reason);
    }
    // Nobody is told who leads or presents now.
    for (const seat of [...this.#seats.values()]) this.#free(seat, "left");
  }

  #seatOf(token: Uint8Array): Seat | undefined {
    return this.#seats.values().find((seat) => equalBytes(seat.token, token));
  }

  #mute(seat: Seat): void {
    if (seat.presence?.microphone !== true) return;
    seat.mutes++;
    seat.isMuted = true;
    this.setSource(seat, { kind: "microphone", on: false });
    this.#tellMuted(seat);
  }

  #tellMuted(seat: Seat): void {
    const by = this.host.host?.name ?? "the host";
    seat.presence?.link.send({ type: "muted", mutes: seat.mutes, by });
  }

  #newSeat(entrant: Entrant): Seat {
    const { name, address } = entrant;
    this.host.checkNewcomer(entrant);
    const key = nameKey(name);
    if (this.#seats.values().some((seat) => seat.key === key)) {
      throw new Refusal("name-taken", `Somebody called ${name} is already in this room`);
    }
    const { participantsMax } = this.#parts.settings;
    if (this.#seats.size >= participantsMax) {
      throw new Refusal("full", `The room is full: ${participantsMax} people`);
    }
    checkSeatShare(address, { seats: this.#seats.values(), participantsMax });
    const seat = new Seat({
      id: this.#nextParticipant(),
      name,
      address,
      token: this.#parts.random.fill(new Uint8Array(RESUME_TOKEN_BYTES)),
      nowMs: this.#parts.timers.nowMs(),
    });
    this.#seats.set(seat.id, seat);
    return seat;
  }

  #makePresence(seat: Seat, { link, microphone }: Entrant): Presence {
    const { ssrcs } = this.#parts;
    return {
      participant: seat.id,
      link,
      ended: new AbortController(),
      ssrcs: {
        feedback: ssrcs.take(),
        serverFeedback: ssrcs.take(),
        microphone: ssrcs.take(),
        camera: ssrcs.take(),
        cameraLow: ssrcs.take(),
        ownMix: ssrcs.take(),
      },
      linkKey: this.#keys.newKey(),
      pictureKey: this.#keys.newKey(),
      streams: new Map(),
      watched: new Set(),
      microphone: microphone && !seat.isMuted,
    };
  }

  #announceToPlane(seat: Seat, { ssrcs, linkKey, pictureKey, microphone }: Presence): void {
    this.#parts.plane.command({
      do: "participant.add",
      room: this.id,
      participant: seat.id,
      epoch: this.#keys.epoch,
      linkKey: masterKeyFromBytes(linkKey),
      pictureKey: masterKeyFromBytes(pictureKey),
      ssrcs,
    });
    if (microphone) this.#tellPlaneSource(seat, "microphone", true);
  }

  #welcome(seat: Seat, presence: Presence, resumed: boolean): void {
    const { link, linkKey, pictureKey, ssrcs } = presence;
    link.send({
      type: "welcome",
      version: PROTOCOL_VERSION,
      participant: seat.id,
      name: seat.name,
      room: this.name,
      resume: seat.token,
      resumed,
      mediaPort: this.#parts.plane.address.port,
      voice: this.#parts.settings.voice,
      epoch: this.#keys.epoch,
      linkKey,
      pictureKey,
      ssrcs: wireSsrcs(ssrcs),
      chatLatest: this.chat.latestLine,
      features: [...FEATURES],
      ...(this.#codec.codec !== "h264" && { cameraCodec: this.#codec.codec }),
      addresses: [...this.#parts.addresses()],
      at: this.#parts.epochMs(),
    });
    const people = this.participants.map((each) => each.describe());
    for (let at = 0; at < people.length; at += PARTICIPANTS_PER_MESSAGE) {
      const page = people.slice(at, at + PARTICIPANTS_PER_MESSAGE);
      link.send({ type: "participants", list: page, last: at + page.length === people.length });
    }
    for (const message of this.files.lists(seat)) link.send(message);
  }

  /** Another connection takes the seat. */
  #vacate(seat: Seat, reason: string): void {
    const link = seat.presence?.link;
    if (link === undefined) return;
    this.#clearPresence(seat);
    this.presenter.lost(seat, "cut");
    link.send({ type: "error", code: "taken-over", message: `This connection ends: ${reason}` });
    link.end("taken over");
  }

  #goodbye(seat: Seat, reason: "left" | "removed"): void {
    if (seat.presence !== undefined) this.#clearPresence(seat);
    if (seat.isListed) this.#tellOthers(seat, this.#left(seat, reason));
    this.#free(seat, reason);
  }

  #free(seat: Seat, reason: "left" | "lost" | "removed"): void {
    assert(seat.presence === undefined, "nobody sits on a seat that is freed");
    seat.stopWaiting();
    this.#seats.delete(seat.id);
    for (const other of this.#seats.values()) other.presence?.watched.delete(seat.id);
    this.files.coming.left(seat.id);
    this.presenter.gone(seat, reason);
    this.host.missed();
    if (this.#seats.size > 0) return this.#codec.update();
    this.presenter.close();
    this.files.coming.close();
    this.#codec.stop();
    // A room of that name opened after this one has to find all its lines.
    this.#parts.chatWriter.flush();
    this.#keys.stop();
    this.#parts.plane.command({ do: "room.close", room: this.id });
    this.onEmpty();
  }

  #clearPresence(seat: Seat): void {
    const { presence } = seat;
    assert(presence !== undefined, "only who is here goes away");
    if (presence.camera !== undefined) this.#stopCamera(seat, presence);
    seat.presence = undefined;
    presence.ended.abort();
    this.#parts.plane.command({ do: "participant.remove", participant: seat.id });
    this.#keys.forget(seat);
  }

  #stopCamera(seat: Seat, presence: Presence): void {
    presence.camera = undefined;
    this.#streams.endCamera(seat, presence);
    this.#tellPlaneSource(seat, "camera", false);
  }

  #tellPlaneSource(seat: Seat, kind: "microphone" | "camera", on: boolean): void {
    this.#parts.plane.command({ do: "source", participant: seat.id, kind, on });
  }

  #left(seat: Seat, reason: "left" | "lost" | "removed"): ServerMessage {
    return { type: "participant.left", id: seat.id, name: seat.name, reason };
  }

  #tellOthers(except: Seat, message: ServerMessage): void {
    for (const seat of this.#seats.values()) {
      if (seat !== except) seat.presence?.link.send(message);
    }
  }

  /** The same to everybody, or to each their own. */
  #tellAll(message: ServerMessage | ((seat: Seat) => ServerMessage)): void {
    for (const seat of this.#seats.values()) {
      seat.presence?.link.send(typeof message === "function" ? message(seat) : message);
    }
  }
}

function wireSsrcs(ssrcs: SeatSsrcs) {
  const { feedback, serverFeedback, microphone, camera, cameraLow } = ssrcs;
  return { feedback, serverFeedback, microphone, camera, cameraLow };
}

function samePicture(one: CameraPicture | undefined, other: CameraPicture | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.codec === other.codec && one.width === other.width && one.height === other.height &&
    one.fps === other.fps;
}
