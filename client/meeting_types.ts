import type { NowMs, ProtocolError, Random } from "@fusionmeet/base";
import type {
  ByteStream,
  ConnectionEnd,
  KnownCertificate,
  TicketedOptions,
  Timers,
} from "@fusionmeet/net";
import type { CameraCodec, ClientMessage, Fingerprint, ServerMessage } from "@fusionmeet/protocol";
import type { ChatLine } from "./chat_log.ts";
import type { FilesEvent, SharedFilesOptions } from "./files/shared_files.ts";
import type { JoinFailure } from "./failures.ts";
import type { CaptureKind } from "./media/commands.ts";
import type { EngineHandle } from "./media/handle.ts";
import type { Person, PersonChange } from "./people.ts";
import type { RoleEvent } from "./room_roles.ts";
import type { OwnScreenEvent, ScreenMeans } from "./screen/own_screen.ts";

/** A control connection as the meeting uses it; lib/net's `ClientConnection` is one. */
export interface ControlLink {
  send(message: ClientMessage): void;
  /** Until the end of the connection; read once. */
  messages(): AsyncIterable<ServerMessage>;
  readonly ended: Promise<ConnectionEnd>;
  /** Sends what is queued (for at most a second), then ends it. */
  close(detail?: string): Promise<unknown>;
  /** Ends it because of what came; why is in `ended`. */
  end(fault: ProtocolError): void;
  /** Ends it at once. */
  destroy(detail: string): void;
}

/** A control connection to a server whose key was accepted. */
export interface Opened {
  readonly link: ControlLink;
  /** The server's numeric address: media goes there too. */
  readonly hostname: string;
  /** Of the control connections. */
  readonly port: number;
  readonly fingerprint: Fingerprint;
  /** With it, connections that carry much are faster. */
  readonly certificate?: KnownCertificate;
}

/** The resume token of one's seat, kept over restarts of this program. */
export interface SeatKeeper {
  /** The token of an earlier run at this server, if there is one. */
  load(fingerprint: Fingerprint): Promise<Uint8Array | undefined>;
  save(token: Uint8Array): void;
  /** The seat was given up. */
  forget(): Promise<void>;
}

/** What the camera sends, as the others are told, unless the room needs another codec (`source.codec`). */
export interface CameraFormat {
  readonly codec: "h264";
  readonly width: number;
  readonly height: number;
  readonly fps: number;
}

export interface MeetingOptions {
  readonly name: string;
  readonly room: string;
  readonly pin?: string;
  /** Makes oneself the host. */
  readonly ownerPin?: string;
  /** One attempt to connect. @throws JoinFailure */
  readonly open: (signal: AbortSignal) => Promise<Opened>;
  /** One connection by ticket; the system's unless said. @throws ConnectFailure, TicketRefused */
  readonly openTicketed?: (options: TicketedOptions) => Promise<ByteStream>;
  readonly engine: Pick<EngineHandle, "command" | "onEvent">;
  readonly seat: SeatKeeper;
  /** What tells a server that one is who shared things there before; never rejects. */
  readonly person?: (fingerprint: Fingerprint) => Promise<Uint8Array | undefined>;
  /** There is a microphone; it is on from the start unless `startsOff` has it. */
  readonly microphone: boolean;
  /** There is a camera; on from the start likewise. */
  readonly camera?: CameraFormat;
  /** Makes thumbnails of what is shared (see `SharedFilesOptions`); absent: there are none. */
  readonly depict?: SharedFilesOptions["depict"];
  /** How a screen is shared; absent: nothing can be. */
  readonly screen?: ScreenMeans;
  /** What is there but switched off at first. */
  readonly startsOff?: readonly CaptureKind[];
  /** What can be shown here of cameras; both unless said. The room's cameras send what everybody can show. */
  readonly decodes?: readonly CameraCodec[];
  readonly timers: Timers;
  /** Epoch ms on a clock that never jumps; the system's unless said. */
  readonly epochMs?: NowMs;
  readonly random: Random;
}

export type WatchLayer = "high" | "low" | "none" | "auto";

/** A stream that is being received. */
export interface OpenStream {
  readonly ssrc: number;
  /** Whose; 0 for the mix. */
  readonly participant: number;
  readonly kind: "camera" | "mix";
  readonly layer: "high" | "low" | "shared" | "own";
  readonly codec: string;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
}

/** What happens in the meeting; `docs/CLIENT.md` says it for programs that read stdout. */
export type MeetingEvent =
  /** A file of the room, or one on its way from here or to here. */
  | FilesEvent
  | RoleEvent
  | OwnScreenEvent
  /** The host took oneself out of the room; the meeting ends. */
  | { event: "removed" }
  | {
    event: "joined" | "reconnected";
    participant: number;
    name: string;
    room: string;
    /** The same seat as before. */
    resumed: boolean;
    voice: "opus" | "l16";
    fingerprint: Fingerprint;
    /** The server's numeric address, as reached; and those it says others reach it at, likeliest first. */
    hostname: string;
    addresses: readonly string[];
  }
  | { event: "participant"; change: PersonChange }
  /** Somebody (oneself, too) begins to speak or has stopped. */
  | { event: "speaking"; person: Person; on: boolean }
  /** `isPast`: it was said before one came in. */
  | { event: "chat"; line: ChatLine; isPast?: boolean }
  /** A line said here is stored and will survive a crash of the server. */
  | { event: "chat.accepted"; mark: string; id: number; text: string }
  | { event: "stream"; state: "open" | "ended"; stream: OpenStream }
  /** The first picture of a stream that was opened is here, whole. */
  | { event: "picture"; stream: OpenStream }
  /**
   * A request was declined; the meeting goes on. Of a chat line: its mark and `text`; it is not kept anywhere and no
   * longer pending, `post(text, mark)` says it again.
   */
  | {
    event: "refused";
    request: string;
    code: string;
    message: string;
    mark?: string;
    text?: string;
  }
  /** The connection was lost at `lostAt`, and is given up at `givesUpAt`, epoch ms. */
  | { event: "reconnecting"; reason: string; lostAt: number; givesUpAt: number }
  /** Something does not work; the meeting goes on. */
  | { event: "warning"; code: string; message: string }
  /** Of a source: what the user wants, and whether it delivers. */
  | { event: "source"; kind: CaptureKind; on: boolean };

/** How the meeting ended. */
export interface MeetingEnd {
  readonly reason: string;
  readonly exitCode: number;
  /** What ended it, when it was not asked for. */
  readonly failure?: JoinFailure;
}
