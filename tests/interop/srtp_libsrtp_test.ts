/**
 * SRTP against libsrtp, through GStreamer's srtpenc and srtpdec: AEAD_AES_128_GCM with our one-byte MKI, both ways,
 * byte for byte. Packets travel through pipes, framed by RFC 4571.
 * Judges no real time.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { concatBytes, readU16, seededRandom, writeU16 } from "@fusionmeet/base";
import { systemCryptography as cryptography, systemRandom } from "@fusionmeet/net";
import {
  encodeFrameMarking,
  encodeMixLevels,
  EXTENSION,
  type MasterKey,
  PAYLOAD_TYPE,
  SrtpReceiver,
  SrtpSender,
  writeReceiverReport,
  writeRtp,
  writeSyncRequest,
} from "@fusionmeet/protocol";

const SSRC = 0x1234_5678;
const EPOCH = 0x2a;
const CIPHERS =
  "srtp-cipher=aes-128-gcm, srtp-auth=null, srtcp-cipher=aes-128-gcm, srtcp-auth=null";

function masterKey(): MasterKey {
  return {
    key: systemRandom.fill(new Uint8Array(16)),
    salt: systemRandom.fill(new Uint8Array(12)),
  };
}

const hexOf = ({ key, salt }: MasterKey) => concatBytes(key, salt).toHex();

/** Sixty packets from `first` on, with frame marking, CSRCs and levels, 1..1180 bytes. */
function packets(first: number): Uint8Array[] {
  const random = seededRandom(first);
  return Array.from({ length: 60 }, (_, index) =>
    writeRtp({
      payloadType: PAYLOAD_TYPE.h264,
      marker: index % 5 === 4,
      sequence: (first + index) & 0xffff,
      timestamp: Math.floor(index / 5) * 3_000,
      ssrc: SSRC,
      csrcs: index % 2 === 0 ? [] : [11, 12],
      extensions: new Map([
        [
          EXTENSION.frameMarking,
          encodeFrameMarking({
            start: index % 5 === 0,
            end: index % 5 === 4,
            independent: index < 5,
            discardable: false,
          }),
        ],
        [EXTENSION.mixLevels, encodeMixLevels([-20, -33])],
      ]),
      payload: random.fill(new Uint8Array(1 + index * 20 % 1_180)),
    }));
}

/** Puts packets through a pipeline, between `fdsrc` and `fdsink`. */
async function through(
  pipeline: string[],
  { input, caps, sent }: { input: readonly Uint8Array[]; caps: string; sent: "rtp" | "rtcp" },
): Promise<string[]> {
  const names = sent === "rtp" ? ["rtp_sink", "rtp_src"] : ["rtcp_sink", "rtcp_src"];
  const [sink, source] = pipeline[0] === "srtpenc" ? names.map((name) => `${name}_0`) : names;
  const args = ["-q", ...pipeline, "name=srtp", "fdsrc", "fd=0", "!", caps, "!", "rtpstreamdepay"];
  args.push("!", `srtp.${sink}`, `srtp.${source}`, "!", "rtpstreampay", "!", "fdsink", "fd=1");
  const child = new Deno.Command("gst-launch-1.0", {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const writing = writer.write(framed(input)).then(() => writer.close());
  const { code, stdout, stderr } = await child.output();
  await writing;
  strictEqual(code, 0, new TextDecoder().decode(stderr));
  return unframed(stdout);
}

/** RFC 4571: each packet behind its size. */
function framed(input: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return concatBytes(...input.flatMap((packet) => {
    const size = new Uint8Array(2);
    writeU16(size, 0, packet.length);
    return [size, packet];
  }));
}

function unframed(bytes: Uint8Array): string[] {
  const output: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 2 + readU16(bytes, at);
    ok(end <= bytes.length, "the pipeline wrote whole packets");
    output.push(bytes.subarray(at + 2, end).toHex());
    at = end;
  }
  return output;
}

/** What `srtpdec` is told of a stream, as we tell a late joiner. */
function decoderCaps(
  kind: "srtp" | "srtcp",
  { master, roc = 0, more = "" }: { master: MasterKey; roc?: number; more?: string },
): string {
  const mki = EPOCH.toString(16);
  return `application/x-${kind}-stream, media=video, clock-rate=90000, encoding-name=H264, payload=96, ` +
    `ssrc=(uint)${SSRC}, roc=(uint)${roc}, ${CIPHERS}, ` +
    `srtp-key=(buffer)${hexOf(master)}, mki=(buffer)${mki}${more}`;
}

const encoder = (master: MasterKey) => [
  ...["srtpenc", `key=${hexOf(master)}`, `mki=${EPOCH.toString(16)}`],
  ...["rtp-cipher=aes-128-gcm", "rtp-auth=null", "rtcp-cipher=aes-128-gcm", "rtcp-auth=null"],
];

const hexes = (list: readonly Uint8Array[]) => list.map((packet) => packet.toHex());

function receiver(master: MasterKey): SrtpReceiver {
  const made = new SrtpReceiver({ cryptography, windowPackets: 256 });
  made.addKey(EPOCH, master);
  made.expect(SSRC);
  return made;
}

Deno.test("libsrtp opens what SrtpSender.protect() sealed, MKI and a wrap included", async () => {
  const master = masterKey();
  const sender = new SrtpSender({ cryptography, master, epoch: EPOCH });
  const sent = packets(65_510);
  const input = sent.map((packet) => sender.protect(packet));
  const caps = decoderCaps("srtp", { master });
  deepStrictEqual(await through(["srtpdec"], { input, caps, sent: "rtp" }), hexes(sent));
});

Deno.test("libsrtp as a late joiner opens from the (roc, sequence) it is told", async () => {
  const master = masterKey();
  for (const roc of [2, 2 ** 31]) {
    const sender = new SrtpSender({ cryptography, master, epoch: EPOCH });
    sender.seed(SSRC, { roc, sequence: 999 });
    const sent = packets(1_000);
    const input = sent.map((packet) => sender.protect(packet));
    const caps = decoderCaps("srtp", { master, roc });
    deepStrictEqual(await through(["srtpdec"], { input, caps, sent: "rtp" }), hexes(sent));
  }
});

Deno.test("libsrtp goes on over a change of the key epoch", async () => {
  const [master, next] = [masterKey(), masterKey()];
  const sender = new SrtpSender({ cryptography, master, epoch: EPOCH });
  sender.addKey(EPOCH + 1, next);
  const sent = packets(65_510);
  const input = sent.map((packet, index) => {
    if (index === 30) sender.use(EPOCH + 1);
    return sender.protect(packet);
  });
  const more = `, srtp-key2=(buffer)${hexOf(next)}, mki2=(buffer)${(EPOCH + 1).toString(16)}`;
  const caps = decoderCaps("srtp", { master, more });
  deepStrictEqual(await through(["srtpdec"], { input, caps, sent: "rtp" }), hexes(sent));
});

Deno.test("libsrtp drops flipped, replayed and foreign packets of ours and opens the rest", async () => {
  const master = masterKey();
  const sender = new SrtpSender({ cryptography, master, epoch: EPOCH });
  const foreign = new SrtpSender({ cryptography, master: masterKey(), epoch: EPOCH });
  const sent = packets(100);
  const input = sent.flatMap((packet) => {
    const sealed = sender.protect(packet);
    const flipped = sealed.slice();
    flipped[sealed.length - 10] ^= 1;
    return [flipped, foreign.protect(packet), sealed, sealed];
  });
  const caps = decoderCaps("srtp", { master });
  deepStrictEqual(await through(["srtpdec"], { input, caps, sent: "rtp" }), hexes(sent));
});

Deno.test("SrtpReceiver.open() opens what libsrtp sealed, which is what we would have sealed", async () => {
  const master = masterKey();
  const sent = packets(65_510);
  const caps = `application/x-rtp-stream, media=video, clock-rate=90000, encoding-name=H264, ` +
    `payload=96, ssrc=(uint)${SSRC}`;
  const sealed = await through(encoder(master), { input: sent, caps, sent: "rtp" });
  const sender = new SrtpSender({ cryptography, master, epoch: EPOCH });
  deepStrictEqual(sealed, hexes(sent.map((packet) => sender.protect(packet))));
  const target = receiver(master);
  const opened = sealed.map((packet) => target.open(Uint8Array.fromHex(packet)));
  deepStrictEqual(opened.map((each) => typeof each === "string" ? each : each.rtp), sent);
});

Deno.test("libsrtp and we open each other's SRTCP, MKI included", async () => {
  const master = masterKey();
  const nonce = systemRandom.fill(new Uint8Array(8));
  const sent = [1, 2, 3].map((sentAtMs) =>
    concatBytes(
      writeReceiverReport({ ssrc: SSRC, blocks: [] }),
      writeSyncRequest({ ssrc: SSRC, sentAtMs, nonce }),
    )
  );
  const sender = new SrtpSender({ cryptography, master, epoch: EPOCH });
  const input = sent.map((packet) => sender.protectRtcp(packet));
  const caps = decoderCaps("srtcp", { master });
  deepStrictEqual(await through(["srtpdec"], { input, caps, sent: "rtcp" }), hexes(sent));
  const plain = "application/x-rtcp-stream";
  const sealed = await through(encoder(master), { input: sent, caps: plain, sent: "rtcp" });
  deepStrictEqual(sealed, hexes(input));
  const target = receiver(master);
  const opened = sealed.map((packet) => target.openRtcp(Uint8Array.fromHex(packet)));
  deepStrictEqual(opened.map((each) => typeof each === "string" ? each : each.rtcp), sent);
});
