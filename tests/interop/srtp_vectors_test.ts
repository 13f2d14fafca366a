/** The test vectors of RFC 7714 and RFC 3711, through the real AES. Judges no real time. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { concatBytes } from "@fusionmeet/base";
import { systemCryptography } from "@fusionmeet/net";
import { type Cryptography, deriveBytes, SrtpReceiver, SrtpSender } from "@fusionmeet/protocol";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));

/** RFC 7714 sections 16 and 17 give session keys, so here the key derivation gives just these. */
const SESSION_KEY = hex("000102030405060708090a0b0c0d0e0f");
const SESSION_SALT = hex("517569642070726f2071756f");
const cryptography: Cryptography = {
  aesGcm: systemCryptography.aesGcm,
  aesBlock: (_key, block) =>
    block[7] === 0 || block[7] === 3 ? SESSION_KEY : concatBytes(SESSION_SALT, new Uint8Array(4)),
};
const MASTER = { key: new Uint8Array(16), salt: new Uint8Array(12) };
const EPOCH = 0x2a;
const MKI = Uint8Array.of(EPOCH);

const RTP = hex(
  "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070" +
    "61727465 73207472 6573",
);
const SRTP = hex(
  "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a" +
    "51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
);
const RTCP = hex(
  "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef" +
    "deadbeef deadbeef deadbeef",
);
const SRTCP = hex(
  "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda" +
    "4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4",
);

/** Authenticated only, section 17.3. */
const SRTCP_CLEAR = concatBytes(RTCP, hex("841dd968 3dd78ec9 2ae58790 125f62b3 000005d4"));
const RTP_SSRC = 0x5501a0b2;
const RTCP_SSRC = 0x4d617273;

function sender(): SrtpSender {
  const made = new SrtpSender({ cryptography, master: MASTER, epoch: EPOCH });
  made.seedRtcp(RTCP_SSRC, 0x5d3);
  return made;
}

function receiver(): SrtpReceiver {
  const made = new SrtpReceiver({ cryptography, windowPackets: 256 });
  made.addKey(EPOCH, MASTER);
  made.expect(RTP_SSRC);
  made.expect(RTCP_SSRC);
  return made;
}

Deno.test("SrtpSender.protect() gives the packet of RFC 7714 section 16.1.1, then our MKI", () => {
  deepStrictEqual(sender().protect(RTP), concatBytes(SRTP, MKI));
});

Deno.test("SrtpReceiver.open() opens the packet of RFC 7714 section 16.1.2", () => {
  const packet = concatBytes(SRTP, MKI);
  deepStrictEqual(receiver().open(packet), { rtp: RTP, index: 0xf17b, newest: true });
  strictEqual(receiver().open(packet.with(60, 0) as Uint8Array), "srtp-forged");
});

Deno.test("SrtpSender.protectRtcp() gives the packet of RFC 7714 section 17.1, then our MKI", () => {
  deepStrictEqual(sender().protectRtcp(RTCP), concatBytes(SRTCP, MKI));
});

Deno.test("SrtpReceiver.openRtcp() opens the packet of RFC 7714 section 17.2", () => {
  const packet = concatBytes(SRTCP, MKI);
  deepStrictEqual(receiver().openRtcp(packet), { rtcp: RTCP, index: 0x5d4, newest: true });
});

Deno.test("SrtpReceiver.openRtcp() refuses RFC 7714 section 17.3, which is authentic but in clear", () => {
  strictEqual(receiver().openRtcp(concatBytes(SRTCP_CLEAR, MKI)), "srtcp-clear");
});

Deno.test("deriveBytes() gives the key and salt of RFC 3711 appendix B.3", () => {
  const master = {
    key: hex("e1f97a0d3e018be0d64fa32c06de4139"),
    salt: hex("0ec675ad498afeebb6960b3aabe6"),
  };
  const derive = (label: number, size: number) =>
    deriveBytes(systemCryptography, master, { label, size });
  deepStrictEqual(derive(0, 16), hex("c61e7a93744f39ee10734afe3ff7a087"));
  deepStrictEqual(derive(2, 14), hex("30cbbc08863d8c85d49db34a9ae1"));
});
