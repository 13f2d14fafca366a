/** The media worker: owns the UDP socket and the media plane. Started by `startMediaWorker()`. */
import { OpusPool, warmUpVoice } from "@fusionmeet/codec";
import { openDatagramPort, systemCryptography, systemRandom } from "@fusionmeet/net";
import { MediaDriver } from "./driver.ts";
import type { FromMediaWorker, ToMediaWorker } from "./handle.ts";
import { MediaPlane } from "./plane.ts";

/** Spare codecs: a tick in which many start to talk at once takes that many before the pool can refill. */
const SPARE_ENCODERS = 10;
const SPARE_DECODERS = 16;

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<ToMediaWorker>) => void) | null;
  postMessage(message: FromMediaWorker): void;
  close(): void;
};

let driver: MediaDriver | undefined;

scope.onmessage = ({ data: message }) => {
  if ("open" in message) void serve(message.open);
  else if ("close" in message) end();
  else driver?.command(message.command);
};

async function serve(open: { hostname: string; port: number }): Promise<void> {
  try {
    const port = openDatagramPort(open);
    const codecs = await OpusPool.create({ encoders: SPARE_ENCODERS, decoders: SPARE_DECODERS });
    await warmUpVoice(codecs);
    const nowMs = () => performance.now();
    const plane = new MediaPlane({
      cryptography: systemCryptography,
      codecs,
      random: systemRandom,
      costClock: nowMs,
      tolerant: true,
    });
    driver = new MediaDriver({
      plane,
      port,
      nowMs,
      onEvent: (event) => scope.postMessage({ event }),
    });
    scope.postMessage({ ready: port.address });
    await driver.run();
  } catch (error) {
    scope.postMessage({ failed: error instanceof Error ? error.message : String(error) });
    end();
  }
}

function end(): void {
  driver?.close();
  driver = undefined;
  scope.postMessage({ closed: true });
  scope.close();
}
