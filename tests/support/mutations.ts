import { concatBytes, type Random, seededRandom } from "@fusionmeet/base";

/** For tests of decoders: every prefix of `bytes`, the empty one first, without `bytes` itself. */
export function* prefixesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let size = 0; size < bytes.length; size++) yield bytes.slice(0, size);
}

/** For tests of decoders: `count` damaged copies of `golden`, the same ones for the same seed. */
export function* mutationsOf(
  golden: readonly Uint8Array[],
  { seed, count }: { seed: number; count: number },
): Generator<Uint8Array> {
  const random = seededRandom(seed);
  for (let index = 0; index < count; index++) {
    let bytes = golden[random.u32() % golden.length].slice();
    for (let times = 1 + random.u32() % 3; times > 0; times--) bytes = mutate(bytes, random);
    yield bytes;
  }
}

function mutate(bytes: Uint8Array<ArrayBuffer>, random: Random): Uint8Array<ArrayBuffer> {
  const at = random.u32() % (bytes.length + 1);
  const some = random.fill(new Uint8Array(1 + random.u32() % 8));
  switch (random.u32() % 5) {
    case 0: // another bit
      if (at < bytes.length) bytes[at] ^= 1 << (random.u32() % 8);
      return bytes;
    case 1: // an extreme byte
      if (at < bytes.length) bytes[at] = [0x00, 0x01, 0x7f, 0x80, 0xff][random.u32() % 5];
      return bytes;
    case 2: // cut
      return bytes.slice(0, at);
    case 3: // something in between
      return concatBytes(bytes.subarray(0, at), some, bytes.subarray(at));
    default: // a piece missing
      return concatBytes(bytes.subarray(0, at), bytes.subarray(at + some.length));
  }
}
