/** A program that only has media: the page's built worker and worklet, fed with a tone and with numbered pictures. */
import { join } from "node:path";
import {
  type Consumption,
  decodeConsumption,
  encodePictureFrame,
  encodeVoiceFrame,
  MEDIA_SOCKET_PATH,
  type PictureCodec,
} from "@fusionmeet/bridge";
import { FlvDemuxer, MpjpegDemuxer } from "@fusionmeet/media";
import { DevicePlayout, type PlayoutBlock } from "../../client/media/device_playout.ts";
import { tone } from "./audio.ts";
import { pictureMaker, type TestVideo } from "./picture.ts";
import { run } from "./programs.ts";
import { TemporaryDirectory, until } from "./wait.ts";

const ROOT = join(import.meta.dirname!, "../..");
const ENTRIES = [
  "client/webview/media/media_test_page.ts",
  "client/webview/media.worker.ts",
  "client/webview/playout.worklet.ts",
];
const KEY = "the key of a test";
const FPS = 30;
const GOP = 15;
const BLOCK = 480;
const HTML = `<!doctype html><title>media</title><button>Join</button><main></main>
<style>main{display:grid;grid-template-columns:repeat(3,1fr);gap:4px}canvas{width:100%}</style>
<script type="module" src="/media/media_test_page.js"></script>`;

/** What the page's `fusionmeetFigures()` gives; see `PageMediaFigures` there. */
export interface Figures {
  readonly voice: {
    readonly state: string;
    readonly underruns: number;
    readonly missedSamples: number;
    readonly bufferedMs: number;
    readonly outputLatencyMs: number;
  };
  readonly pictures: readonly {
    readonly participant: number;
    readonly codec: string;
    readonly width: number;
    readonly height: number;
    readonly received: number;
    readonly drawn: number;
    readonly overtaken: number;
    readonly dropped: number;
    readonly decoderErrors: number;
    readonly decodeQueue: number;
  }[];
}

/** What a page says of itself. */
export interface Told {
  readonly decoders: { readonly h264: boolean };
  readonly problems: readonly string[];
  readonly figures: Figures;
  /** Participant, RTP timestamp and epoch ms of the pictures drawn since. */
  readonly drawn: readonly (readonly [number, number, number])[];
}

/** A coded film: picture `n` shows the number `n`. */
export interface Film {
  readonly codec: PictureCodec;
  readonly pictures: readonly { readonly bytes: Uint8Array; readonly keyframe: boolean }[];
}

type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** Made once: all tests have the same. */
let bundled: Promise<Files> | undefined;

async function bundle(): Promise<Files> {
  await using folder = new TemporaryDirectory();
  const entries = ENTRIES.map((entry) => join(ROOT, entry));
  const flags = ["--quiet", "--platform", "browser", "--minify", "--outdir", folder.path];
  await run(Deno.execPath(), ["bundle", ...flags, ...entries]);
  return new Map(ENTRIES.map((entry) => {
    const name = entry.slice("client/webview".length).replace(/ts$/, "js");
    return [name, Deno.readFileSync(folder.path + name)];
  }));
}

interface Show {
  readonly participant: number;
  readonly film: Film;
  readonly waitMs: number;
  readonly fromMs: number;
  /** Pictures so far. */
  at: number;
}

export class MediaPage implements AsyncDisposable {
  /** What the sound device said, newest last. */
  readonly reports: Consumption[] = [];
  /** Sample rates apart, what was sent is one tone. */
  readonly hz = 440;
  readonly dbfs = -12;
  /** Blocks that were due and not wanted by the device. */
  unwantedBlocks = 0;
  sentBlocks = 0;
  readonly #files: Files;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #playout = new DevicePlayout(performance.now());
  readonly #shows: Show[] = [];
  /** When a picture went out, epoch ms, by `participant:timestamp`. */
  readonly sentAt = new Map<string, number>();
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly keys: string[] = [];
  /** What a page opened with `tell` says each second. */
  readonly told: Told[] = [];

  static async start(): Promise<MediaPage> {
    return new MediaPage(await (bundled ??= bundle()));
  }

  private constructor(files: Files) {
    this.#files = files;
    const listen = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(listen, (request) => this.#answer(request));
    this.#tick();
  }

  /** @param options.tell the page says by itself how it does. */
  url(tiles: number, options: { tell?: boolean } = {}): string {
    const settings = new URLSearchParams({ key: KEY, tiles: `${tiles}` });
    if (options.tell) settings.set("tell", "");
    return `http://127.0.0.1:${this.#server.addr.port}/?${settings}`;
  }

  get isConnected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Times a sound device became the clock. */
  get deviceStarts(): number {
    return this.#playout.deviceStarts;
  }

  get device() {
    return this.#playout.figures(performance.now());
  }

  /** Shows the film to the page from now on, again and again. */
  show(participant: number, film: Film, waitMs = 0): void {
    this.hide(participant);
    this.#shows.push({ participant, film, waitMs, fromMs: performance.now(), at: 0 });
  }

  hide(participant: number): void {
    const index = this.#shows.findIndex((each) => each.participant === participant);
    if (index >= 0) this.#shows.splice(index, 1);
  }

  breakSocket(): void {
    this.#socket?.close(1001);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#socket?.close();
    await Promise.race([this.#server.shutdown(), this.#server.finished]);
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/report") {
      this.told.push(await request.json());
      return new Response();
    }
    if (pathname === MEDIA_SOCKET_PATH) return this.#upgrade(request);
    if (pathname === "/") return new Response(HTML, { headers: { "content-type": "text/html" } });
    const file = this.#files.get(pathname);
    if (!file) return new Response("nothing here", { status: 404 });
    return new Response(file, { headers: { "content-type": "text/javascript" } });
  }

  #upgrade(request: Request): Response {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      if (typeof data !== "string") return this.#reported(new Uint8Array(data));
      this.keys.push(data);
      if (data === KEY) this.#socket = socket;
      else socket.close(4003);
    };
    return response;
  }

  #reported(frame: Uint8Array): void {
    const report = decodeConsumption(frame);
    if (!report) throw new Error(`The page sent a frame of kind ${frame[0]}`);
    this.reports.push(report);
    this.#play(this.#playout.played(report, performance.now()));
  }

  #play(blocks: readonly PlayoutBlock[]): void {
    for (const { generation } of blocks) {
      if (generation === undefined) {
        this.unwantedBlocks++;
        continue;
      }
      const atSeconds = this.sentBlocks++ * BLOCK / 48_000;
      const pcm = tone({ hz: this.hz, dbfs: this.dbfs, seconds: BLOCK / 48_000, atSeconds });
      this.#send(encodeVoiceFrame(pcm, generation));
    }
  }

  readonly #tick = (): void => {
    const nowMs = performance.now();
    this.#play(this.#playout.take(nowMs));
    for (const show of this.#shows) {
      while (show.fromMs + show.at * 1_000 / FPS <= nowMs) this.#showNext(show);
    }
    this.#timer = setTimeout(this.#tick, 5);
  };

  #showNext(show: Show): void {
    const { participant, film: { codec, pictures }, waitMs } = show;
    const timestamp = (0xffff_0000 + show.at * 90_000 / FPS) >>> 0;
    const picture = pictures[show.at++ % pictures.length];
    this.sentAt.set(`${participant}:${timestamp}`, performance.timeOrigin + performance.now());
    this.#send(
      encodePictureFrame({
        participant,
        codec,
        timestamp,
        waitMs,
        sentAtMs: Date.now(),
        ...picture,
      }),
    );
  }

  #send(frame: Uint8Array): void {
    if (this.isConnected) this.#socket!.send(frame as Uint8Array<ArrayBuffer>);
  }
}

/** The page is there and has opened its media socket. */
export async function connected(page: MediaPage): Promise<void> {
  await until("the page's media socket", () => page.isConnected, { timeoutMs: 20_000 });
}

/** So many pictures of `video`, as a camera would send them. */
export async function makeFilm(
  codec: "h264" | "jpeg",
  video: TestVideo,
  count: number,
): Promise<Film> {
  const draw = pictureMaker(video);
  const raw = new Uint8Array(count * video.width * video.height * 3 / 2);
  for (let frame = 0; frame < count; frame++) raw.set(draw(frame), frame * raw.length / count);
  const input = [
    ..."-v error -f rawvideo -pix_fmt yuv420p".split(" "),
    ...["-s", `${video.width}x${video.height}`, "-r", String(FPS), "-i", "pipe:0"],
  ];
  if (codec === "jpeg") {
    const output = "-c:v mjpeg -pix_fmt yuvj420p -q:v 3 -f mpjpeg pipe:1".split(" ");
    const pictures = new MpjpegDemuxer().push(await run("ffmpeg", [...input, ...output], raw));
    return { codec, pictures: pictures.map((bytes) => ({ bytes, keyframe: true })) };
  }
  const output = [
    ..."-c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline".split(" "),
    ...["-g", String(GOP), "-x264-params", "sliced-threads=0:slices=1", "-f", "flv", "pipe:1"],
  ];
  const pictures = new FlvDemuxer().push(await run("ffmpeg", [...input, ...output], raw));
  return { codec, pictures };
}
