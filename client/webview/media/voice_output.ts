import type { ToMediaWorker, WorkletReport } from "./worker_messages.ts";

/** `needs-click`: the browser plays nothing before the user has clicked; call `startVoice` in a click. */
export type VoiceState = "off" | "starting" | "playing" | "needs-click" | "failed";

/** A browser that has not begun to play by then waits for a click. */
const RESUME_MS_MAX = 1_000;
const LOOK_MS = 1_000;
/**
 * What the context is asked to have ready at a time, s. With "interactive" (10 ms) Chromium's own output ran dry several
 * times a minute on a machine with two busy cores, whatever waited in the worklet.
 */
const LATENCY_HINT = 0.02;
/** What a browser takes from the context to the ear where it does not say so: measured in WebKitGTK on PulseAudio, s. */
const OUTPUT_LATENCY_UNSAID = 0.065;
/** A sound device that says it plays and takes nothing for so long is opened anew. */
const STUCK_LOOKS_MAX = 3;

/**
 * The page's sound: an AudioContext with the worklet. It stays through what happens to sound devices: suspended, it is
 * resumed (by a click where the browser wants one); broken or stuck, it is made anew.
 */
export class VoiceOutput {
  readonly #workletUrl: string;
  readonly #tell: (message: ToMediaWorker, transfer: Transferable[]) => void;
  readonly #problem: (message: string) => void;
  readonly #listeners = new Set<(state: VoiceState) => void>();
  #context: AudioContext | undefined;
  #state: VoiceState = "off";
  #report: WorkletReport | undefined;
  #looker: ReturnType<typeof setInterval> | undefined;
  #seenSamples = -1;
  #stuckLooks = 0;

  constructor(options: {
    workletUrl: string;
    tell: (message: ToMediaWorker, transfer: Transferable[]) => void;
    problem: (message: string) => void;
  }) {
    this.#workletUrl = options.workletUrl;
    this.#tell = options.tell;
    this.#problem = options.problem;
  }

  get state(): VoiceState {
    return this.#state;
  }

  /** What the worklet said last. */
  get report(): WorkletReport | undefined {
    return this.#report;
  }

  /** From the worklet to the ear, ms, as the browser says or as was measured of it. */
  get outputLatencyMs(): number {
    if (!this.#context) return 0;
    const { baseLatency, outputLatency } = this.#context;
    return Math.round(1_000 * ((baseLatency || 0) + (outputLatency || OUTPUT_LATENCY_UNSAID)));
  }

  onState(listener: (state: VoiceState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Plays, or says why not. In a click also after `needs-click` and `failed`. */
  async start(): Promise<void> {
    if (this.#state === "starting" || this.#state === "playing") return;
    this.#set("starting");
    try {
      const context = this.#context ?? await this.#open();
      await this.#resume(context);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  reported(report: WorkletReport): void {
    this.#report = report;
  }

  close(): void {
    clearInterval(this.#looker);
    this.#drop();
    this.#set("off");
    this.#listeners.clear();
  }

  async #open(): Promise<AudioContext> {
    const context = new AudioContext({ sampleRate: 48_000, latencyHint: LATENCY_HINT });
    this.#context = context;
    // While the click counts: what is awaited below may outlast it.
    context.resume().catch(() => undefined);
    context.onstatechange = () => this.#contextChanged(context);
    (context as EventTarget).addEventListener("error", () => this.#reopen(context));
    await context.audioWorklet.addModule(this.#workletUrl);
    const node = new AudioWorkletNode(context, "playout", {
      numberOfInputs: 0,
      outputChannelCount: [1],
    });
    node.onprocessorerror = () => this.#reopen(context);
    node.connect(context.destination);
    const { port1, port2 } = new MessageChannel();
    node.port.postMessage(port1, [port1]);
    this.#tell({ do: "worklet", port: port2 }, [port2]);
    this.#looker ??= setInterval(() => this.#look(), LOOK_MS);
    return context;
  }

  async #resume(context: AudioContext): Promise<void> {
    const waited = Promise.withResolvers<void>();
    const timer = setTimeout(waited.resolve, RESUME_MS_MAX);
    // Where a click is missing, browsers either reject this or leave it open.
    await Promise.race([context.resume().catch(() => undefined), waited.promise]);
    clearTimeout(timer);
    if (this.#context === context) this.#set(stateOf(context));
  }

  #contextChanged(context: AudioContext): void {
    if (this.#context !== context || this.#state === "starting") return;
    if (context.state === "closed") return this.#reopen(context);
    if (context.state === "running") return this.#set("playing");
    // Suspended by the system (another call, the lid): it may be let go on at once.
    this.#resume(context).catch((thrown) => this.#fail(thrown));
  }

  #reopen(broken: AudioContext): void {
    if (this.#context !== broken) return;
    this.#drop();
    this.#set("off");
    this.start().catch((thrown) => this.#fail(thrown));
  }

  #drop(): void {
    const context = this.#context;
    this.#context = undefined;
    this.#seenSamples = -1;
    this.#stuckLooks = 0;
    if (context && context.state !== "closed") context.close().catch(() => undefined);
  }

  /** Once a second: tells the latency, and notices a device that plays no more. */
  #look(): void {
    const context = this.#context;
    if (!context) return;
    this.#tell({ do: "latency", outputLatencyMs: this.outputLatencyMs }, []);
    const samples = context.currentTime;
    const isStuck = this.#state === "playing" && samples === this.#seenSamples;
    this.#stuckLooks = isStuck ? this.#stuckLooks + 1 : 0;
    this.#seenSamples = samples;
    if (this.#stuckLooks >= STUCK_LOOKS_MAX) this.#reopen(context);
  }

  #fail(thrown: unknown): void {
    this.#drop();
    this.#set("failed");
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    this.#problem(`The page cannot play sound: ${reason}. Check the sound device and click again`);
  }

  #set(state: VoiceState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}

function stateOf(context: AudioContext): VoiceState {
  return context.state === "running" ? "playing" : "needs-click";
}
