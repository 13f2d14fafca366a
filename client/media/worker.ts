/** The thread of the media engine; client/media/handle.ts starts it and knows its messages. */
import { EngineDriver, failure } from "./driver.ts";
import type { FromWorker, ToWorker } from "./handle.ts";

const main = self as unknown as {
  onmessage: (message: MessageEvent<ToWorker>) => void;
  postMessage(message: FromWorker, transfer: Transferable[]): void;
};

let driver: Promise<EngineDriver> | undefined;

function post(message: FromWorker, transfer: Transferable[] = []): void {
  main.postMessage(message, transfer);
}

main.onmessage = async ({ data }) => {
  try {
    if (data.to === "start") {
      driver = EngineDriver.start(
        data.options,
        (event, transfer) => post({ from: "event", event }, transfer),
      );
    }
    const started = await driver;
    if (data.to === "start") post({ from: "ready" });
    if (data.to === "command") started?.command(data.command);
    if (data.to === "close") {
      await started?.close();
      post({ from: "closed" });
    }
  } catch (error) {
    post({ from: "event", event: failure(error) });
    if (data.to === "close") post({ from: "closed" });
  }
};
