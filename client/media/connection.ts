import type { Counters, Random } from "@fusionmeet/base";
import type { MediaAddress, VoiceCodecs } from "@fusionmeet/media";
import {
  type Cryptography,
  isCameraCodec,
  isRtcp,
  type MasterKey,
  rtpSsrc,
} from "@fusionmeet/protocol";
import type { CameraPicture } from "../capture/camera.ts";
import { CameraReceiver } from "./camera_receiver.ts";
import { CameraSender } from "./camera_sender.ts";
import type { EngineCommand } from "./commands.ts";
import { KeyRing, MIX } from "./key_ring.ts";
import { MicrophoneSender } from "./microphone_sender.ts";
import { MixListener } from "./mix_listener.ts";
import { ServerLink } from "./server_link.ts";

type Connect = Extract<EngineCommand, { do: "connect" }>;
type StreamOpen = Extract<EngineCommand, { do: "stream.open" }>;

/** Cameras open at once; far more than a screen shows. */
const CAMERAS_MAX = 256;

export interface ConnectionOptions {
  readonly connect: Connect;
  readonly cryptography: Cryptography;
  readonly random: Random;
  readonly codecs: VoiceCodecs;
  readonly counters: Counters;
  readonly nowMs: number;
  /** Takes a datagram for the server. */
  readonly post: (bytes: Uint8Array) => void;
}

/** Everything that begins with a `connect` and is never used again after it: keys, ssrcs, positions. */
export class Connection {
  readonly server: MediaAddress;
  readonly participant: number;
  readonly link: ServerLink;
  readonly microphone: MicrophoneSender;
  readonly camera: CameraSender;
  readonly mix: MixListener;
  readonly cameras = new Map<number, CameraReceiver>();
  readonly #options: ConnectionOptions;
  readonly #keys: KeyRing;

  constructor(options: ConnectionOptions) {
    const { connect, cryptography, random, codecs, counters, nowMs } = options;
    const { hostname, port, epoch, linkKey, pictureKey, ssrcs, voice, participant } = connect;
    this.#options = options;
    this.server = { hostname, port };
    this.participant = participant;
    this.#keys = new KeyRing(epoch);
    this.link = new ServerLink({
      cryptography,
      epoch,
      linkKey,
      feedbackSsrc: ssrcs.feedback,
      serverFeedbackSsrc: ssrcs.serverFeedback,
      counters,
      nowMs,
    });
    this.microphone = new MicrophoneSender({
      codecs,
      voice,
      random,
      ssrc: ssrcs.microphone,
      counters,
    });
    this.camera = new CameraSender({
      cryptography,
      random,
      epoch,
      pictureKey,
      ssrc: ssrcs.camera,
      counters,
    });
    this.mix = new MixListener({ cryptography, codecs, voice, counters });
  }

  openStream(stream: StreamOpen, nowMs: number): CameraReceiver | undefined {
    const { cryptography, counters } = this.#options;
    const owner = stream.kind === "mix" ? MIX : stream.participant;
    if (!this.#keys.add(owner, stream.epoch, stream.key, nowMs)) counters.add("key-too-early");
    const keys = this.#keys.of(owner);
    if (stream.kind === "mix") {
      this.mix.open(stream, keys);
      return undefined;
    }
    if (this.cameras.size >= CAMERAS_MAX && !this.cameras.has(stream.ssrc)) {
      counters.add("cameras-full");
      return undefined;
    }
    const { participant, layer, ssrc, codec, roc, sequence } = stream;
    if (!isCameraCodec(codec)) {
      counters.add("codec-unknown");
      return undefined;
    }
    const camera = new CameraReceiver({
      cryptography,
      participant,
      layer,
      ssrc,
      codec,
      keys,
      roc,
      sequence,
      counters,
    });
    this.cameras.set(ssrc, camera);
    return camera;
  }

  addKeys(
    epoch: number,
    list: readonly { participant: number; key: MasterKey }[],
    nowMs: number,
  ): void {
    const added = new Map<number, MasterKey>();
    for (const { participant: owner, key } of list) {
      if (this.#keys.add(owner, epoch, key, nowMs)) added.set(owner, key);
      else this.#options.counters.add("key-too-early");
    }
    const [ofMix, own] = [added.get(MIX), added.get(this.participant)];
    if (ofMix) this.mix.addKey(epoch, ofMix);
    if (own) this.camera.addKey(epoch, own);
    for (const camera of this.cameras.values()) {
      const key = added.get(camera.options.participant);
      if (key) camera.addKey(epoch, key);
    }
    this.#forgetRetired(nowMs);
  }

  useKeys(epoch: number, nowMs: number): void {
    if (!this.camera.use(epoch)) return this.#options.counters.add("key-missing");
    this.#keys.use(epoch, nowMs);
    this.#forgetRetired(nowMs);
  }

  microphoneFrame(pcm: Int16Array, capturedAtMs: number): void {
    const { clock } = this.link;
    if (!this.link.bound) return this.#options.counters.add("microphone-unbound");
    const packets = this.microphone.frame(pcm, capturedAtMs, (localMs) => clock.toServer(localMs));
    for (const rtp of packets) this.#options.post(this.link.protect(rtp));
  }

  cameraPicture(picture: CameraPicture, nowMs: number): void {
    if (!this.link.bound) {
      this.camera.stop();
      return this.#options.counters.add("camera-unbound");
    }
    this.camera.push(picture, this.link.clock.toServer(picture.capturedAtMs));
    this.#sendPaced(nowMs);
  }

  /** Takes a datagram from the server's address; what is wrong with it is counted. */
  receive(bytes: Uint8Array, nowMs: number): CameraReceiver | undefined {
    if (isRtcp(bytes)) {
      this.#receiveFeedback(bytes, nowMs);
      return undefined;
    }
    const ssrc = rtpSsrc(bytes);
    const camera = this.cameras.get(ssrc);
    if (camera) camera.receive(bytes, nowMs);
    else if (this.mix.has(ssrc)) this.mix.receive(bytes, nowMs);
    else this.#options.counters.add("unknown-ssrc");
    return camera;
  }

  /** Binding, clock exchange, paced packets, NACKs, keys whose time is over. */
  step(nowMs: number): void {
    const question = this.link.step(nowMs, () => this.mix.reports());
    if (question) this.#options.post(question);
    this.#sendPaced(nowMs);
    for (const camera of this.cameras.values()) this.#askAgain(camera, nowMs);
    this.#forgetRetired(nowMs);
  }

  get nextDueMs(): number {
    let dueMs = Math.min(
      this.link.nextDueMs,
      this.camera.nextDueMs ?? Infinity,
      this.#keys.nextDueMs ?? Infinity,
    );
    for (const camera of this.cameras.values()) {
      dueMs = Math.min(dueMs, camera.nextDueMs ?? Infinity);
    }
    return dueMs;
  }

  #forgetRetired(nowMs: number): void {
    for (const epoch of this.#keys.takeRetired(nowMs)) {
      this.mix.removeKey(epoch);
      for (const camera of this.cameras.values()) camera.removeKey(epoch);
    }
  }

  #askAgain(camera: CameraReceiver, nowMs: number): void {
    const sequences = camera.nacks(nowMs, this.link.clock.rttMs);
    if (sequences.length === 0) return;
    this.#options.counters.add("nacks-sent");
    this.#options.post(this.link.nack(camera.options.ssrc, sequences));
  }

  #receiveFeedback(bytes: Uint8Array, nowMs: number): void {
    const { reply, missing, reports } = this.link.receive(bytes, nowMs);
    const { camera, microphone } = this.#options.connect.ssrcs;
    if (reply) this.#options.post(reply);
    for (const { ssrc, sequences } of missing) {
      if (ssrc === camera) this.camera.repair(sequences, nowMs);
      else this.#options.counters.add("nack-unknown-ssrc");
    }
    for (const block of reports) {
      if (block.ssrc === microphone) this.microphone.reported(block, nowMs);
      else this.#options.counters.add("report-unknown-ssrc");
    }
    this.#sendPaced(nowMs);
  }

  #sendPaced(nowMs: number): void {
    for (const bytes of this.camera.take(nowMs)) this.#options.post(bytes);
  }
}
