import { Refusal } from "@fusionmeet/base";
import { parseDeviceList } from "./devices.ts";
import { captureSystem, DEFAULT_CAMERA, deviceListArguments } from "./ffmpeg_arguments.ts";
import { runFfmpeg } from "./ffmpeg_process.ts";

/** @throws Refusal "no-file" when there is no such file, or it is a folder. */
export async function requireFile(
  kind: "camera" | "microphone" | "screen",
  path: string,
): Promise<void> {
  const found = await Deno.stat(path).catch(() => undefined);
  if (found !== undefined && !found.isDirectory) return;
  const state = found ? "it is a folder" : "there is no such file";
  throw new Refusal("no-file", `Cannot read the ${kind}'s file ${path}: ${state}`);
}

/** The sentence of everybody who has none. */
const NO_CAMERA = "There is no camera: plug one in, then switch it on again";

/** The camera that is opened where none is named, on Linux. @throws Refusal "no-device" when there is none. */
export async function requireDefaultCamera(path = DEFAULT_CAMERA): Promise<void> {
  const found = await Deno.stat(path).catch((thrown) => thrown);
  // Whatever else is wrong with it, ffmpeg says better.
  if (found instanceof Deno.errors.NotFound) throw new Refusal("no-device", NO_CAMERA);
}

/**
 * The device itself, or where none is named and the system knows no default (Windows) the first one it lists.
 *
 * @throws Refusal "no-device" when there is none.
 */
export async function firstDevice<Source extends { kind: "device"; id?: string }>(
  kind: "camera" | "microphone",
  source: Source,
  ffmpeg: string,
): Promise<Source> {
  const system = captureSystem();
  if (source.id === undefined && system === "linux" && kind === "camera") {
    await requireDefaultCamera();
  }
  if (source.id !== undefined || system !== "windows") return source;
  const { stderr } = await runFfmpeg(ffmpeg, deviceListArguments(system, kind));
  const [device] = parseDeviceList(stderr, { system, kind });
  if (device) return { ...source, id: device.id };
  const noMicrophone = "There is no microphone: plug one in, then switch it on again";
  throw new Refusal("no-device", kind === "camera" ? NO_CAMERA : noMicrophone);
}
