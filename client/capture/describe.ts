import { Refusal } from "@fusionmeet/base";
import { basename } from "node:path";
import { type CaptureDevice, parseDeviceList } from "./devices.ts";
import {
  type CaptureSystem,
  captureSystem,
  DEFAULT_CAMERA,
  deviceListArguments,
} from "./ffmpeg_arguments.ts";
import { findFfmpeg, runFfmpeg } from "./ffmpeg_process.ts";
import { type CameraSource, type MicrophoneSource, type Quality, qualityOf } from "./sources.ts";

/** Whoever looks at a window waits no longer than this for a list of devices. */
export const DESCRIBE_MS_MAX = 800;

/** What `describeSources` needs to know. */
export interface DescribeOptions {
  readonly microphone: MicrophoneSource;
  readonly camera: CameraSource;
  readonly quality?: Quality;
  /** Lists the devices of this computer, the default one first; rejects where it cannot. */
  readonly list?: (kind: CaptureDevice["kind"]) => Promise<CaptureDevice[]>;
  readonly system?: CaptureSystem;
  /** How long to wait for a list of devices (`DESCRIBE_MS_MAX`). */
  readonly msMax?: number;
}

/** What would be switched on, in words; null where there is nothing to switch on. */
export interface SourceWords {
  readonly microphone: string | null;
  readonly camera: string | null;
}

/**
 * Says in words what microphone and camera would be: "Tone 431 Hz", "Test picture 320x240", a file's name, a device's
 * own name. Never rejects and takes no longer than `msMax`: a list of devices that does not come is done without.
 */
export async function describeSources(options: DescribeOptions): Promise<SourceWords> {
  const [microphone, camera] = await Promise.all([
    describeMicrophone(options),
    describeCamera(options),
  ]);
  return { microphone, camera };
}

async function describeMicrophone(options: DescribeOptions): Promise<string | null> {
  const { microphone } = options;
  switch (microphone.kind) {
    case "off":
      return null;
    case "silence":
      return "Silence";
    case "tone":
      return `Tone ${microphone.hertz} Hz`;
    case "file":
      return basename(microphone.path);
    case "device":
      return await describeDevice("microphone", { ...options, id: microphone.id });
  }
}

async function describeCamera(options: DescribeOptions): Promise<string | null> {
  const { camera, quality } = options;
  switch (camera.kind) {
    case "off":
      return null;
    case "testsrc": {
      const { width, height } = qualityOf(camera, quality);
      return `Test picture ${width}x${height}`;
    }
    case "file":
      return basename(camera.path);
    case "device":
      return await describeDevice("camera", { ...options, id: camera.id });
  }
}

async function describeDevice(
  kind: CaptureDevice["kind"],
  options: DescribeOptions & { id?: string },
): Promise<string | null> {
  const { id, list = listDevices, system = captureSystem(), msMax = DESCRIBE_MS_MAX } = options;
  const devices = await inTime(list(kind), msMax).catch((thrown) =>
    thrown instanceof Refusal ? [] : undefined
  );
  // Not listed is not absent: a name may be one of another sound system.
  if (id !== undefined) return devices?.find((device) => device.id === id)?.label ?? id;
  if (devices === undefined) return kind === "camera" ? "Default camera" : "Default microphone";
  const isDefault = (device: CaptureDevice) =>
    kind !== "camera" || system !== "linux" || device.id === DEFAULT_CAMERA;
  return devices.find(isDefault)?.label ?? null;
}

/** The devices of this computer, the default one first. @throws Refusal "ffmpeg-missing" */
export async function listDevices(kind: CaptureDevice["kind"]): Promise<CaptureDevice[]> {
  const system = captureSystem();
  const { stdout, stderr } = await runFfmpeg(
    await findFfmpeg(),
    deviceListArguments(system, kind),
  );
  const output = system === "linux" ? new TextDecoder().decode(stdout) : stderr;
  const devices = parseDeviceList(output, { system, kind });
  return devices.length === 0 && kind === "microphone" ? await alsaMicrophones() : devices;
}

/** Without a sound server Linux has ALSA alone. */
async function alsaMicrophones(): Promise<CaptureDevice[]> {
  const list = await Deno.readTextFile("/proc/asound/pcm").catch(() => "");
  if (!list.includes("capture")) return [];
  return [{ kind: "microphone", id: "default", label: "Default microphone" }];
}

/** What `promise` gives; rejects when that takes longer. */
async function inTime<T>(promise: Promise<T>, msMax: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("too slow")), msMax);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
