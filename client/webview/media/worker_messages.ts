import type { PictureFrame, ScreenFrame } from "@fusionmeet/bridge";

/** What the page tells its media worker. */
export type ToMediaWorker =
  /** The first message: opens the media socket and keeps it open. */
  | { readonly do: "open"; readonly socketUrl: string; readonly key: string }
  /** Opens it again after another page had taken it. */
  | { readonly do: "reconnect" }
  /** A worklet began; `port` leads to it. The one before is gone. */
  | { readonly do: "worklet"; readonly port: MessagePort }
  /** From the worklet to the ear, ms. */
  | { readonly do: "latency"; readonly outputLatencyMs: number };

/** A coded picture whose wait is over; `bytes` are the receiver's. */
export type DuePicture = PictureFrame;

/** What the media worker tells its page. */
export type FromMediaWorker =
  | { readonly say: "picture"; readonly picture: DuePicture }
  /** Of a shared screen; at once. Its bytes are the receiver's. */
  | { readonly say: "screen"; readonly frame: ScreenFrame }
  /** A few times a second while a worklet reports. */
  | { readonly say: "voice"; readonly report: WorkletReport }
  /** The program closed the media socket for good: a whole sentence. */
  | { readonly say: "problem"; readonly message: string };

/** What the worklet did since it began `generation`; counts in samples but for `underruns`. */
export interface WorkletReport {
  readonly generation: number;
  readonly playedSamples: number;
  readonly missedSamples: number;
  /** Times it ran dry since the worklet was made. */
  readonly underruns: number;
  readonly bufferedSamples: number;
  /** The least that waited since the report before. */
  readonly reserveSamples: number;
  /** What it wants to wait there. */
  readonly targetSamples: number;
}

export const WORKLET_REPORT_LENGTH = 7;

/** A worklet's port gets a number (the generation that begins) or s16 samples, and gives this array, filled in place. */
export type WorkletReportArray = Float64Array;

export function writeReport(array: WorkletReportArray, report: WorkletReport): void {
  array[0] = report.generation;
  array[1] = report.playedSamples;
  array[2] = report.missedSamples;
  array[3] = report.underruns;
  array[4] = report.bufferedSamples;
  array[5] = report.reserveSamples;
  array[6] = report.targetSamples;
}

export function readReport(array: WorkletReportArray): WorkletReport {
  const [generation, playedSamples, missedSamples, underruns, ...waiting] = array;
  const [bufferedSamples, reserveSamples, targetSamples] = waiting;
  const played = { generation, playedSamples, missedSamples, underruns };
  return { ...played, bufferedSamples, reserveSamples, targetSamples };
}
