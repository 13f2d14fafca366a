/** Pictures over a bad network, and of a stream one did not see begin. Judges real time by the second. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { FlvDemuxer, type FlvPicture } from "@fusionmeet/media";
import {
  encodeFrameMarking,
  EXTENSION,
  GIVE_UP_MS,
  packetizeH264,
  PAYLOAD_TYPE,
  writeRtp,
} from "@fusionmeet/protocol";
import { cameraLine, FILM_PICTURES, goodFrames, GOP_PICTURES } from "./support/cameras.ts";
import { Peer } from "./support/peer.ts";
import type { TestVideo } from "./support/picture.ts";
import { readPictures, writeTestVideo } from "./support/picture_files.ts";
import { run, type ServerProgram, startClient, startServer } from "./support/programs.ts";
import { Proxy } from "./support/proxy.ts";
import { testSeed } from "./support/seed.ts";
import { passRealTime, TemporaryDirectory, until } from "./support/wait.ts";

const JITTER_MS = 100;
/** A picture that is given up costs at most the rest of its GOP; a busy machine adds its own. */
const FREEZE_MS_MAX = GIVE_UP_MS + GOP_PICTURES * 1000 / 30 + JITTER_MS + 500;

Deno.test("Pictures survive 5 % loss, reordering and 100 ms jitter on both ways of one person", async () => {
  await using folder = new TemporaryDirectory();
  const seed = testSeed("pictures_network");
  const videoOf = (source: number) => ({ width: 320, height: 240, source, seed });
  const [samsVideo, verasVideo] = [videoOf(31), videoOf(32)];
  await writeTestVideo(folder.file("sam.mkv"), samsVideo, { frames: FILM_PICTURES, fps: 30 });
  await writeTestVideo(folder.file("vera.mkv"), verasVideo, { frames: FILM_PICTURES, fps: 30 });
  await using server = await startServer({ data: folder.file("server") });
  await using proxy = new Proxy(server, { seed });
  const person = (name: string, way: typeof server | Proxy) =>
    startClient({
      name,
      server: way,
      camera: folder.file(`${name.toLowerCase()}.mkv`),
      record: folder.file(name),
    });
  await using sam = await person("Sam", proxy);
  await using vera = await person("Vera", server);
  await Promise.all([sam.waitFor("picture"), vera.waitFor("picture")]);
  proxy.impair({ loss: 0.05, reorder: 0.05, jitterMs: JITTER_MS });
  await passRealTime(5_000);
  await Promise.all([sam.stop(), vera.stop()]);
  ok(proxy.up.lost > 0 && proxy.down.lost > 0 && proxy.up.reordered > 0);

  const seen = [["Sam", "Vera", verasVideo], ["Vera", "Sam", samsVideo]] as const;
  for (const [viewer, sender, video] of seen) {
    const path = folder.file(`${viewer}/${sender}.camera.h264`);
    const frames = await goodFrames(path, video, { every: 1 });
    const span = frames.at(-1)! - frames[0] + 1;
    ok(frames.every((frame, at) => at === 0 || frame > frames[at - 1]), "numbers go up");
    ok(frames.length >= span / 2, `${frames.length} of ${span} pictures`);
    const { repaired, longestFreezeMs } = cameraLine(folder.file(viewer), sender);
    ok(repaired > 0, `${viewer} got nothing repaired`);
    ok(longestFreezeMs <= FREEZE_MS_MAX, `${viewer} saw a freeze of ${longestFreezeMs} ms`);
  }
});

const PICTURES = 40;

/** One GOP of `video`, coded as cameras do. */
async function codedPictures(video: TestVideo, count: number): Promise<FlvPicture[]> {
  await using folder = new TemporaryDirectory();
  const path = folder.file("video.mkv");
  await writeTestVideo(path, video, { frames: count, fps: 30 });
  const flv = await run("ffmpeg", [
    ...["-v", "error", "-i", path, "-c:v", "libx264", "-preset", "ultrafast", "-tune"],
    ..."zerolatency -profile:v baseline -x264-params sliced-threads=0:slices=1".split(" "),
    ...["-g", String(count), "-f", "flv", "pipe:1"],
  ]);
  const pictures = new FlvDemuxer().push(flv);
  strictEqual(pictures.length, count);
  return pictures;
}

/** A camera made of the protocol alone, on in a room of its own server: it numbers its packets as the test likes. */
class PeerCamera implements AsyncDisposable {
  sequence = 20_000;
  #timestamp = 0x1234_5678;

  private constructor(
    readonly server: ServerProgram,
    readonly peer: Peer,
    /** Has been told of the camera. */
    readonly early: Peer,
  ) {}

  static async open(folder: TemporaryDirectory, video: TestVideo): Promise<PeerCamera> {
    const server = await startServer({ data: folder.file("server") });
    const peer = await Peer.join({ server }, { name: "Sam" });
    const early = await Peer.join({ server }, { name: "Early" });
    await peer.bind();
    const format = { codec: "h264", width: video.width, height: video.height, fps: 30 } as const;
    peer.send({ type: "source", kind: "camera", on: true, ...format });
    early.send({ type: "watch", participant: peer.id, layer: "auto" });
    // Announced: the media plane takes pictures now.
    await early.stream(({ kind }) => kind === "camera");
    return new PeerCamera(server, peer, early);
  }

  get roc(): number {
    return this.peer.pictures.position(this.peer.welcome.ssrcs.camera)!.roc;
  }

  async send(...pictures: FlvPicture[]): Promise<void> {
    for (const { bytes, keyframe } of pictures) {
      const timestamp = this.#timestamp = this.#timestamp + 3_000 >>> 0;
      for (const { payload, start, end } of packetizeH264(bytes)) {
        const marking = { start, end, independent: keyframe, discardable: false };
        const rtp = writeRtp({
          payloadType: PAYLOAD_TYPE.h264,
          marker: end,
          sequence: this.sequence,
          timestamp,
          ssrc: this.peer.welcome.ssrcs.camera,
          extensions: new Map([[EXTENSION.frameMarking, encodeFrameMarking(marking)]]),
          payload,
        });
        this.sequence = this.sequence + 1 & 0xffff;
        await this.peer.post(this.peer.pictures.protect(rtp));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.early[Symbol.asyncDispose]();
    await this.peer[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

Deno.test("Who joins after a stream's sequence has wrapped twice sees its pictures from the last keyframe on", async () => {
  await using folder = new TemporaryDirectory();
  const video = { width: 320, height: 240, source: 41, seed: testSeed("pictures_network") };
  const pictures = await codedPictures(video, PICTURES);
  await using camera = await PeerCamera.open(folder, video);
  // Each step goes ahead by less than half of the numbers: to everyone else that is loss, not a step back.
  for (const sequence of [20_000, 50_000, 10_000, 40_000]) {
    camera.sequence = sequence;
    await camera.send(pictures[0]);
  }
  // The last GOP begins just before the second wrap.
  camera.sequence = 65_533;
  await camera.send(...pictures.slice(0, PICTURES / 2));
  strictEqual(camera.roc, 2);
  const { server } = camera;
  await using vera = await startClient({ name: "Vera", server, record: folder.file("vera") });
  await vera.waitFor("picture");
  await camera.send(...pictures.slice(PICTURES / 2));
  const path = folder.file("vera/Sam.camera.h264");
  const all = async () => (await readPictures(path).catch(() => [])).length >= PICTURES;
  await until("every picture", all, { everyMs: 200 });
  await vera.stop();
  const frames = await goodFrames(path, video, { every: 1 });
  deepStrictEqual(frames, Array.from({ length: PICTURES }, (_, index) => index));
  const { lost, repaired } = cameraLine(folder.file("vera"), "Sam");
  deepStrictEqual([lost, repaired], [0, 0]);
});
