import {
  decodePictureFrame,
  decodeScreenFrame,
  decodeVoiceFrame,
  encodeConsumption,
  FRAME_KIND,
  type PictureFrame,
} from "@fusionmeet/bridge";
import { PictureHold } from "./picture_hold.ts";
import {
  type FromMediaWorker,
  readReport,
  type ToMediaWorker,
  type WorkletReportArray,
} from "./worker_messages.ts";

/** A socket that broke is opened again after this. */
export const REDIAL_MS = 500;
/** The page is told how the sound does so often. */
const VOICE_FIGURES_MS = 250;
/** The program's words for: another page has taken this one's place; the key is not (or no longer) good. */
export const CLOSED_ELSEWHERE = 4009;
export const CLOSED_NOT_WELCOME = 4003;

type Timer = ReturnType<typeof setTimeout>;

/** What the worker has that a test has not. */
export interface MediaSocketPlace {
  openSocket(url: string): WebSocket;
  nowMs(): number;
  setTimer(run: () => void, ms: number): Timer;
  clearTimer(timer: Timer): void;
  readonly firstGeneration: number;
  post(message: FromMediaWorker, transfer: Transferable[]): void;
}

/**
 * The media socket, in a worker of its own so that nothing the page does holds up the sound: voice goes on to the
 * worklet and its reports back, pictures go on to the page when their wait is over, shared screens at once.
 */
export class MediaSocket {
  readonly #place: MediaSocketPlace;
  readonly #hold = new PictureHold<PictureFrame>();
  #address: { socketUrl: string; key: string } | undefined;
  #socket: WebSocket | undefined;
  #isOpen = false;
  #worklet: MessagePort | undefined;
  #generation: number;
  #outputLatencyMs = 0;
  #figuresAtMs = -Infinity;
  #timer: Timer | undefined;

  constructor(place: MediaSocketPlace) {
    this.#place = place;
    this.#generation = place.firstGeneration >>> 0;
  }

  told(message: ToMediaWorker): void {
    switch (message.do) {
      case "open":
        this.#address = message;
        return this.#dial();
      case "reconnect":
        return this.#dial();
      case "latency":
        this.#outputLatencyMs = message.outputLatencyMs;
        return;
      case "worklet":
        return this.#connectWorklet(message.port);
      default:
        return message satisfies never;
    }
  }

  #dial(): void {
    if (!this.#address || this.#socket) return;
    const { socketUrl, key } = this.#address;
    const socket = this.#place.openSocket(socketUrl);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      socket.send(key);
      this.#isOpen = true;
      this.#beginGeneration();
    };
    socket.onmessage = ({ data }) => this.#take(data);
    socket.onclose = ({ code }) => this.#closed(code);
  }

  #closed(code: number): void {
    this.#socket = undefined;
    this.#isOpen = false;
    if (code === CLOSED_ELSEWHERE) return;
    if (code !== CLOSED_NOT_WELCOME) {
      this.#place.setTimer(() => this.#dial(), REDIAL_MS);
      return;
    }
    const message =
      "The page has no sound and pictures: the program does not know its key, reload the page";
    this.#place.post({ say: "problem", message }, []);
  }

  #take(data: unknown): void {
    if (!(data instanceof ArrayBuffer)) return;
    const frame = new Uint8Array(data);
    if (frame[0] === FRAME_KIND.voice) return this.#takeVoice(frame);
    if (frame[0] === FRAME_KIND.screen) return this.#takeScreen(frame, data);
    const picture = decodePictureFrame(frame);
    if (!picture) return;
    this.#hold.push(picture, this.#place.nowMs());
    this.#showDue();
  }

  #takeVoice(frame: Uint8Array): void {
    const voice = decodeVoiceFrame(frame);
    // What was meant for an earlier generation is not counted by this one.
    if (voice?.generation !== (this.#generation & 0xff)) return;
    this.#worklet?.postMessage(voice.pcm, [voice.pcm.buffer as ArrayBuffer]);
  }

  #takeScreen(frame: Uint8Array, buffer: ArrayBuffer): void {
    const screen = decodeScreenFrame(frame);
    if (screen) this.#place.post({ say: "screen", frame: screen }, [buffer]);
  }

  // ---- pictures

  #showDue(): void {
    const nowMs = this.#place.nowMs();
    for (const picture of this.#hold.take(nowMs)) {
      this.#place.post({ say: "picture", picture }, [picture.bytes.buffer as ArrayBuffer]);
    }
    if (this.#timer !== undefined) this.#place.clearTimer(this.#timer);
    this.#timer = undefined;
    const { nextDueMs } = this.#hold;
    if (nextDueMs === Infinity) return;
    this.#timer = this.#place.setTimer(() => this.#showDue(), Math.max(0, nextDueMs - nowMs));
  }

  // ---- voice

  #connectWorklet(port: MessagePort): void {
    if (this.#worklet) this.#worklet.onmessage = null;
    this.#worklet = port;
    port.onmessage = ({ data }: MessageEvent<WorkletReportArray>) => this.#reported(data);
    this.#beginGeneration();
  }

  /** What is under way to the worklet when a socket breaks is lost: the count begins anew. */
  #beginGeneration(): void {
    this.#generation = (this.#generation + 1) >>> 0;
    this.#worklet?.postMessage(this.#generation);
  }

  #reported(array: WorkletReportArray): void {
    const report = readReport(array);
    if (report.generation !== this.#generation) return;
    if (this.#isOpen) {
      const outputLatencyMs = this.#outputLatencyMs;
      const consumption = encodeConsumption({ ...report, outputLatencyMs });
      this.#socket?.send(consumption as Uint8Array<ArrayBuffer>);
    }
    const nowMs = this.#place.nowMs();
    if (nowMs - this.#figuresAtMs < VOICE_FIGURES_MS) return;
    this.#figuresAtMs = nowMs;
    this.#place.post({ say: "voice", report }, []);
  }
}
