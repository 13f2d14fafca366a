import type { Consumption } from "@fusionmeet/bridge";
import type { CameraCodec, MasterKey } from "@fusionmeet/protocol";
import type { Quality } from "../capture/sources.ts";

/** What the client's control side tells its media engine (which lives in a worker). */
export type EngineCommand =
  | {
    do: "connect";
    /** One's own id: tells one's own picture key in `keys`, and whose totals go on after a reconnect. */
    participant: number;
    /** Numeric: no names are looked up on the way. */
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
  /** Size and rate of one's own pictures from now on. A camera that runs is started anew: its stream goes on. */
  | { do: "quality"; quality: Quality }
  /** One's own coded pictures are wanted as `preview` events, from the next keyframe on, or no longer. */
  | { do: "preview"; on: boolean }
  /** What one's own camera sends from now on; `h264` at first. Pictures of the other codec are dropped at once. */
  | { do: "camera.codec"; codec: CameraCodec }
  /** From `stream.ready`; answered to the server by `stream.ack` once it has taken effect. */
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
  | { do: "keys.use"; epoch: number }
  /** What the sound device did, every 10 ms: the clock of the playout while it comes. See `DevicePlayout`. */
  | { do: "played"; consumption: Consumption }
  /** The server's `mix.map` as it came: makes `voiceDelayMs` and `skewMs`. Times in ms of the server's media clock. */
  | {
    do: "mix.map";
    list: { participant: number; capturedAtMs: number; mixTimestamp: number }[];
  }
  /** Answered by the event of that number when all commands before it have taken effect. */
  | { do: "fence"; number: number };

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
  /** Camera: capture to complete arrival of the newest picture, ms; absent until clocks are synchronised. */
  delayMs?: number;
}

/** How long one person's voice takes from their microphone to this ear, and how it lies to their picture. */
export interface VoiceDelay {
  participant: number;
  /** From capture to playout, ms; within about half the round-trip time's asymmetry. */
  voiceDelayMs: number;
  /** Picture delay minus voice delay, ms: positive when the sound is early (ITU-R BT.1359). Absent without a picture. */
  skewMs?: number;
}

/** How the sound device does. */
export interface DeviceFigures {
  readonly generation: number;
  /** From the jitter buffer to the ear, ms. */
  readonly delayMs: number;
  /** Times it had nothing to play, of all devices so far. */
  readonly underruns: number;
  /** How long it had nothing to play in all, since it first played, ms; of all devices so far. */
  readonly missedMs: number;
}

/** How well the server's media clock is known here. */
export interface ClockFigures {
  /** Server media clock minus local clock, ms. */
  offsetMs: number;
  /** Round-trip time of the exchange it comes from, ms. */
  rttMs: number;
  /** The offset is right within this, ms. */
  uncertaintyMs: number;
}

/** What the engine tells the rest of the client. Buffers are transferred, not copied. Times are epoch ms unless said. */
export type EngineEvent =
  | { event: "bound" }
  /** All commands before the `fence` of that number have taken effect. */
  | { event: "fence"; number: number }
  /**
   * s16, 48 kHz mono. `atMs`: where it stands on the recorded line, which is that of our own clock or, within 100 ms, the
   * sound device's. Contiguous: each starts where the one before ended. `generation`: it is to be sent to the sound device
   * that reports with it; absent: nobody plays it.
   */
  | { event: "mix"; pcm: Int16Array; atMs: number; generation?: number }
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
  /** A picture of one's own camera as it is sent, while that is wanted; the first one is a keyframe. A copy. */
  | {
    event: "preview";
    codec: string;
    keyframe: boolean;
    bytes: Uint8Array;
    /** Of the capture, 90 kHz, like that of a picture; not comparable with those of others. */
    timestamp: number;
  }
  /** Five times a second: talkers in the mix now with their levels (-127..0 dBov), and one's own. */
  | { event: "levels"; list: { ssrc: number; level: number }[]; own: number; speaking: boolean }
  | {
    event: "statistics";
    streams: StreamStatistics[];
    counters: Record<string, number>;
    /** 0 until the clocks are synchronised. */
    rttMs: number;
    /** When the first sample of the microphone was captured, epoch ms; 0 before. */
    micStartedAt: number;
    /** Whoever is in the newest `mix.map`. */
    voices: VoiceDelay[];
    clock?: ClockFigures;
    /** While a sound device's reports clock the playout. Its delay is part of `voiceDelayMs`, not of `playoutDelayMs`. */
    device?: DeviceFigures;
  }
  | CaptureEvent
  /** The engine itself is broken (our mistake): no more events follow, the client ends with this sentence. */
  | { event: "engine.failed"; message: string; stack?: string };

/** What happens to a device or file that is being captured; the meeting goes on in every case. */
export type CaptureEvent =
  /** It works (again). */
  | { event: "capture.running"; kind: CaptureKind }
  /** It broke and is tried again; `message` is a whole sentence with ffmpeg's last words and what to do. */
  | { event: "capture.retrying"; kind: CaptureKind; message: string }
  /** It broke and is not tried again until it is switched off and on. */
  | { event: "capture.failed"; kind: CaptureKind; message: string };

export type CaptureKind = "microphone" | "camera";
