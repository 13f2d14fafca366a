import type { Random } from "@fusionmeet/base";
import type { Timers } from "@fusionmeet/net";
import type { MeetingStore } from "@fusionmeet/store";
import type { MediaPlaneHandle } from "./media/handle.ts";
import type { ChatWriter } from "./chat_writer.ts";
import type { ServerLog } from "./log.ts";
import type { Shelf } from "./files/shelf.ts";
import type { SsrcSource } from "./ssrcs.ts";

/** What the control plane stands on; tests give fakes. */
export interface ServerParts {
  readonly store: Pick<
    MeetingStore,
    "findRoom" | "keepRoom" | "latestLine" | "append" | "linesAfter"
  >;
  readonly chatWriter: ChatWriter;
  readonly shelf: Shelf;
  readonly plane: Pick<MediaPlaneHandle, "address" | "command" | "streamState">;
  readonly log: ServerLog;
  readonly timers: Timers;
  /** For keys and tokens. */
  readonly random: Random;
  /** The wall clock, epoch ms. */
  readonly epochMs: () => number;
  readonly ssrcs: SsrcSource;
  readonly settings: RoomSettings;
  /** Where others on the network reach this server now, likeliest first. */
  readonly addresses: () => readonly string[];
}

/** What the operator decides about rooms. */
export interface RoomSettings {
  /** In one room. */
  readonly participantsMax: number;
  readonly voice: "opus" | "l16";
  /** Everybody needs it to come in; absent: nobody does. */
  readonly pin?: string;
  /** Whoever shows it is the host; absent: whoever was first. */
  readonly ownerPin?: string;
  /** What people call this server. */
  readonly serverName?: string;
}
