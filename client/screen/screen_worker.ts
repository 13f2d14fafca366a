/** The thread that captures a screen; client/screen/screen_handle.ts starts it and knows its messages. */
import { ScreenDriver } from "./screen_driver.ts";
import type { FromScreenWorker, ToScreenWorker } from "./screen_handle.ts";

const main = self as unknown as {
  onmessage: (message: MessageEvent<ToScreenWorker>) => void;
  postMessage(message: FromScreenWorker, transfer: Transferable[]): void;
};

const driver = new ScreenDriver((message, transfer = []) => main.postMessage(message, transfer));

main.onmessage = ({ data }) => driver.told(data);
