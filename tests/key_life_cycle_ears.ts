/** What listens in key_life_cycle_test.ts, and how it notices what must never happen. */
import { ok } from "node:assert/strict";
import { equalBytes } from "@fusionmeet/base";
import { systemCryptography } from "@fusionmeet/net";
import {
  type Cryptography,
  type MasterKey,
  SrtpReceiver,
  type StreamPosition,
} from "@fusionmeet/protocol";

/** The real AES; an exception where a key sees a nonce for the second time. */
export class WatchedCryptography implements Cryptography {
  readonly aesBlock = systemCryptography.aesBlock;
  readonly #nonces = new Map<string, Set<string>>();
  sealedCount = 0;

  aesGcm(key: Uint8Array) {
    const nonces = this.#nonces.get(key.toHex()) ?? new Set<string>();
    this.#nonces.set(key.toHex(), nonces);
    const aead = systemCryptography.aesGcm(key);
    return {
      open: aead.open.bind(aead),
      seal: (nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array) => {
        ok(!nonces.has(nonce.toHex()), `nonce ${nonce.toHex()} came twice under one key`);
        nonces.add(nonce.toHex());
        this.sealedCount++;
        return aead.seal(nonce, associated, plaintext);
      },
    };
  }
}

/** Keys that follow each other by epoch, and the SSRCs under them: a link, somebody's pictures, the mixes. */
export class Line {
  readonly masters = new Map<number, MasterKey>();
}

/** One packet as it was written and as it was sealed. */
export interface Sealed {
  readonly line: Line;
  readonly rtcp: boolean;
  readonly plain: Uint8Array;
  readonly bytes: Uint8Array;
  readonly epoch: number;
  readonly atMs: number;
}

/** Somebody who opens packets of one line; remembers which. */
export class Ear {
  readonly #srtp: SrtpReceiver;
  readonly #opened = new Set<Sealed>();
  readonly epochs = new Set<number>();

  /** @param firstEpoch in use when it began to listen. */
  constructor(readonly line: Line, readonly firstEpoch: number, windowPackets: number) {
    this.#srtp = new SrtpReceiver({ cryptography: systemCryptography, windowPackets });
    this.addKey(firstEpoch);
  }

  addKey(epoch: number): void {
    const master = this.line.masters.get(epoch);
    ok(master, `epoch ${epoch} was made`);
    this.epochs.add(epoch);
    this.#srtp.addKey(epoch, master);
  }

  removeKey(epoch: number): void {
    this.epochs.delete(epoch);
    this.#srtp.removeKey(epoch);
  }

  expect(ssrc: number, position?: StreamPosition): void {
    if (position) this.#srtp.seed(ssrc, position.roc, position.sequence);
    else this.#srtp.expect(ssrc);
  }

  position(ssrc: number): StreamPosition | undefined {
    return this.#srtp.position(ssrc);
  }

  hasOpened(packet: Sealed): boolean {
    return this.#opened.has(packet);
  }

  /** Opens a packet from anywhere, or says why not. What opens is authentic, of this line, unaltered and new. */
  take(packet: Sealed, bytes = packet.bytes): string {
    const result = packet.rtcp ? this.#srtp.openRtcp(bytes) : this.#srtp.open(bytes);
    if (typeof result === "string") return result;
    ok(bytes === packet.bytes, "what was altered does not open");
    ok(packet.line === this.line, "what is sealed for others does not open");
    ok(!this.#opened.has(packet), "what was opened does not open again");
    ok(equalBytes("rtp" in result ? result.rtp : result.rtcp, packet.plain), "it is what was sent");
    this.#opened.add(packet);
    return "opened";
  }
}
