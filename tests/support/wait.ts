/**
 * What has to come is waited for so long, where nothing else is said: no claim about time, for a busy machine takes long
 * over everything, but an end to a test that is broken.
 */
export const WAIT_MS_MAX = 30_000;

/**
 * Waits until `condition` gives something truthy, and returns that. For conditions outside this process only
 * (files, /proc, another program); inside one, move the fake clock.
 *
 * @throws Error that names `what` after `timeoutMs`.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  options: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const { timeoutMs = WAIT_MS_MAX, everyMs = 20 } = options;
  const deadline = performance.now() + timeoutMs;
  while (true) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) {
      throw new Error(`Waited ${timeoutMs} ms for ${what}: it did not come`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Lets real time pass in a test that measures real time (a recording of n seconds), never to wait for something. */
export function passRealTime(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A directory that is removed at the end of its `await using` block. */
export class TemporaryDirectory implements AsyncDisposable {
  constructor(readonly path: string = Deno.makeTempDirSync({ prefix: "fusionmeet-" })) {}

  /** The path of `name` in it. */
  file(name: string): string {
    return `${this.path}/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true }).catch(() => undefined);
  }
}
