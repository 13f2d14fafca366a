import type { MasterKey } from "@fusionmeet/protocol";

/** The SSRCs of one seat, given by the server, unique in it and never used again. */
export interface SeatSsrcs {
  /** The participant's SRTCP. */
  readonly feedback: number;
  /** The server's SRTCP to this participant (also under the link key). */
  readonly serverFeedback: number;
  readonly microphone: number;
  readonly camera: number;
  readonly cameraLow: number;
  /** The mix made for this listener alone. */
  readonly ownMix: number;
}

/** What the control plane tells the media plane. Numbers named room, participant are ids of the control plane. */
export type PlaneCommand =
  | {
    do: "room.open";
    room: number;
    epoch: number;
    mixKey: MasterKey;
    sharedMixSsrc: number;
    voice: "opus" | "l16";
  }
  | { do: "room.close"; room: number }
  | {
    do: "participant.add";
    room: number;
    participant: number;
    epoch: number;
    linkKey: MasterKey;
    pictureKey: MasterKey;
    ssrcs: SeatSsrcs;
  }
  /** Also on every reconnect, before the new `participant.add` (new keys, new SSRCs). */
  | { do: "participant.remove"; participant: number }
  /** A source went on or off as the participant says; off also ends what the plane keeps of it. */
  | { do: "source"; participant: number; kind: "microphone" | "camera"; on: boolean }
  /** Answered by `stream.state`: where that ssrc (a camera or a mix) is now. */
  | { do: "stream.query"; request: number; ssrc: number }
  /** `viewer` acknowledged `ssrc`: replay its GOP paced, then live; for a mix, start sending it. */
  | { do: "subscribe"; viewer: number; ssrc: number }
  | { do: "unsubscribe"; viewer: number; ssrc: number }
  /** New keys of a room: opens packets of both epochs; seals with the new one from `room.rekey.use` on. */
  | {
    do: "room.rekey";
    room: number;
    epoch: number;
    mixKey: MasterKey;
    pictureKeys: { participant: number; key: MasterKey }[];
  }
  | { do: "room.rekey.use"; room: number; epoch: number }
  /** Answered by `statistics`. */
  | { do: "statistics" }
  /** Answered by `decisions`: what the room's jitter buffers and mix decided in the last 10 s. */
  | { do: "decisions"; room: number };

/** What the media plane tells the control plane. */
export type PlaneEvent =
  | { event: "bound"; participant: number; hostname: string; port: number }
  | {
    event: "stream.state";
    request: number;
    ssrc: number;
    epoch: number;
    roc: number;
    sequence: number;
  }
  /** The plane does not know the ssrc of a `stream.query` (its owner has left). */
  | { event: "stream.unknown"; request: number; ssrc: number }
  /** Once a second per room with talkers. Times in ms of the media clock. */
  | {
    event: "mix.map";
    room: number;
    list: { participant: number; capturedAtMs: number; mixTimestamp: number }[];
  }
  | { event: "statistics"; statistics: PlaneStatistics }
  | { event: "decisions"; room: number; list: PlaneDecision[] }
  /** Our own mistake: the packet or tick it happened in is lost, the plane goes on. For the log. */
  | { event: "fault"; message: string };

/** One line of a decision ring. */
export interface PlaneDecision {
  atMs: number;
  /** Whose jitter buffer; 0 for the room's mix. */
  participant: number;
  what: string;
}

/** Totals since the start; percentiles since the last `statistics` command. */
export interface PlaneStatistics {
  /** Drops and other happenings by name. */
  counters: Record<string, number>;
  /** How late the 20 ms ticks ran, ms. */
  tickLatenessMs: { p50: number; p99: number; max: number };
  /** CPU spent per tick on mixing and encoding, ms. */
  tickCostMs: { p50: number; p99: number; max: number };
  ticks: number;
  packetsIn: number;
  packetsOut: number;
  bytesIn: number;
  bytesOut: number;
}
