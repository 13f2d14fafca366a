/** What the system, a service manager or a closed terminal asks a program to end with. */
export const STOP_SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK", "SIGHUP"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** A line for whoever started the program. A terminal that was closed takes nothing more, and that ends nothing. */
export function print(text: string): void {
  toTerminal(() => console.log(text));
}

/** The same about what went wrong. */
export function printProblem(text: string): void {
  toTerminal(() => console.error(text));
}

function toTerminal(write: () => void): void {
  try {
    write();
  } catch (thrown) {
    // A program that reads us has ended: so do we.
    if (thrown instanceof Deno.errors.BrokenPipe) throw thrown;
  }
}
