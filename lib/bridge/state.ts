import type { FileEntry } from "./files.ts";

/** Light or dark; `system` follows the computer. */
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = typeof THEMES[number];

/** What the window shows, made by the client program. The page keeps a copy and draws it; it decides nothing about the meeting. */
export interface WindowState {
  readonly screen: "join" | "meeting" | "left";
  /** The join screen; also kept while in a meeting, for the next one. */
  readonly join: JoinState;
  /** There from joining to leaving. */
  readonly meeting: MeetingState | null;
  /** Why the last meeting is over; there on the screen "left". */
  readonly left: LeftState | null;
  /** Leaving needs a yes: something would be broken off. A sentence that says what. */
  readonly leaveQuestion: string | null;
  /** As the user chose it, now or in an earlier window. */
  readonly theme: Theme;
}

export interface JoinState {
  /** What the fields hold at first: from the command line, else remembered. */
  readonly server: string;
  readonly name: string;
  readonly room: string;
  readonly pin: string;
  /** Makes oneself the host; from the command line, and kept nowhere. */
  readonly ownerPin: string;
  /** What the switches hold at first. */
  readonly microphone: boolean;
  readonly camera: boolean;
  /** What would be switched on, in words; null where there is nothing to switch on. */
  readonly microphoneSource: string | null;
  readonly cameraSource: string | null;
  /** The fingerprint that the key of `server` must have, where the command line or a link says it. */
  readonly expected: string | null;
  /** Servers of earlier meetings, the latest first. */
  readonly recentServers: readonly string[];
  /** Servers of this network. */
  readonly nearby: Nearby;
  /** A join is under way. */
  readonly busy: boolean;
  readonly failure: JoinProblem | null;
  /** A server met for the first time waits for a yes. */
  readonly introduction: Introduction | null;
  readonly lobby: Lobby | null;
}

/** The servers that are heard on this computer's networks, and how the looking for them goes. */
export interface Nearby {
  /** `starting`: more may come any moment; `listening`: those that are there have been heard; `off`: nobody looks. */
  readonly state: "starting" | "listening" | "off";
  /** Known ones first. */
  readonly servers: readonly NearbyServer[];
  /** Address by address, because somebody asked for it; null while it is not under way. */
  readonly search: { readonly done: number; readonly all: number } | null;
  /** Why some may not be heard: a whole sentence. */
  readonly problem: string | null;
}

/** Before anybody looks. */
export const NO_NEARBY: Nearby = { state: "off", servers: [], search: null, problem: null };

/** A server as somebody on the network announces it. */
export interface NearbyServer {
  /** Of its key, as announced: for picking it. */
  readonly fingerprint: string;
  readonly name: string;
  /** As it would be typed. */
  readonly address: string;
  /** Null where they are not known. */
  readonly rooms: number | null;
  readonly people: number | null;
  /** Its key was accepted before: that key is asked for, and no other is taken. */
  readonly known: boolean;
  /** Addresses at which its key was accepted, as typed. */
  readonly formerly: readonly string[];
}

/** Why joining did not work. */
export interface JoinProblem {
  /** As the exit of the headless client: `wrong-pin`, `name-taken`, `unreachable`… */
  readonly code: string;
  /** What happened: a whole sentence without full stop. */
  readonly message: string;
  /** What to do. */
  readonly advice: string;
  /** Which field of the form to mend. */
  readonly field: "server" | "name" | "room" | "pin" | "ownerPin" | null;
}

export interface Introduction {
  readonly server: string;
  /** SHA-256 of the server's public key, hex. */
  readonly fingerprint: string;
  /** The same as words, to be compared with the server's own screen. */
  readonly words: readonly string[];
}

/** What a server says about itself before one joins. */
export interface Lobby {
  /** As it was typed. */
  readonly server: string;
  readonly state: "asking" | "known" | "unknown";
  readonly needsPin: boolean;
  /** Rooms with somebody in them; empty where a PIN is needed. */
  readonly rooms: readonly { readonly name: string; readonly people: number }[];
}

export interface MeetingState {
  readonly room: string;
  readonly server: string;
  readonly fingerprintWords: readonly string[];
  readonly voice: "opus" | "l16";
  /** One's own id. */
  readonly self: number;
  /** Oneself first, then in the order of joining. */
  readonly people: readonly PersonState[];
  readonly microphone: SourceState;
  readonly camera: SourceState;
  readonly quality: PictureQuality;
  readonly qualities: readonly PictureQuality[];
  /** Nobody new comes in. */
  readonly locked: boolean;
  /** Null while nobody presents. */
  readonly presenting: PresentingState | null;
  /** Who asks to present, in the order they asked; to the presenter alone. */
  readonly askingToPresent: readonly AskingState[];
  /** One asked the presenter to hand over, and has no answer yet. */
  readonly asked: boolean;
  /** One's own turn to present; null where one does not. */
  readonly ownShare: OwnShareState | null;
  /** Who was removed and cannot come back; to the host alone. */
  readonly removed: readonly string[];
  /** Null while connected. */
  readonly comingBack: ComingBack | null;
  /** Null until it is joined. */
  readonly invitation: Invitation | null;
}

/** How others come into the room. */
export interface Invitation {
  /** `fusionmeet://…`, with the fingerprint of the server's key. */
  readonly link: string;
  /** The server's page about the room, for a phone: it says how to join. */
  readonly page: string;
  /** No other computer reaches the server at that address. */
  readonly isOnlyHere: boolean;
}

export interface PresentingState {
  /** The share's id. */
  readonly share: number;
  readonly participant: number;
  readonly name: string;
  /** No pictures come: the presenter is away, or their connection is. */
  readonly paused: boolean;
}

/** Somebody who asks to present. */
export interface AskingState {
  readonly participant: number;
  readonly name: string;
}

/** One's own turn to present. */
export interface OwnShareState {
  /** The screen or window; null while nothing is chosen. */
  readonly title: string | null;
  /**
   * `turn`: nothing is chosen; `starting`: nobody sees it yet; `hidden`: its window is minimised; `failed`: it cannot be
   * captured just now, and may be again.
   */
  readonly state: "turn" | "starting" | "showing" | "hidden" | "failed";
  /** When the turn is over if nothing is shown by then, epoch ms; null once something is chosen. */
  readonly endsAt: number | null;
}

/** A screen, monitor or window that can be shown. */
export interface ScreenChoiceState {
  readonly id: string;
  readonly kind: "screen" | "monitor" | "window";
  readonly title: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** FusionMeet's own window: it would be seen in itself. */
  readonly isOwn: boolean;
  /** `data:image/…`; null until there is one. */
  readonly thumbnail: string | null;
}

export interface PersonState {
  readonly id: number;
  readonly name: string;
  readonly microphone: boolean;
  readonly camera: boolean;
  /** Their connection is lost and may come back. */
  readonly away: boolean;
  readonly speaking: boolean;
  /** Leads the room. */
  readonly host: boolean;
  readonly presenter: boolean;
}

export interface SourceState {
  /** False where there is nothing to switch on. */
  readonly exists: boolean;
  /** What the user wants. */
  readonly on: boolean;
  /** Why it does not deliver although it is on: a whole sentence. */
  readonly problem: string | null;
}

/** Size and rate of a camera's picture. */
export interface PictureQuality {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
}

export interface ComingBack {
  /** Why the connection was lost, in words. */
  readonly reason: string;
  /** Epoch ms. */
  readonly lostAt: number;
  /** When it stops trying, epoch ms. */
  readonly givesUpAt: number;
}

export interface LeftState {
  /** Nothing to explain where one left by oneself. */
  readonly problem: JoinProblem | null;
  readonly room: string;
}

/** One entry of the chat column. */
export type ChatEntry =
  | {
    readonly kind: "line";
    /** Unique; a line keeps it from being sent to being stored. */
    readonly mark: string;
    /** Its place in the room's order; null until the server has it. */
    readonly id: number | null;
    /** Epoch ms. */
    readonly at: number;
    readonly from: string;
    readonly own: boolean;
    readonly text: string;
    /** `unsent`: not under way any more; it can be tried again or thrown away. */
    readonly state: "stored" | "sending" | "unsent";
    /** Why it is unsent. */
    readonly problem: string | null;
    /** It was said before one came in, and is no news. */
    readonly past?: boolean;
  }
  | {
    readonly kind: "notice";
    readonly mark: string;
    readonly at: number;
    readonly notice: "joined" | "left" | "lost" | "removed" | "shared";
    readonly name: string;
    /** `shared`: what. */
    readonly file?: Pick<FileEntry, "id" | "name">;
  };

/** Figures of the meeting, once a second; times in ms, absent while unknown. */
export interface WindowStatistics {
  readonly rttMs: number;
  /** Of the pictures that are received, by person. */
  readonly pictures: readonly {
    readonly participant: number;
    readonly width: number;
    readonly height: number;
    readonly fps: number;
    readonly lost: number;
    readonly repaired: number;
    /** Capture to complete arrival. */
    readonly delayMs?: number;
  }[];
  /** Of the voices that are heard: microphone to ear, and sound early against the picture as shown. */
  readonly voices: readonly {
    readonly participant: number;
    readonly delayMs: number;
    readonly skewMs?: number;
  }[];
  /** Playout buffer, the sound device's own included. */
  readonly playoutDelayMs: number;
  /** Silence that the sound device played because nothing was there, ms in all. */
  readonly missedMs: number;
}
