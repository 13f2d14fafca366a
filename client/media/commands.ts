import type { MasterKey } from "@fusionmeet/protocol";

/** What the client's control side tells its media engine (which lives in a worker). */
export type EngineCommand =
  | {
    do: "connect";
    hostname: string;
    port: number;
    epoch: number;
    linkKey: MasterKey;
    pictureKey: MasterKey;
    ssrcs: {
      feedback: number;
      serverFeedback: number;
      microphone: number;
      camera: number;
      cameraLow: number;
    };
    voice: "opus" | "l16";
  }
  /** The control connection is gone: stop sending, keep playing what is buffered; a new `connect` follows. */
  | { do: "disconnect" }
  | { do: "microphone"; on: boolean }
  | { do: "camera"; on: boolean }
  /** From `stream.ready`; answered to the server by `stream.ack` once this is posted. */
  | {
    do: "stream.open";
    participant: number;
    kind: "camera" | "mix";
    layer: string;
    ssrc: number;
    codec: string;
    epoch: number;
    key: MasterKey;
    roc: number;
    sequence: number;
  }
  | { do: "stream.close"; ssrc: number }
  | { do: "keys"; epoch: number; list: { participant: number; key: MasterKey }[] }
  | { do: "keys.use"; epoch: number };

/** One line of `stats.json`'s `streams`; counts are totals. `participant` is an id; 0 for the mix. */
export interface StreamStatistics {
  participant: number;
  kind: "mix" | "camera" | "screen";
  layer: string;
  codec: string;
  ssrc: number;
  packets: number;
  bytes: number;
  lost: number;
  late: number;
  repaired: number;
  concealed: number;
  fps: number;
  width: number;
  height: number;
  jitterMs: number;
  playoutDelayMs: number;
  freezes: number;
  longestFreezeMs: number;
}

/** What the engine tells the rest of the client. Buffers are transferred, not copied. Times are epoch ms unless said. */
export type EngineEvent =
  | { event: "bound" }
  /** `atMs`: when the first sample is played. Contiguous: each starts where the one before ended; s16, 48 kHz mono. */
  | { event: "mix"; pcm: Int16Array; atMs: number }
  | {
    event: "picture";
    participant: number;
    kind: "camera";
    codec: string;
    keyframe: boolean;
    bytes: Uint8Array;
    timestamp: number;
    receivedAtMs: number;
    /** From capture to complete arrival, by the synchronised clocks; absent until they are. */
    delayMs?: number;
  }
  /** Five times a second: talkers in the mix now with their levels (-127..0 dBov), and one's own. */
  | { event: "levels"; list: { ssrc: number; level: number }[]; own: number; speaking: boolean }
  | {
    event: "statistics";
    streams: StreamStatistics[];
    counters: Record<string, number>;
    rttMs: number;
    micStartedAt: number;
  };
