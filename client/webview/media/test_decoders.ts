import type { PageDecoders } from "@fusionmeet/bridge";
import { BROWSER_CODECS, PictureStream } from "./picture_stream.ts";

/** One keyframe of H.264 (constrained baseline, Annex B), 64x64: left half red, right half blue. Made with ffmpeg. */
const H264_KEYFRAME =
  "AAAAAWdCwAraEJsBEAAAAwAQAAADA8jxImoAAAABaM4PyAAAAWWIhDoRigACGPHAAED2OAAIeUnEYoAAhRxwABFOjgACI/J1109dddPXXXT14A==";
/** A decoder that has not answered by then never will (it may load a library at first). */
const ANSWER_MS_MAX = 2_500;
/** Decoders differ in their colour matrices by a few steps. */
const COLOUR_OFF_MAX = 60;
const RED = [255, 0, 0];
const BLUE = [0, 0, 255];

/**
 * What this browser really decodes: a test picture is decoded and its pixels are looked at. `isConfigSupported` is not
 * enough: WebKit without its H.264 library says yes and fails. Never throws; takes 2.5 s at most.
 */
export async function testDecoders(): Promise<PageDecoders> {
  const timeout = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => timeout.resolve(false), ANSWER_MS_MAX);
  const h264 = await Promise.race([decodesH264().catch(() => false), timeout.promise]);
  clearTimeout(timer);
  return { h264 };
}

async function decodesH264(): Promise<boolean> {
  if (typeof VideoDecoder === "undefined") return false;
  const bytes = Uint8Array.from(atob(H264_KEYFRAME), (character) => character.charCodeAt(0));
  const decoded = Promise.withResolvers<boolean>();
  const stream = new PictureStream(({ image }) => {
    decoded.resolve(isTestPicture(image));
    image.close();
  }, {
    ...BROWSER_CODECS,
    openVideo: ({ output, error }) =>
      BROWSER_CODECS.openVideo({
        output,
        error: (thrown) => (error(thrown), decoded.resolve(false)),
      }),
  });
  const picture = { participant: 0, codec: "h264", keyframe: true, timestamp: 0, bytes } as const;
  stream.push({ ...picture, waitMs: 0, sentAtMs: 0 }, 0);
  try {
    return await decoded.promise;
  } finally {
    stream.close();
  }
}

function isTestPicture(image: VideoFrame | ImageBitmap): boolean {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return false;
  context.drawImage(image, 0, 0);
  return isColour(context, 16, RED) && isColour(context, 48, BLUE);
}

function isColour(
  context: CanvasRenderingContext2D,
  x: number,
  colour: readonly number[],
): boolean {
  const { data } = context.getImageData(x, 32, 1, 1);
  return colour.every((value, index) => Math.abs(value - data[index]) <= COLOUR_OFF_MAX);
}
