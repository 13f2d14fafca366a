import { messageOf, ProtocolError, Refusal } from "@fusionmeet/base";
import { FlvDemuxer } from "@fusionmeet/media";
import { NAL_TYPE, nalType, splitAnnexB } from "@fusionmeet/protocol";
import {
  captureSystem,
  encoderCandidates,
  probeArguments,
  type VideoEncoder,
} from "./ffmpeg_arguments.ts";
import { runFfmpeg } from "./ffmpeg_process.ts";
import { ffmpegLackAdvice, lastWordsOf } from "./last_words.ts";
import type { Quality } from "./sources.ts";

const PROBE_PICTURES = 5;

/**
 * Finds the encoder that works here: a listed hardware encoder means nothing, five encoded pictures do. Remembers
 * that one, so that one instance per program asks once.
 */
export class EncoderProbe {
  readonly #found = new Map<string, Promise<VideoEncoder>>();

  /** @throws Refusal "no-encoder" when none does. */
  find(ffmpeg: string, quality: Quality): Promise<VideoEncoder> {
    const key = JSON.stringify([ffmpeg, quality]);
    const known = this.#found.get(key);
    if (known) return known;
    const found = this.#probe(ffmpeg, quality);
    this.#found.set(key, found);
    found.catch(() => this.#found.delete(key));
    return found;
  }

  async #probe(ffmpeg: string, quality: Quality): Promise<VideoEncoder> {
    let fault = "";
    for (const encoder of encoderCandidates(captureSystem(), await hasGraphicsDevice())) {
      const { code, stdout, stderr } = await runFfmpeg(ffmpeg, probeArguments(encoder, quality));
      fault = code === 0 ? pictureFault(stdout) : lastWordsOf(stderr.split("\n"));
      if (code === 0 && fault === "") return encoder;
    }
    throw new Refusal(
      "no-encoder",
      `Cannot encode the camera's pictures: ${fault}. ${ffmpegLackAdvice(captureSystem())}`,
    );
  }
}

/** What is wrong with the pictures a probe gave; "" when they fit the wire: one slice each, a keyframe first. */
export function pictureFault(flv: Uint8Array): string {
  try {
    const pictures = new FlvDemuxer().push(flv);
    if (pictures.length < PROBE_PICTURES) return `${pictures.length} pictures instead of five`;
    if (!pictures[0].keyframe) return "no keyframe at the start";
    const slices = pictures.map(({ bytes }) =>
      splitAnnexB(bytes).filter((nal) =>
        [NAL_TYPE.slice, NAL_TYPE.idr].includes(nalType(nal) as 1 | 5)
      )
        .length
    );
    return slices.every((count) => count === 1) ? "" : "several slices in a picture";
  } catch (error) {
    if (error instanceof ProtocolError) return messageOf(error);
    throw error;
  }
}

/** Without one there is no hardware encoder to look for. Only Linux can tell. */
async function hasGraphicsDevice(): Promise<boolean> {
  if (captureSystem() !== "linux") return true;
  for (const path of ["/dev/dri/renderD128", "/dev/nvidia0"]) {
    if (await Deno.stat(path).then(() => true, () => false)) return true;
  }
  return false;
}
