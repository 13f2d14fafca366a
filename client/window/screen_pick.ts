import { pause, Refusal } from "@fusionmeet/base";
import type { ScreenChoiceState } from "@fusionmeet/bridge";
import type { ScreenChoice } from "../screen/screen_list.ts";
import type { WindowScreensMeans } from "./window_screens.ts";

/** The list is made anew so often, and each picture with it; slower where that takes longer. */
export const SCREENS_EVERY_MS = 1_000;
/** More cannot be looked through. */
export const SCREEN_CHOICES_MAX = 60;

/** The list to pick from what can be shown, with live pictures, as long as somebody looks at it. */
export class ScreenPick {
  readonly #means: Pick<WindowScreensMeans, "sharing" | "timers" | "send">;
  #choices: readonly ScreenChoice[] = [];
  /** Data URLs by id. */
  #pictures = new Map<string, string>();
  #looking: AbortController | undefined;

  constructor(means: Pick<WindowScreensMeans, "sharing" | "timers" | "send">) {
    this.#means = means;
  }

  turn(on: boolean): void {
    this.#looking?.abort();
    this.#looking = undefined;
    if (!on) return;
    // Pictures of an earlier look may be of long ago.
    this.#pictures.clear();
    this.#looking = new AbortController();
    void this.#look(this.#looking.signal);
  }

  /** What the one with that id was called when it was listed last. */
  titleOf(id: string): string | undefined {
    return this.#choices.find((choice) => choice.id === id)?.title;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { timers } = this.#means;
    while (!signal.aborted) {
      const nextMs = timers.nowMs() + SCREENS_EVERY_MS;
      await this.#list(signal);
      const restMs = nextMs - timers.nowMs();
      if (restMs > 0 && !signal.aborted) await pause(restMs, { timers, signal });
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { sharing } = this.#means;
    try {
      const choices = await sharing.list();
      if (signal.aborted) return;
      this.#choices = choices.slice(0, SCREEN_CHOICES_MAX);
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      this.#choices = [];
      return this.#show(signal, thrown.message);
    }
    this.#show(signal);
    for (const choice of this.#choices) {
      const isFirst = !this.#pictures.has(choice.id);
      const problem = await this.#picture(choice);
      if (signal.aborted) return;
      if (problem !== undefined) return this.#show(signal, problem);
      if (isFirst) this.#show(signal);
    }
    this.#show(signal);
  }

  /** @returns why none can be had of anything. */
  async #picture(choice: ScreenChoice): Promise<string | undefined> {
    try {
      const jpeg = await this.#means.sharing.thumbnail(choice);
      this.#pictures.set(choice.id, `data:image/jpeg;base64,${jpeg.toBase64()}`);
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      if (thrown.code === "ffmpeg-missing") return thrown.message;
      // It was closed or minimised meanwhile; the next list tells.
      this.#pictures.delete(choice.id);
    }
  }

  #show(signal: AbortSignal, problem: string | null = null): void {
    if (signal.aborted) return;
    const list = this.#choices.map((
      { id, kind, title, width, height, isOwn },
    ): ScreenChoiceState => ({
      ...{ id, kind, title, width, height, isOwn },
      thumbnail: this.#pictures.get(id) ?? null,
    }));
    this.#means.send({ type: "screens", list, problem });
  }
}
