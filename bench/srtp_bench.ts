/** What SRTP costs a packet, against AES-128-GCM alone on as many bytes. */
import { writeU16 } from "@fusionmeet/base";
import { systemCryptography } from "@fusionmeet/net";
import {
  masterKeyFromBytes,
  PAYLOAD_TYPE,
  SrtpReceiver,
  SrtpSender,
  writeRtp,
} from "@fusionmeet/protocol";
import { microseconds, printTimes } from "./measure.ts";

const CALLS = 4_000;
const ROUNDS = 7;
const SSRC = 7;

for (const size of [160, 1_200]) {
  const payload = new Uint8Array(size).fill(5);
  const rtp = writeRtp({
    payloadType: PAYLOAD_TYPE.opus,
    marker: false,
    sequence: 0,
    timestamp: 0,
    ssrc: SSRC,
    payload,
  });
  const master = masterKeyFromBytes(new Uint8Array(28).fill(3));
  const aead = systemCryptography.aesGcm(master.key);
  const nonce = new Uint8Array(12);
  const associated = rtp.subarray(0, 12);
  const sealedPayload = aead.seal(nonce, associated, payload);

  const sender = new SrtpSender({ cryptography: systemCryptography, master, epoch: 0 });
  const receiver = new SrtpReceiver({ cryptography: systemCryptography, windowPackets: 256 });
  receiver.addKey(0, master);
  receiver.expect(SSRC);
  const sealed: Uint8Array[] = [];
  const seal = microseconds(CALLS, (index) => {
    writeU16(rtp, 2, index & 0xffff);
    sealed.push(sender.protect(rtp));
  }, { rounds: ROUNDS });
  const open = microseconds(CALLS, (index) => {
    if (typeof receiver.open(sealed[index]) === "string") throw new Error("not opened");
  }, { rounds: ROUNDS });
  const replay = microseconds(CALLS, (index) => void receiver.open(sealed[index]), {
    rounds: ROUNDS,
  });
  printTimes(`SRTP, payload of ${size} bytes`, [
    ["AES-GCM seal", microseconds(CALLS, () => void aead.seal(nonce, associated, payload))],
    ["SrtpSender.protect()", seal],
    ["AES-GCM open", microseconds(CALLS, () => void aead.open(nonce, associated, sealedPayload))],
    ["SrtpReceiver.open()", open],
    ["SrtpReceiver.open() of a replay", replay],
  ]);
}
