import { ok, strictEqual } from "node:assert/strict";
import { OpusPool } from "./opus_pool.ts";
import { warmUpVoice } from "./warm_up.ts";

Deno.test("warmUpVoice() sends sound through every codec and gives all of them back", async () => {
  const pool = await OpusPool.create({ encoders: 2, decoders: 2 });
  const taken = { encoders: 0, decoders: 0 };
  const { takeEncoder, takeDecoder } = pool;
  pool.takeEncoder = () => (taken.encoders++, takeEncoder.call(pool));
  pool.takeDecoder = () => (taken.decoders++, takeDecoder.call(pool));
  await warmUpVoice(pool);
  ok(taken.encoders === 2 && taken.decoders === 2, JSON.stringify(taken));
  for (let nth = 0; nth < 2; nth++) {
    const encoder = takeEncoder.call(pool)!;
    const decoder = takeDecoder.call(pool)!;
    strictEqual(decoder.decode(encoder.encode(new Int16Array(960))).length, 960);
    pool.giveBack(encoder);
    pool.giveBack(decoder);
  }
  pool.close();
});
