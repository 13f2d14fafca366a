import { STOP_SIGNALS } from "@fusionmeet/places";
import { EXIT } from "./failures.ts";

/** However slow the network, a device or a disk: this long after being asked to leave, the program is gone. */
const LEAVE_MS_MAX = 1_900;

/** The first signal leaves, the second one ends the program at once. @returns what takes it back. */
export function leaveOnSignals(leave: (reason: "signal") => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const exit = () => Deno.exit(EXIT.asked);
  const onSignal = () => {
    if (timer !== undefined) return exit();
    timer = setTimeout(exit, LEAVE_MS_MAX);
    leave("signal");
  };
  for (const signal of STOP_SIGNALS) Deno.addSignalListener(signal, onSignal);
  return () => {
    clearTimeout(timer);
    for (const signal of STOP_SIGNALS) Deno.removeSignalListener(signal, onSignal);
  };
}
