import { TokenBucket } from "@fusionmeet/base";
import {
  CHAT_BURST,
  CHAT_BYTES_BURST,
  CHAT_BYTES_PER_SECOND,
  CHAT_PER_SECOND,
  nameKey,
  PARTICIPANT_FIELDS,
  type ServerMessage,
  type ValuesOf,
} from "@fusionmeet/protocol";
import type { SeatSsrcs } from "./media/commands.ts";
import type { PeerAddress } from "./shares.ts";

/** A participant's connection as the room sees it. */
export interface MemberLink {
  /** Queues a message; never waits or throws. */
  send(message: ServerMessage): void;
  /** Ends the connection after what was sent. */
  end(reason: string): void;
}

/** What a camera sends. */
export interface CameraPicture {
  readonly codec: "h264" | "vp8" | "jpeg";
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
}

/** Everything that lives as long as one connection of a seat: its keys and SSRCs are never used again. */
export interface Presence {
  /** The seat's id. */
  readonly participant: number;
  readonly link: MemberLink;
  /** Aborted when this connection no longer holds the seat. */
  readonly ended: AbortController;
  readonly ssrcs: SeatSsrcs;
  /** Key and salt. */
  readonly linkKey: Uint8Array;
  /** Key and salt of the room's current epoch. */
  pictureKey: Uint8Array;
  /** By ssrc: the plane is being asked (a symbol for each time), announced to this member, or acknowledged and so sent. */
  readonly streams: Map<number, symbol | "announced" | "sent">;
  /** Whose camera this member wants. */
  readonly watched: Set<number>;
  microphone: boolean;
  camera?: CameraPicture;
}

/** A person's place in a room; outlives their connection by `SEAT_KEPT_MS`. */
export class Seat {
  readonly id: number;
  readonly name: string;
  readonly key: string;
  /** From where it was taken first. */
  readonly address: PeerAddress;
  readonly token: Uint8Array;
  readonly chatLines: TokenBucket;
  readonly chatBytes: TokenBucket;
  /** Of their latest `hello`. */
  features: ReadonlySet<string> = new Set();
  /** Of their latest `hello`: what they share is theirs by it. */
  person?: Uint8Array;
  /** They showed the owner PIN. */
  isOwner = false;
  /** How often the host muted them. */
  mutes = 0;
  /** By the host, and not switched on again since. */
  isMuted = false;
  /** Absent while away. */
  presence?: Presence;
  /** On the list of participants: false once away for `AWAY_SHOWN_MS`. */
  isListed = false;
  /** Stops the timers that run while away. */
  stopWaiting: () => void = () => {};

  constructor(
    options: { id: number; name: string; token: Uint8Array; nowMs: number; address?: string },
  ) {
    this.id = options.id;
    this.name = options.name;
    this.key = nameKey(options.name);
    this.token = options.token;
    this.address = options.address;
    const { nowMs } = options;
    this.chatLines = new TokenBucket({ perSecond: CHAT_PER_SECOND, burst: CHAT_BURST, nowMs });
    this.chatBytes = new TokenBucket({
      perSecond: CHAT_BYTES_PER_SECOND,
      burst: CHAT_BYTES_BURST,
      nowMs,
    });
  }

  /** As the others see them. */
  describe(): ValuesOf<typeof PARTICIPANT_FIELDS> {
    return {
      id: this.id,
      name: this.name,
      microphone: this.presence?.microphone ?? false,
      camera: this.presence?.camera !== undefined,
      away: this.presence === undefined,
      ...(this.presence && { voice: this.presence.ssrcs.microphone }),
    };
  }
}
