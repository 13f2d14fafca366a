import {
  type CameraCodec,
  depacketizeH264,
  depacketizeJpeg,
  type H264Fault,
  type JpegFault,
  packetizeH264,
  packetizeJpeg,
  PAYLOAD_TYPE,
  type PictureFragment,
  readSps,
} from "@fusionmeet/protocol";

/** A picture that was put together from RTP. */
export interface PayloadPicture {
  readonly bytes: Uint8Array;
  readonly keyframe: boolean;
  /** What it says of its stream; every keyframe does. `codec` as WebCodecs names it, or `jpeg`. */
  readonly format?: { readonly codec: string; readonly width: number; readonly height: number };
}

/** How pictures of one codec travel in RTP. */
export interface PicturePayload {
  readonly payloadType: number;
  /** Cuts a picture, at most `ACCESS_UNIT_BYTES_MAX`, into payloads; or says what is wrong with it. */
  packetize(picture: Uint8Array): PictureFragment[] | JpegFault;
  /** Puts the payloads of one picture, complete and in order, together. */
  depacketize(payloads: readonly Uint8Array[]): PayloadPicture | H264Fault | JpegFault;
}

export const PICTURE_PAYLOADS: Readonly<Record<CameraCodec, PicturePayload>> = {
  h264: {
    payloadType: PAYLOAD_TYPE.h264,
    packetize: (picture) => packetizeH264(picture),
    depacketize: (payloads) => {
      const unit = depacketizeH264(payloads);
      if (typeof unit === "string" || !unit.keyframe) return unit;
      const format = readSps(unit.bytes);
      return typeof format === "string" ? unit : { ...unit, format };
    },
  },
  jpeg: {
    payloadType: PAYLOAD_TYPE.jpeg,
    packetize: (picture) => packetizeJpeg(picture),
    depacketize: (payloads) => {
      const unit = depacketizeJpeg(payloads);
      if (typeof unit === "string") return unit;
      const { bytes, keyframe, width, height } = unit;
      return { bytes, keyframe, format: { codec: "jpeg", width, height } };
    },
  },
};
