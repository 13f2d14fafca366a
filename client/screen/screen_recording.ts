import { join } from "node:path";
import { messageOf } from "@fusionmeet/base";
import { writeFileAtomically } from "@fusionmeet/store";
import type { StreamStatistics } from "../media/commands.ts";
import type { RecordFile } from "../record_file.ts";
import type { ExactPicture } from "./exact_picture.ts";
import { encodePng } from "./png.ts";
import type { ScreenArrival } from "./screen_view.ts";

/** The exact picture is written no more often than this. */
export const STILL_EVERY_MS = 1_000;
const FPS_OVER_MS = 1_000;

export interface ScreenRecordingOptions {
  readonly directory: string;
  /** Of the presenter, safe for a file. */
  readonly baseName: string;
  /** For the pixels of what is shared now: the recordings of all screens use it, in turn. */
  readonly exact: ExactPicture;
  readonly open: (fileName: string) => RecordFile;
  readonly epochMs: () => number;
  /** The disk takes no more of that file. */
  readonly tooSlow: (fileName: string) => void;
  readonly trouble: (fileName: string, sentence: string) => void;
}

/** One person's shared screens as files: NAME.screen.h264 with its pictures, and NAME.still.png with its last exact state. */
export class ScreenRecording {
  readonly #options: ScreenRecordingOptions;
  readonly #pictures: RecordFile;
  /** The exact picture is this one's, from a format up to `rest()`. */
  #isOn = false;
  #size = { width: 0, height: 0 };
  #awaitsKeyframe = true;
  /** The exact picture is whole, and not on the disk like this. */
  #hasNews = false;
  #stillAtMs = -Infinity;
  #saving: Promise<void> = Promise.resolve();
  #share = 0;
  #totals = { participant: 0, packets: 0, bytes: 0, delayMs: 0 };
  #pictureTimes: number[] = [];

  constructor(options: ScreenRecordingOptions) {
    this.#options = options;
    this.#pictures = options.open(this.#pictureFile);
  }

  get #pictureFile(): string {
    return `${this.#options.baseName}.screen.h264`;
  }

  take({ share, participant, message, serverMinusLocalMs }: ScreenArrival): void {
    if (share !== this.#share) this.#awaitsKeyframe = true;
    this.#share = share;
    this.#totals.participant = participant;
    this.#totals.packets++;
    this.#totals.bytes += message.bytes.length;
    const { exact } = this.#options;
    if (message.type === "format") {
      const { width, height } = message;
      exact.begin(message);
      this.#size = { width, height };
      this.#isOn = true;
      this.#hasNews = false;
    } else if (message.type === "picture") {
      const nowMs = this.#options.epochMs();
      this.#pictureTimes.push(nowMs);
      if (!Number.isNaN(serverMinusLocalMs)) {
        this.#totals.delayMs = nowMs + serverMinusLocalMs - message.capturedAtMs;
      }
      this.#append(message.accessUnit, message.keyframe);
    }
    if (!this.#isOn) return;
    exact.take(message);
    if (message.type === "tiles" && exact.isWhole) this.#hasNews = true;
    else if (!exact.isWhole) this.#hasNews = false;
  }

  /** Somebody else's screen is shared: what is known is written, and nothing held until a format comes again. */
  rest(): void {
    this.#saveStill(this.#options.epochMs());
    this.#isOn = false;
    this.#awaitsKeyframe = true;
    void this.#pictures.rest();
  }

  /** Writes what waits. */
  async flush(): Promise<void> {
    const nowMs = this.#options.epochMs();
    if (nowMs - this.#stillAtMs >= STILL_EVERY_MS) this.#saveStill(nowMs);
    await Promise.all([this.#pictures.flush(), this.#saving]);
  }

  async close(): Promise<void> {
    this.#saveStill(this.#options.epochMs());
    await Promise.all([this.#pictures.close(), this.#saving]);
  }

  /** A line of stats.json. */
  get statistics(): StreamStatistics {
    const nowMs = this.#options.epochMs();
    this.#pictureTimes = this.#pictureTimes.filter((atMs) => nowMs - atMs < FPS_OVER_MS);
    return {
      ...this.#totals,
      ...this.#size,
      ...{ kind: "screen", layer: "high", codec: "h264", ssrc: 0 },
      ...{ lost: 0, late: 0, repaired: 0, concealed: 0, jitterMs: 0, playoutDelayMs: 0 },
      ...{ fps: this.#pictureTimes.length, freezes: 0, longestFreezeMs: 0 },
    };
  }

  #append(accessUnit: Uint8Array, keyframe: boolean): void {
    if (this.#awaitsKeyframe && !keyframe) return;
    this.#awaitsKeyframe = !this.#pictures.append(accessUnit);
    if (this.#awaitsKeyframe) this.#options.tooSlow(this.#pictureFile);
  }

  #saveStill(nowMs: number): void {
    if (!this.#hasNews) return;
    this.#hasNews = false;
    this.#stillAtMs = nowMs;
    const { directory, baseName, trouble, exact: { grid: { width, height }, rgba } } =
      this.#options;
    const fileName = `${baseName}.still.png`;
    const png = encodePng({ width, height, rgba });
    this.#saving = this.#saving.then(() => writeFileAtomically(join(directory, fileName), png))
      .catch(
        (thrown) => trouble(fileName, `Cannot write ${fileName}: ${messageOf(thrown)}`),
      );
  }
}
