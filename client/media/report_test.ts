import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { concatBytes, seededRandom } from "@fusionmeet/base";
import type { VoiceCodecs } from "@fusionmeet/media";
import { systemCryptography } from "@fusionmeet/net";
import {
  PAYLOAD_TYPE,
  type ReportBlock,
  SrtpSender,
  writeReceiverReport,
  writeRtp,
} from "@fusionmeet/protocol";
import { ClientEngine } from "./engine.ts";
import { FakeServer, NO_CODECS, SERVER, testKey } from "./fake_server_for_test.ts";

const SHARED = 900;
const OWN = 901;
const MIX_KEY = testKey(70);

function newEngine(codecs = NO_CODECS): ClientEngine {
  return new ClientEngine({
    cryptography: systemCryptography,
    random: seededRandom(1),
    codecs,
    nowMs: 0,
  });
}

/** The mixes as a server sends them to one listener, L16. */
class Mixes {
  readonly #sender = new SrtpSender({
    cryptography: systemCryptography,
    master: MIX_KEY,
    epoch: 0,
  });
  #timestamp = 1_000;
  readonly next = new Map([[SHARED, 65_530], [OWN, 7]]);

  open(engine: ClientEngine): void {
    for (const [ssrc, sequence] of this.next) {
      engine.command({
        do: "stream.open",
        ...{ participant: 0, kind: "mix", layer: ssrc === OWN ? "own" : "shared", ssrc },
        ...{ codec: "l16", epoch: 0, key: MIX_KEY, roc: 0, sequence: sequence - 1 },
      }, 0);
    }
  }

  /** The next `count` packets of `ssrc`; those with a number (from 0) in `lost` do not arrive. */
  send(engine: ClientEngine, ssrc: number, options: { count: number; lost?: number[] }): void {
    for (let nth = 0; nth < options.count; nth++) {
      const sequence = this.next.get(ssrc)!;
      this.next.set(ssrc, (sequence + 1) & 0xffff);
      this.#timestamp += 480;
      const bytes = this.#sender.protect(writeRtp({
        payloadType: PAYLOAD_TYPE.l16,
        marker: false,
        sequence,
        timestamp: this.#timestamp,
        ssrc,
        payload: new Uint8Array(960),
      }));
      if (!options.lost?.includes(nth)) engine.receive({ address: SERVER, bytes }, 0);
    }
  }
}

/** Lets the engine send what is due; gives the blocks of the reports among it. */
function reported(engine: ClientEngine, server: FakeServer, nowMs: number): number[][] {
  server.reports.length = 0;
  engine.step(nowMs);
  server.exchange(engine, nowMs);
  ok(server.reports.every(({ blocks }) => blocks.length > 0));
  return server.reports.flatMap(({ blocks }) =>
    blocks.map(({ ssrc, cumulativeLost, fractionLost, highestSequence }) => [
      ssrc,
      cumulativeLost,
      fractionLost,
      highestSequence,
    ])
  );
}

Deno.test("ClientEngine reports once a second, with its request, what it loses of the mixes", () => {
  const engine = newEngine();
  const server = new FakeServer(1);
  const mixes = new Mixes();
  server.join(engine, 0);
  mixes.open(engine);
  deepStrictEqual(reported(engine, server, 200), [], "nothing has come");
  mixes.send(engine, SHARED, { count: 20, lost: [3, 4, 10, 11, 12] });
  deepStrictEqual(reported(engine, server, 700), [], "not yet");
  deepStrictEqual(reported(engine, server, 1_200), [[SHARED, 5, 64, 65_536 + 13]]);
  deepStrictEqual(reported(engine, server, 2_200), [], "a silence is nothing to report");
  mixes.send(engine, SHARED, { count: 10 });
  deepStrictEqual(reported(engine, server, 3_200), [[SHARED, 5, 0, 65_536 + 23]]);
  strictEqual(server.questions.filter(({ nowMs }) => nowMs >= 200).length, 4);
});

Deno.test("ClientEngine counts no loss while the other mix plays, and every gap of its own one", () => {
  const engine = newEngine();
  const server = new FakeServer(1);
  const mixes = new Mixes();
  server.join(engine, 0);
  mixes.open(engine);
  reported(engine, server, 200);
  mixes.send(engine, SHARED, { count: 4 });
  mixes.send(engine, OWN, { count: 4 });
  mixes.next.set(SHARED, 300); // others went on hearing it
  mixes.send(engine, SHARED, { count: 4 });
  mixes.send(engine, OWN, { count: 4, lost: [0] });
  deepStrictEqual(reported(engine, server, 1_200), [
    [SHARED, 0, 0, 65_536 + 303],
    [OWN, 1, 32, 14],
  ]);
});

Deno.test("ClientEngine turns redundancy on when the server misses its voice, and heeds nothing else", () => {
  const switches: boolean[] = [];
  const codecs: VoiceCodecs = {
    ...NO_CODECS,
    takeEncoder: () => ({
      encode: () => new Uint8Array(3),
      useFec: (on) => void switches.push(on),
    }),
  };
  const engine = newEngine(codecs);
  const server = new FakeServer(1, { voice: "opus" });
  const { microphone, camera, serverFeedback, feedback } = server.connect.ssrcs;
  server.join(engine, 0);
  engine.command({ do: "microphone", on: true }, 0);
  const hear = (
    options: { ssrc: number; cumulativeLost: number; from?: number },
    nowMs: number,
  ) => {
    const { ssrc, cumulativeLost, from = serverFeedback } = options;
    const nothing = { fractionLost: 0, highestSequence: 0, jitter: 0 };
    const noSenderReport = { lastSenderReport: 0, delaySinceLastSenderReport: 0 };
    const block: ReportBlock = { ssrc, cumulativeLost, ...nothing, ...noSenderReport };
    const bytes = server.sender.protectRtcp(concatBytes(
      writeReceiverReport({ ssrc: serverFeedback, blocks: [] }),
      writeReceiverReport({ ssrc: from, blocks: [block] }),
    ));
    engine.receive({ address: SERVER, bytes }, nowMs);
    engine.microphoneFrame(new Int16Array(960).fill(1_000), nowMs);
  };
  hear({ ssrc: microphone, cumulativeLost: 1 }, 1_000);
  hear({ ssrc: camera, cumulativeLost: 500 }, 1_500);
  hear({ ssrc: microphone, cumulativeLost: 500, from: feedback }, 1_600);
  deepStrictEqual(switches, [false], "as it was made");
  strictEqual(engine.counters.get("report-unknown-ssrc"), 1);
  strictEqual(engine.counters.get("rtcp-ignored"), 1);
  hear({ ssrc: microphone, cumulativeLost: 2 }, 2_000);
  deepStrictEqual(switches, [false, true]);
  for (let second = 3; second <= 22; second++) {
    strictEqual(switches.length, 2);
    hear({ ssrc: microphone, cumulativeLost: 2 }, 1_000 * second);
  }
  deepStrictEqual(switches, [false, true, false]);
});
