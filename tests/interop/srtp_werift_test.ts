/**
 * SRTP and its key derivation against werift, an implementation by others: both ways, byte for byte.
 * Judges no real time.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { RtpPacket as WeriftPacket, SrtcpSession, SrtpSession } from "werift";
import { concatBytes, seededRandom } from "@fusionmeet/base";
import { systemCryptography as cryptography, systemRandom } from "@fusionmeet/net";
import {
  encodeAudioLevel,
  encodeCaptureTime,
  EXTENSION,
  type MasterKey,
  PAYLOAD_TYPE,
  SRTP_MKI_BYTES,
  SrtpReceiver,
  SrtpSender,
  writeNack,
  writeRtp,
  writeSyncRequest,
} from "@fusionmeet/protocol";

const SSRC = 0x1234_5678;
const EPOCH = 7;
/** Werift's `ProtectionProfileAeadAes128Gcm`; it has no MKI, so ours is cut off and put on. */
const AEAD_AES_128_GCM = 7;

function masterKey(): MasterKey {
  return {
    key: systemRandom.fill(new Uint8Array(16)),
    salt: systemRandom.fill(new Uint8Array(12)),
  };
}

/** What werift wants: the same key for both directions. */
function weriftConfig({ key, salt }: MasterKey) {
  return {
    profile: AEAD_AES_128_GCM,
    keys: {
      localMasterKey: Buffer.from(key),
      localMasterSalt: Buffer.from(salt),
      remoteMasterKey: Buffer.from(key),
      remoteMasterSalt: Buffer.from(salt),
    },
  } as const;
}

/** Thirty packets across a wrap of the sequence number, with and without extensions, 0..1200 bytes. */
function packets(): Uint8Array[] {
  const random = seededRandom(7714);
  return Array.from({ length: 30 }, (_, index) =>
    writeRtp({
      payloadType: PAYLOAD_TYPE.opus,
      marker: index % 3 === 0,
      sequence: (65_520 + index) & 0xffff,
      timestamp: index * 960,
      ssrc: SSRC,
      extensions: index % 2 === 0 ? undefined : new Map([
        [EXTENSION.audioLevel, encodeAudioLevel({ voice: true, level: -30 })],
        [EXTENSION.captureTime, encodeCaptureTime(1_234.5)],
      ]),
      payload: random.fill(new Uint8Array(index * 40)),
    }));
}

function receiver(master: MasterKey): SrtpReceiver {
  const made = new SrtpReceiver({ cryptography, windowPackets: 256 });
  made.addKey(EPOCH, master);
  made.expect(SSRC);
  return made;
}

const withoutMki = (packet: Uint8Array) => Buffer.from(packet.slice(0, -SRTP_MKI_BYTES));
const withMki = (packet: Uint8Array) => concatBytes(packet, Uint8Array.of(EPOCH));

Deno.test("werift opens what SrtpSender.protect() sealed, with the MKI cut off", () => {
  const master = masterKey();
  const sender = new SrtpSender({ cryptography, master, epoch: EPOCH });
  const session = new SrtpSession(weriftConfig(master));
  for (const packet of packets()) {
    const opened = session.decrypt(withoutMki(sender.protect(packet)));
    strictEqual(opened.toHex(), packet.toHex());
  }
});

Deno.test("SrtpReceiver.open() opens what werift sealed, with an MKI put on", () => {
  const master = masterKey();
  const session = new SrtpSession(weriftConfig(master));
  const target = receiver(master);
  for (const packet of packets()) {
    const { header, payload } = WeriftPacket.deSerialize(Buffer.from(packet));
    const opened = target.open(withMki(session.encrypt(payload, header)));
    if (typeof opened === "string") throw new Error(opened);
    const { header: readHeader, payload: readPayload } = WeriftPacket.deSerialize(
      Buffer.from(opened.rtp),
    );
    deepStrictEqual(readHeader, header);
    deepStrictEqual(readPayload, payload);
  }
});

Deno.test("werift and we open each other's SRTCP, with the MKI cut off and put on", () => {
  const master = masterKey();
  const sender = new SrtpSender({ cryptography, master, epoch: EPOCH });
  const session = new SrtcpSession(weriftConfig(master));
  const target = receiver(master);
  const nonce = systemRandom.fill(new Uint8Array(8));
  for (
    const packet of [
      writeNack({ sender: SSRC, media: 5, sequences: [1, 2, 30] }),
      writeSyncRequest({ ssrc: SSRC, sentAtMs: 12.5, nonce }),
    ]
  ) {
    const opened = session.decrypt(withoutMki(sender.protectRtcp(packet)));
    strictEqual(opened.toHex(), packet.toHex());
    const back = target.openRtcp(withMki(session.encrypt(Buffer.from(packet))));
    if (typeof back === "string") throw new Error(back);
    deepStrictEqual(back.rtcp, packet);
  }
});
