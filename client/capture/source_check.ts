import { Refusal } from "@fusionmeet/base";
import { parseDeviceList } from "./devices.ts";
import { deviceListArguments } from "./ffmpeg_arguments.ts";
import { captureSystem, runFfmpeg } from "./ffmpeg_process.ts";

/** @throws Refusal "no-file" when there is no such file, or it is a folder. */
export async function requireFile(kind: "camera" | "microphone", path: string): Promise<void> {
  const found = await Deno.stat(path).catch(() => undefined);
  if (found !== undefined && !found.isDirectory) return;
  const state = found ? "it is a folder" : "there is no such file";
  throw new Refusal("no-file", `Cannot read the ${kind}'s file ${path}: ${state}`);
}

/**
 * The device itself, or where none is named and the system knows no default (Windows) the first one it lists.
 *
 * @throws Refusal "no-device" when it lists none.
 */
export async function firstDevice<Source extends { kind: "device"; id?: string }>(
  kind: "camera" | "microphone",
  source: Source,
  ffmpeg: string,
): Promise<Source> {
  const system = captureSystem();
  if (source.id !== undefined || system !== "windows") return source;
  const { stderr } = await runFfmpeg(ffmpeg, deviceListArguments(system, kind));
  const [device] = parseDeviceList(stderr, { system, kind });
  if (device) return { ...source, id: device.id };
  throw new Refusal("no-device", `Cannot find a ${kind}: plug one in`);
}
