import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Refusal } from "@fusionmeet/base";
import { FakeTimers } from "@fusionmeet/net";
import { encodeScreenMessage, type ScreenMessage, ScreenMessageReader } from "@fusionmeet/protocol";
import { memoryStreams } from "../../tests/support/memory_stream.ts";
import type { Presenting } from "../room_roles.ts";
import { settle } from "../test_support.ts";
import { LOOK_AGAIN_MS, OwnScreen, type OwnScreenEvent, TURN_WAIT_MS } from "./own_screen.ts";
import type { FromScreenWorker, ScreenFigures, ToScreenWorker } from "./screen_handle.ts";
import type { OpenScreenSource, ScreenInput } from "./screen_input.ts";

const SOURCE: OpenScreenSource = { kind: "window", name: "Editor" };
const FIGURES: ScreenFigures = {
  ...{ pictures: 1, skippedPictures: 0, tiles: 0, pictureBytes: 9, tileBytes: 0 },
  ...{ pendingTiles: 0, lags: 0 },
};
const ADA: Presenting = { share: 7, participant: 1, name: "Ada", paused: false };

/** A client that may share, a server that takes it, and a screen that is the test's. */
class Stage {
  readonly timers = new FakeTimers();
  readonly events: OwnScreenEvent[] = [];
  readonly warnings: string[] = [];
  readonly asked: string[] = [];
  readonly unanswered: string[] = [];
  /** What the capturing threads were told, one after the other. */
  readonly told: ToScreenWorker[] = [];
  readonly received: ScreenMessage[] = [];
  /** What the screen is like; a refusal: it cannot be captured. */
  look: ScreenInput | Refusal = input(640, 480);
  rates: number[] = [];
  say: (message: Exclude<FromScreenWorker, { from: "closed" }>) => void = () => {};
  changed: () => void = () => {};
  watched = 0;
  openShares: number[] = [];
  cut: () => void = () => {};
  readonly screen = new OwnScreen({
    timers: this.timers,
    epochMs: () => this.timers.nowMs(),
    open: (share) => this.#open(share),
    request: () => this.asked.push("request"),
    release: (share) => this.asked.push(`release ${share}`),
    unanswered: (message) => this.unanswered.push(message),
    emit: (event) => this.events.push(event),
    warn: (code, message) => this.warnings.push(`${code}: ${message}`),
    fault: (error) => {
      throw error;
    },
    means: {
      input: (_source, rate) => {
        this.rates.push(rate);
        return this.look instanceof Refusal
          ? Promise.reject(this.look)
          : Promise.resolve(this.look);
      },
      watch: (_source, changed) => {
        this.watched++;
        this.changed = changed;
        return Promise.resolve(() => this.watched--);
      },
      encoder: () =>
        Promise.resolve({
          ffmpeg: "ffmpeg",
          encoder: { codec: "h264", name: "libx264", device: [], upload: "", options: [] },
        }),
      start: (take) => {
        this.say = take;
        return {
          tell: (message) => this.told.push(message),
          close: () => {
            this.told.push({ to: "close" });
            return Promise.resolve();
          },
        };
      },
    },
  });

  #open(share: number) {
    this.openShares.push(share);
    const [here, there] = memoryStreams();
    this.cut = () => there.close();
    void (async () => {
      const reader = new ScreenMessageReader(["format", "picture", "clock.ask"]);
      const buffer = new Uint8Array(1_000);
      for (let size; (size = await there.read(buffer)) !== null;) {
        for (const message of reader.push(buffer.subarray(0, size))) {
          this.received.push(message);
          if (message.type !== "clock.ask") continue;
          const { askedAtMs } = message;
          const answer = { type: "clock.answer", sequence: 0, askedAtMs, serverAtMs: 5 } as const;
          await there.write(encodeScreenMessage(answer));
        }
      }
    })();
    return Promise.resolve(here);
  }

  /** What the thread was told, without its clock. */
  whatTold(): string[] {
    return this.told.filter(({ to }) => to !== "clock").map(({ to }) => to);
  }

  /** Joined; nobody presents. */
  join(): void {
    this.screen.connected();
    this.screen.presenterSaid(undefined, false);
  }

  /** Has lost the connection, and is back. */
  comeBack(): void {
    this.screen.disconnected();
    this.screen.connected();
  }

  async begin(): Promise<void> {
    this.join();
    await this.screen.share(SOURCE);
    this.screen.presenterSaid(ADA, true);
    await settle();
  }

  async pass(ms: number): Promise<void> {
    this.timers.advance(ms);
    await settle();
  }
}

function input(width: number, height: number): ScreenInput {
  return {
    ...{ input: [], filter: "", environment: {}, isOldFfmpeg: false, scaled: false },
    title: "Editor",
    ...{ width, height, source: { ...SOURCE, id: "0x1" } as OpenScreenSource },
  };
}

Deno.test("share() asks for the lock, and captures when it is there, over a connection of the share", async () => {
  const stage = new Stage();
  stage.join();
  await stage.screen.share(SOURCE);
  deepStrictEqual(stage.asked, ["request"]);
  deepStrictEqual(stage.openShares, []);
  stage.screen.presenterSaid(ADA, true);
  await settle();
  deepStrictEqual(stage.openShares, [7]);
  deepStrictEqual(stage.whatTold(), ["start", "capture"]);
  deepStrictEqual(stage.events.at(-1), {
    ...{ event: "screen", on: true, title: "Editor", width: 640, height: 480, status: "showing" },
  });
  stage.say({
    from: "message",
    bytes: encodeScreenMessage({
      ...{ type: "format", sequence: 1, width: 640, height: 480, scaled: false, title: "Editor" },
    }),
  });
  await settle();
  strictEqual(stage.received.at(-1)?.type, "format");
  stage.screen.stop();
  await settle();
  deepStrictEqual(stage.asked, ["request", "release 7"]);
  deepStrictEqual(stage.whatTold(), ["start", "capture", "close"]);
  deepStrictEqual(stage.events.at(-1), { event: "screen", on: false });
  strictEqual(stage.watched, 0);
});

Deno.test("share() of what cannot be captured is refused, and asks for no lock", async () => {
  const stage = new Stage();
  stage.look = new Refusal("no-window", "There is no window Editor");
  await rejects(stage.screen.share(SOURCE), { code: "no-window" });
  deepStrictEqual(stage.asked, []);
});

Deno.test("Without the lock nothing is captured, and what was asked for is forgotten", async () => {
  const stage = new Stage();
  stage.join();
  await stage.screen.share(SOURCE);
  stage.screen.declined();
  strictEqual(stage.screen.source, undefined);
  stage.screen.presenterSaid({ ...ADA, participant: 2 }, false);
  await settle();
  deepStrictEqual(stage.openShares, []);
});

Deno.test("A window that is resized has a new format; minimised it is hidden until it comes back", async () => {
  const stage = new Stage();
  await stage.begin();
  stage.look = input(800, 600);
  stage.changed();
  await stage.pass(0);
  deepStrictEqual(stage.whatTold(), ["start", "capture", "capture"]);
  stage.changed();
  await stage.pass(0);
  deepStrictEqual(stage.whatTold().length, 3, "the same is not captured anew");

  stage.look = new Refusal("window-hidden", "Editor is minimised");
  stage.changed();
  await stage.pass(0);
  deepStrictEqual(stage.told.at(-1), { to: "hold", status: "hidden" });
  ok(stage.events.at(-1)?.on);
  stage.look = input(800, 600);
  await stage.pass(LOOK_AGAIN_MS);
  strictEqual(stage.whatTold().at(-1), "capture");
  deepStrictEqual(stage.warnings, []);
});

Deno.test("A window that is closed ends the share, in words", async () => {
  const stage = new Stage();
  await stage.begin();
  stage.look = new Refusal("no-window", "The window Editor was closed");
  stage.changed();
  await stage.pass(0);
  deepStrictEqual(stage.warnings, ["screen-ended: The window Editor was closed"]);
  deepStrictEqual(stage.asked, ["request", "release 7"]);
  deepStrictEqual(stage.events.at(-1), { event: "screen", on: false });
});

Deno.test("An ffmpeg that ends is started again, and given up when it never shows anything", async () => {
  const stage = new Stage();
  await stage.begin();
  stage.say({ from: "figures", figures: FIGURES });
  stage.say({ from: "ended", lastWords: "the X server went away" });
  await stage.pass(0);
  deepStrictEqual(stage.whatTold(), ["start", "capture", "capture"]);
  for (let count = 0; count < 6; count++) {
    stage.say({ from: "ended", lastWords: "no more" });
    await stage.pass(LOOK_AGAIN_MS);
  }
  deepStrictEqual(stage.warnings.length, 1);
  ok(/\(no more\): choose again/.test(stage.warnings[0]));
});

Deno.test("An ffmpeg that ended is started again also when its last figures come late", async () => {
  const stage = new Stage();
  await stage.begin();
  stage.say({ from: "ended", lastWords: "killed" });
  stage.say({ from: "figures", figures: FIGURES });
  await stage.pass(0);
  deepStrictEqual(stage.whatTold(), ["start", "capture", "capture"]);
});

Deno.test("A computer that falls behind captures fewer pictures a second, one step at a time", async () => {
  const stage = new Stage();
  await stage.begin();
  stage.say({ from: "figures", figures: { ...FIGURES, lags: 1 } });
  await stage.pass(0);
  deepStrictEqual(stage.rates, [30], "it has just begun");
  await stage.pass(4_000);
  stage.look = { ...input(640, 480), input: ["20"] };
  stage.say({ from: "figures", figures: { ...FIGURES, lags: 2 } });
  await stage.pass(0);
  deepStrictEqual(stage.rates, [30, 20]);
  strictEqual(stage.whatTold().at(-1), "capture");
});

Deno.test("A connection that breaks is opened again; a share that is over meanwhile is not", async () => {
  const stage = new Stage();
  await stage.begin();
  stage.cut();
  await settle();
  await stage.pass(LOOK_AGAIN_MS);
  deepStrictEqual(stage.openShares, [7, 7]);
  deepStrictEqual(stage.whatTold(), ["start", "capture", "close", "start", "capture"]);
  stage.comeBack();
  await stage.screen.share(SOURCE);
  await settle();
  deepStrictEqual(stage.openShares, [7, 7], "whose turn it is now has to be said");
  stage.screen.presenterSaid({ ...ADA, paused: true }, true);
  await settle();
  deepStrictEqual(stage.openShares, [7, 7, 7]);
  stage.screen.presenterSaid(undefined, false);
  await settle();
  await stage.pass(10 * LOOK_AGAIN_MS);
  deepStrictEqual(stage.openShares, [7, 7, 7]);
  strictEqual(stage.screen.source, undefined);
});

/** No screen is captured, and none will be. */
async function showsNothing(stage: Stage): Promise<void> {
  await settle();
  await stage.pass(10 * LOOK_AGAIN_MS);
  const last = stage.told.findLastIndex(({ to }) => to === "capture");
  const isClosed = stage.told.slice(last).some(({ to }) => to === "close");
  ok(last === -1 || isClosed, stage.whatTold().join(" "));
  strictEqual(stage.screen.source, undefined);
  strictEqual(stage.watched, 0);
}

Deno.test("stop() ends it, whoever one is by now and whatever the server goes on saying", async () => {
  const stage = new Stage();
  await stage.begin();
  stage.comeBack();
  // Under another number: the share of the one before is nobody's here.
  stage.screen.presenterSaid({ ...ADA, paused: true }, false);
  await showsNothing(stage);
  strictEqual(stage.screen.stop(), false);

  await stage.screen.share(SOURCE);
  stage.screen.presenterSaid({ ...ADA, share: 8 }, true);
  await settle();
  strictEqual(stage.screen.stop(), true);
  await showsNothing(stage);
  const opened = stage.openShares.length;
  for (const paused of [true, false, true]) {
    stage.screen.presenterSaid({ ...ADA, share: 8, paused }, true);
    await showsNothing(stage);
  }
  strictEqual(stage.openShares.length, opened);
  const isRelease = (what: string) => what.startsWith("release");
  deepStrictEqual(stage.asked.filter(isRelease), ["release 8"]);
  stage.comeBack();
  stage.screen.presenterSaid({ ...ADA, share: 8, paused: true }, true);
  await showsNothing(stage);
  deepStrictEqual(stage.asked.filter(isRelease), ["release 8", "release 8"]);
});

Deno.test("stop() while the connection is lost gives the lock back when it is there again", async () => {
  const stage = new Stage();
  await stage.begin();
  stage.screen.disconnected();
  strictEqual(stage.screen.stop(), true);
  // Something else is to be shown meanwhile: in a turn of its own.
  await stage.screen.share(SOURCE);
  stage.asked.length = 0;
  stage.screen.connected();
  deepStrictEqual(stage.asked, []);
  stage.screen.presenterSaid({ ...ADA, paused: true }, true);
  deepStrictEqual(stage.asked, ["release 7", "request"]);
  stage.screen.presenterSaid(undefined, false);
  stage.screen.presenterSaid({ ...ADA, share: 8 }, true);
  await settle();
  deepStrictEqual(stage.openShares, [7, 8]);
});

Deno.test("stop() before the lock is there gives it back when it comes", async () => {
  const stage = new Stage();
  stage.join();
  await stage.screen.share(SOURCE);
  strictEqual(stage.screen.stop(), true);
  stage.screen.presenterSaid(ADA, true);
  deepStrictEqual(stage.asked, ["request", "release 7"]);
  await showsNothing(stage);
  deepStrictEqual(stage.openShares, []);
});

Deno.test("stop() while what was chosen is still looked at asks for nothing", async () => {
  const stage = new Stage();
  stage.join();
  const sharing = stage.screen.share(SOURCE);
  strictEqual(stage.screen.stop(), true);
  await sharing;
  stage.look = new Refusal("no-window", "There is no window Editor");
  const again = stage.screen.share(SOURCE);
  stage.screen.stop();
  await again;
  deepStrictEqual(stage.asked, []);
  await showsNothing(stage);
});

Deno.test("A lock that comes too late shows nothing and goes back; one in time does", async () => {
  const late = new Stage();
  late.join();
  await late.screen.share(SOURCE);
  await late.pass(TURN_WAIT_MS - 1);
  deepStrictEqual(late.unanswered, []);
  await late.pass(1);
  strictEqual(late.unanswered.length, 1);
  late.screen.presenterSaid(ADA, true);
  deepStrictEqual(late.asked, ["request", "release 7"]);
  await showsNothing(late);

  const inTime = new Stage();
  inTime.join();
  await inTime.screen.share(SOURCE);
  await inTime.pass(TURN_WAIT_MS - 1);
  inTime.screen.presenterSaid(ADA, true);
  await inTime.pass(TURN_WAIT_MS);
  deepStrictEqual(inTime.unanswered, []);
  strictEqual(inTime.whatTold().at(-1), "capture");
});

Deno.test("What was asked for is asked again over a new connection, as long as somebody waits for it", async () => {
  const stage = new Stage();
  stage.screen.connected();
  await stage.screen.share(SOURCE);
  deepStrictEqual(stage.asked, [], "who presents already is not said yet");
  stage.screen.presenterSaid(undefined, false);
  deepStrictEqual(stage.asked, ["request"]);
  stage.comeBack();
  deepStrictEqual(stage.asked, ["request"]);
  stage.screen.presenterSaid(undefined, false);
  deepStrictEqual(stage.asked, ["request", "request"]);
  stage.screen.presenterSaid(ADA, true);
  await settle();
  deepStrictEqual(stage.openShares, [7]);
});
