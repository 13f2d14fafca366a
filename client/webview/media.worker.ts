import { MediaSocket } from "./media/media_socket.ts";
import type { FromMediaWorker, ToMediaWorker } from "./media/worker_messages.ts";

/** Of the DedicatedWorkerGlobalScope, which the page's libraries do not know. */
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<ToMediaWorker>) => void;
  postMessage(message: FromMediaWorker, transfer: Transferable[]): void;
};

const media = new MediaSocket({
  openSocket: (url) => new WebSocket(url),
  nowMs: () => performance.now(),
  setTimer: (run, ms) => setTimeout(run, ms),
  clearTimer: (timer) => clearTimeout(timer),
  // Unlike that of an earlier page, so that its late sound is not taken for ours.
  firstGeneration: crypto.getRandomValues(new Uint32Array(1))[0],
  post: (message, transfer) => scope.postMessage(message, transfer),
});

scope.onmessage = ({ data }) => media.told(data);
