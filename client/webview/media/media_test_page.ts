/** The page of tests/support/media_page.ts: tiles, a button that starts the sound, and nothing else. */
import { PageMedia, testDecoders } from "./page_media.ts";

declare global {
  var mediaPage: {
    readonly media: PageMedia;
    readonly decoders: { readonly h264: boolean };
    readonly problems: readonly string[];
    /** Participant, RTP timestamp and epoch ms of every picture drawn since the last call. */
    takeDrawn(): readonly (readonly [number, number, number])[];
    attach(participant: number): void;
    detach(participant: number): void;
  };
}

/** Of a second: nine tiles at 60 pictures. */
const TOLD_DRAWN_MAX = 540;

const settings = new URLSearchParams(location.search);
const problems: string[] = [];
const decoders = await testDecoders();
const media = new PageMedia({
  decoders,
  key: settings.get("key") ?? "",
  socketUrl: location.origin.replace(/^http/, "ws") + "/media",
  onProblem: (message) => problems.push(message),
});
const drawn: [number, number, number][] = [];
const latest = new Map<number, number>();
const attached = new Map<number, () => void>();

function collect(): void {
  for (const { participant, drawnTimestamp, drawnAtMs } of media.figures().pictures) {
    if (drawnTimestamp < 0 || latest.get(participant) === drawnTimestamp) continue;
    latest.set(participant, drawnTimestamp);
    drawn.push([participant, drawnTimestamp, performance.timeOrigin + drawnAtMs]);
  }
  requestAnimationFrame(collect);
}

function attach(participant: number): void {
  const canvas = document.createElement("canvas");
  canvas.id = `tile-${participant}`;
  document.querySelector("main")!.append(canvas);
  const detach = media.attach(participant, canvas);
  attached.set(participant, () => {
    detach();
    canvas.remove();
  });
}

document.querySelector("button")!.onclick = () => media.startVoice();
globalThis.mediaPage = {
  media,
  problems,
  decoders,
  takeDrawn: () => drawn.splice(0),
  attach,
  detach: (participant) => attached.get(participant)?.(),
};
for (let tile = 1; tile <= Number(settings.get("tiles")); tile++) attach(tile);
requestAnimationFrame(collect);
document.title = `h264 ${globalThis.mediaPage.decoders.h264}`;

/** For whoever cannot ask the page: a webview has no debugger. */
async function tell(): Promise<void> {
  const report = {
    decoders: globalThis.mediaPage.decoders,
    problems,
    figures: media.figures(),
    drawn: drawn.slice(-TOLD_DRAWN_MAX),
  };
  drawn.length = 0;
  await fetch("/report", { method: "POST", body: JSON.stringify(report) });
}

if (settings.has("tell")) setInterval(() => tell().catch(() => {}), 1_000);
