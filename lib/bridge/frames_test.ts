import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import {
  decodeConsumption,
  decodePictureFrame,
  decodeScreenFrame,
  decodeVoiceFrame,
  encodeConsumption,
  encodePictureFrame,
  encodeScreenFrame,
  encodeVoiceFrame,
  PICTURE_WAIT_MS_MAX,
  type PictureFrame,
  type ScreenFrame,
  sinceSentMs,
} from "./frames.ts";

const PICTURE: PictureFrame = {
  participant: 0xfffefdfc,
  codec: "jpeg",
  keyframe: true,
  timestamp: 0x80000001,
  waitMs: 120,
  sentAtMs: 0xabcd,
  bytes: Uint8Array.of(1, 2, 3),
};

Deno.test("encodePictureFrame() lays a picture out as it always did, and it comes back", () => {
  const frame = encodePictureFrame(PICTURE);
  strictEqual(frame.toHex(), "02020100fcfdfeff010000807800cdab010203");
  deepStrictEqual(decodePictureFrame(frame), PICTURE);
  const waits = [-5, 0, PICTURE_WAIT_MS_MAX, PICTURE_WAIT_MS_MAX + 1].map((waitMs) =>
    decodePictureFrame(encodePictureFrame({ ...PICTURE, waitMs }))?.waitMs
  );
  deepStrictEqual(waits, [0, 0, PICTURE_WAIT_MS_MAX, PICTURE_WAIT_MS_MAX]);
});

const SCREEN: ScreenFrame = {
  share: 1_795_000_065_530,
  serverMinusLocalMs: -12.5,
  message: Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 9, 1),
};

Deno.test("encodeScreenFrame() comes back with every share and clock, and with no clock", () => {
  const shares = [{}, { share: 0 }, { share: Number.MAX_SAFE_INTEGER }, {
    serverMinusLocalMs: NaN,
  }];
  for (const changed of shares) {
    const screen = { ...SCREEN, ...changed };
    deepStrictEqual(decodeScreenFrame(encodeScreenFrame(screen)), screen);
  }
  const wrong = [{ share: -1 }, { share: 0.5 }, { share: NaN }, { serverMinusLocalMs: Infinity }];
  for (const changed of [...wrong, { message: new Uint8Array() }]) {
    strictEqual(decodeScreenFrame(encodeScreenFrame({ ...SCREEN, ...changed })), undefined);
  }
});

Deno.test("sinceSentMs() counts on over the end of the 16 bits, and never backwards", () => {
  const sentAtMs = 1_795_000_065_530;
  const since = (ms: number) => sinceSentMs(sentAtMs & 0xffff, sentAtMs + ms);
  deepStrictEqual([since(0), since(7), since(60_000), since(-3)], [0, 7, 60_000, 0]);
});

Deno.test("encodeVoiceFrame() and encodeConsumption() come back as they were", () => {
  const pcm = Int16Array.of(0, 1, -1, 32767, -32768, 7);
  deepStrictEqual(decodeVoiceFrame(encodeVoiceFrame(pcm, 0x105)), { pcm, generation: 5 });
  const consumption = {
    generation: 3,
    playedSamples: 2 ** 40 + 128,
    missedSamples: 256,
    outputLatencyMs: 21.3,
  };
  for (const waiting of [{}, { reserveSamples: 7 }, { reserveSamples: 0, targetSamples: 9_600 }]) {
    const report = { ...consumption, ...waiting };
    deepStrictEqual(decodeConsumption(encodeConsumption(report)), report);
  }
});

Deno.test("decodeConsumption() takes no figure that is none", () => {
  const sane = { generation: 0, playedSamples: 0, missedSamples: 0, outputLatencyMs: 0 };
  for (const value of [NaN, Infinity, -1]) {
    for (const name of ["playedSamples", "missedSamples", "outputLatencyMs"]) {
      strictEqual(decodeConsumption(encodeConsumption({ ...sane, [name]: value })), undefined);
    }
  }
});

Deno.test("No prefix and no mutation of a frame throws; a prefix of a header is nothing", () => {
  const random = seededRandom(7);
  const frames = [
    encodePictureFrame(PICTURE),
    encodeVoiceFrame(Int16Array.of(1, 2, 3), 1),
    encodeConsumption({
      generation: 1,
      playedSamples: 480,
      missedSamples: 0,
      outputLatencyMs: 1,
    }),
    encodeScreenFrame(SCREEN),
  ];
  const decoders = [decodePictureFrame, decodeVoiceFrame, decodeConsumption, decodeScreenFrame];
  const headers = [16, 4, 34, 25];
  frames.forEach((frame, index) => {
    for (let length = 0; length < headers[index]; length++) {
      strictEqual(decoders[index](frame.subarray(0, length)), undefined);
    }
    for (let turn = 0; turn < 10_000; turn++) {
      const broken = frame.slice();
      broken[random.u32() % broken.length] = random.u32() & 0xff;
      for (const decode of decoders) decode(broken);
    }
  });
});
