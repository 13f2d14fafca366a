import { isIPv6 } from "node:net";
import { messageOf, type NowMs } from "@fusionmeet/base";
import type { Consumption } from "@fusionmeet/bridge";
import { OpusPool, warmUpVoice } from "@fusionmeet/codec";
import type { MediaAddress } from "@fusionmeet/media";
import {
  type DatagramPort,
  openDatagramPort,
  systemCryptography,
  systemRandom,
} from "@fusionmeet/net";
import type { CameraCodec } from "@fusionmeet/protocol";
import { type Camera, openCamera, prepareCamera } from "../capture/camera.ts";
import { EncoderProbe } from "../capture/encoder_probe.ts";
import { type CaptureReport, type Microphone, openMicrophone } from "../capture/microphone.ts";
import { type Quality, sameQuality } from "../capture/sources.ts";
import type { CaptureKind, EngineCommand, EngineEvent } from "./commands.ts";
import { DevicePlayout, type PlayoutBlock } from "./device_playout.ts";
import { DeviceSwitch } from "./device_switch.ts";
import { ClientEngine } from "./engine.ts";
import type { EngineOptions } from "./handle.ts";
import { PLAYOUT_BLOCK_SAMPLES } from "./playout_clock.ts";

/** A socket that broke (the interface went away) is opened again after this. */
const REOPEN_MS = 1_000;
/** A wake-up this late was a hold-up of the thread: in the socket wait packets that came in time. */
const HELD_UP_MS = 5;

/** The microphone is asked so often for frames of 20 ms. */
const LISTEN_INTERVAL_MS = 10;

/** Where events go; `transfer` names the buffers the receiver gets for itself. */
export type PostEvent = (event: EngineEvent, transfer: ArrayBuffer[]) => void;

/** Epoch ms on a clock that never jumps. */
const epochMs: NowMs = () => performance.timeOrigin + performance.now();

/**
 * Gives a `ClientEngine` its socket, devices and timers. Local time is epoch ms of one monotonic clock, so that
 * everything it stamps can be compared with other programs on the machine.
 */
export class EngineDriver {
  readonly #options: EngineOptions;
  readonly #post: PostEvent;
  readonly #pool: OpusPool;
  readonly #engine: ClientEngine;
  readonly #microphone: DeviceSwitch<Microphone> | undefined;
  readonly #camera: DeviceSwitch<Camera> | undefined;
  readonly #encoders = new EncoderProbe();
  #microphoneOn = false;
  #cameraOn = false;
  #quality: Quality;
  #cameraCodec: CameraCodec = "h264";
  /** Devices open with the first bound connection, so that a file plays from its start to those who listen. */
  #joined = false;
  /** With its zone, as `connect` names it. */
  #server: MediaAddress = { hostname: "", port: 0 };
  #port: DatagramPort | undefined;
  #playout: DevicePlayout | undefined;
  /** Reports of the sound device that wait for the socket to be asked first. */
  #reports: Consumption[] = [];
  #reopenTimer: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerDueMs = Infinity;
  /** When the microphone is asked next, whatever clocks the sound that is played. */
  #listenDueMs = 0;
  #socketAskedAtMs = -Infinity;
  #closing: Promise<void> | undefined;

  static async start(options: EngineOptions, post: PostEvent): Promise<EngineDriver> {
    const pool = await OpusPool.create();
    await warmUpVoice(pool);
    return new EngineDriver(options, { post, pool });
  }

  private constructor(options: EngineOptions, { post, pool }: { post: PostEvent; pool: OpusPool }) {
    this.#options = options;
    this.#quality = options.quality;
    this.#post = post;
    this.#pool = pool;
    this.#engine = new ClientEngine({
      cryptography: systemCryptography,
      random: systemRandom,
      codecs: pool,
      nowMs: epochMs(),
    });
    this.#microphone = this.#microphoneSwitch();
    this.#camera = this.#cameraSwitch();
    this.#schedule();
  }

  command(command: EngineCommand): void {
    try {
      if (!this.#closing) this.#run(command);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Stops devices, posts the last statistics, closes the socket. Idempotent. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all([this.#microphone?.set(false), this.#camera?.set(false)]);
    this.#flush();
    this.#emit(this.#engine.statistics(epochMs()));
    this.#closePort();
    this.#engine.close();
    this.#pool.close();
  }

  #run(command: EngineCommand): void {
    if (command.do === "connect") {
      const { hostname, port } = command;
      this.#server = { hostname, port };
      this.#openPort(isIPv6(zoneless(hostname)) ? "::" : "0.0.0.0");
      this.#playout ??= new DevicePlayout(epochMs());
      this.#engine.command({ ...command, hostname: peerName(hostname) }, epochMs());
    } else this.#engine.command(command, epochMs());
    if (command.do === "played") return this.#played(command.consumption);
    if (command.do === "disconnect") this.#closePort();
    if (command.do === "microphone") this.#microphoneOn = command.on;
    if (command.do === "camera") this.#cameraOn = command.on;
    if (command.do === "camera.codec") this.#setCameraCodec(command.codec);
    if (command.do === "quality") this.#setQuality(command.quality).catch(this.#fail);
    this.#settleDevices();
    this.#flush();
    this.#schedule();
  }

  // ---- socket

  #openPort(hostname: string): void {
    this.#closePort();
    this.#port = openDatagramPort({ hostname, port: 0 });
    this.#receive(this.#port).catch(this.#fail);
  }

  #closePort(): void {
    clearTimeout(this.#reopenTimer);
    this.#port?.close();
    this.#port = undefined;
  }

  async #receive(port: DatagramPort): Promise<void> {
    for (;;) {
      const datagram = await port.receive().catch(() => "broken" as const);
      if (port !== this.#port || datagram === undefined) return;
      if (datagram === "broken") return this.#reopenPort(port);
      this.#engine.receive(datagram, epochMs());
      this.#flush();
      this.#schedule();
    }
  }

  #reopenPort(broken: DatagramPort): void {
    this.#engine.counters.add("socket-broken");
    this.#reopenTimer = setTimeout(() => {
      try {
        this.#openPort(broken.address.hostname);
      } catch {
        this.#reopenPort(broken);
      }
    }, REOPEN_MS);
  }

  // ---- time

  /** Sets the timer to whatever is due first. Timers come late; what is due is always counted from the clock. */
  #schedule(): void {
    if (this.#closing) return;
    const isListening = this.#microphone?.device !== undefined;
    const dueMs = Math.min(
      this.#engine.nextDueMs,
      this.#playout?.nextDueMs ?? Infinity,
      isListening ? this.#listenDueMs : Infinity,
    );
    if (dueMs >= this.#timerDueMs) return;
    clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(this.#wake, Math.max(1, Math.ceil(dueMs - epochMs())));
  }

  /** After a hold-up the socket comes first; only a timer (no immediate) has the event loop ask it before it fires. */
  readonly #wake = (): void => {
    const nowMs = epochMs();
    if (nowMs - Math.max(this.#timerDueMs, this.#socketAskedAtMs) > HELD_UP_MS) {
      this.#socketAskedAtMs = nowMs;
      this.#timer = setTimeout(this.#wake, 0);
      return;
    }
    this.#timerDueMs = Infinity;
    try {
      this.#listen(nowMs);
      this.#engine.step(nowMs);
      this.#play(nowMs);
      this.#flush();
      this.#schedule();
    } catch (error) {
      this.#fail(error);
    }
  };

  /** Takes what the microphone has. One that is let go of while muted is so after the frame that fades out. */
  #listen(nowMs: number): void {
    this.#listenDueMs = nowMs + LISTEN_INTERVAL_MS;
    const frames = this.#microphone?.device?.take(nowMs) ?? [];
    for (const { pcm, capturedAtMs } of frames) this.#engine.microphoneFrame(pcm, capturedAtMs);
    const release = this.#options.releaseMutedMicrophone && !this.#microphoneOn;
    if (release && frames.length > 0) this.#microphone?.set(false).catch(this.#fail);
  }

  /** What a hold-up of the thread left waiting counts after what waits in the socket. */
  #played(consumption: Consumption): void {
    this.#reports.push(consumption);
    const nowMs = epochMs();
    if (nowMs - this.#timerDueMs <= HELD_UP_MS) this.#play(nowMs);
    this.#schedule();
  }

  #play(nowMs: number): void {
    const reports = this.#reports.splice(0);
    if (!this.#playout) return;
    for (const report of reports) this.#playBlocks(this.#playout.played(report, nowMs));
    this.#playBlocks(this.#playout.take(nowMs));
  }

  #playBlocks(blocks: readonly PlayoutBlock[]): void {
    for (const { dueMs, atMs, heardAtMs, silent, generation } of blocks) {
      const pcm = new Int16Array(PLAYOUT_BLOCK_SAMPLES);
      if (!silent) this.#engine.playout(dueMs, pcm, heardAtMs);
      const forDevice = generation !== undefined && { generation };
      this.#post({ event: "mix", pcm, atMs, ...forDevice }, [pcm.buffer]);
    }
  }

  #flush(): void {
    for (const { bytes } of this.#engine.takeDatagrams()) {
      this.#port?.send({ address: this.#server, bytes });
    }
    for (const event of this.#engine.takeEvents()) {
      if (event.event === "bound" && !this.#joined) {
        this.#joined = true;
        this.#settleDevices();
      }
      this.#emit(event);
    }
  }

  #emit(event: EngineEvent): void {
    if (event.event === "picture" || event.event === "preview") {
      this.#post(event, [event.bytes.buffer as ArrayBuffer]);
    } else if (event.event === "statistics") {
      const counters = { ...event.counters, ...this.#counters() };
      const device = this.#playout?.figures(epochMs());
      this.#post({ ...event, counters, ...(device && { device }) }, []);
    } else this.#post(event, []);
  }

  /** What devices, socket and playout count. */
  #counters(): Record<string, number> {
    const { sendQueueFull = 0, sendFailed = 0, receivedOversize = 0 } = this.#port?.dropped ?? {};
    return {
      ...this.#microphone?.device?.counters(),
      ...this.#camera?.device?.counters(),
      "socket-send-queue-full": sendQueueFull,
      "socket-send-failed": sendFailed,
      "socket-oversize": receivedOversize,
      "playout-skipped-blocks": this.#playout?.skippedBlocks ?? 0,
      "playout-device-starts": this.#playout?.deviceStarts ?? 0,
    };
  }

  // ---- devices

  #settleDevices(): void {
    if (this.#closing) return;
    if (this.#joined && this.#microphoneOn) this.#microphone?.set(true).catch(this.#fail);
    this.#camera?.set(this.#joined && this.#cameraOn).catch(this.#fail);
  }

  #microphoneSwitch(): DeviceSwitch<Microphone> | undefined {
    const source = this.#options.microphone;
    if (source.kind === "off") return undefined;
    return new DeviceSwitch({
      open: () => openMicrophone(source, { now: epochMs, report: this.#report("microphone") }),
      failed: this.#captureFailed("microphone"),
    });
  }

  #cameraSwitch(): DeviceSwitch<Camera> | undefined {
    const source = this.#options.camera;
    if (source.kind === "off") return undefined;
    return new DeviceSwitch({
      open: () =>
        openCamera(source, {
          now: epochMs,
          quality: this.#quality,
          codec: this.#cameraCodec,
          encoders: this.#encoders,
          picture: (picture) => {
            this.#engine.cameraPicture(picture, epochMs());
            this.#flush();
            this.#schedule();
          },
          report: this.#report("camera"),
        }),
      failed: this.#captureFailed("camera"),
    });
  }

  #setCameraCodec(codec: CameraCodec): void {
    this.#cameraCodec = codec;
    if (this.#camera?.device?.codec !== codec) this.#camera?.reopen().catch(this.#fail);
  }

  /** The old picture goes on until all is known that the new one needs. */
  async #setQuality(quality: Quality): Promise<void> {
    this.#quality = quality;
    await prepareCamera({ quality, encoders: this.#encoders });
    const running = this.#camera?.device?.quality;
    if (running && sameQuality(running, this.#quality)) return;
    await this.#camera?.reopen();
  }

  #report(kind: CaptureKind): (report: CaptureReport) => void {
    return ({ state, message }) => {
      if (state === "running") this.#post({ event: "capture.running", kind }, []);
      else if (state === "trouble") this.#post({ event: "capture.retrying", kind, message }, []);
      else this.#captureFailed(kind)(message);
    };
  }

  #captureFailed(kind: CaptureKind): (error: unknown) => void {
    return (error) => {
      const device = kind === "camera" ? this.#camera : this.#microphone;
      device?.set(false).catch(this.#fail);
      if (kind === "camera") this.#cameraOn = false;
      else this.#microphoneOn = false;
      this.#post({ event: "capture.failed", kind, message: messageOf(error) }, []);
    };
  }

  readonly #fail = (error: unknown): void => {
    if (this.#closing) return;
    this.#post(failure(error), []);
    this.close().catch(() => undefined);
  };
}

/** The last event of an engine that broke. */
export function failure(error: unknown): Extract<EngineEvent, { event: "engine.failed" }> {
  const stack = error instanceof Error ? error.stack : undefined;
  return {
    event: "engine.failed",
    message: `The media engine of this client broke: ${messageOf(error)}`,
    ...(stack !== undefined && { stack }),
  };
}

/** A numeric address as a socket names it when something comes from there: IPv6 in its shortest form, without zone. */
export function peerName(hostname: string): string {
  const address = zoneless(hostname);
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

function zoneless(hostname: string): string {
  return hostname.split("%")[0];
}
