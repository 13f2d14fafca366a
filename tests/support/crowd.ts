import { OpusPool } from "@fusionmeet/codec";
import { FlvDemuxer } from "@fusionmeet/media";
import { type CodedPicture, LoadPerson } from "./load_person.ts";
import { run } from "./programs.ts";

const STEP_MS = 5;

/**
 * People who fill a room, all in this process: silent, and with cameras that show coded pictures made before. As many
 * whole clients would take all of a small machine.
 */
export class Crowd implements AsyncDisposable {
  readonly #people: LoadPerson[];
  readonly #codecs: OpusPool;
  readonly #timer: ReturnType<typeof setInterval>;
  #left: Promise<unknown> | undefined;

  /** "Guest 1", "Guest 2"… in the room Main. */
  static async join(
    server: { port: number; fingerprint: string },
    count: number,
    options: { cameras?: boolean } = {},
  ): Promise<Crowd> {
    const codecs = await OpusPool.create({ encoders: 1, decoders: 1 });
    const shows = options.cameras ? await testPictures() : undefined;
    const people = Array.from(
      { length: count },
      (_, index) =>
        new LoadPerson({ name: `Guest ${index + 1}`, room: "Main", server, codecs, shows }),
    );
    const crowd = new Crowd(people, codecs);
    await Promise.all(people.map(({ joined }) => joined));
    for (const person of people) person.start();
    return crowd;
  }

  private constructor(people: LoadPerson[], codecs: OpusPool) {
    this.#people = people;
    this.#codecs = codecs;
    this.#timer = setInterval(() => people.forEach((person) => person.step()), STEP_MS);
  }

  async leave(): Promise<void> {
    await (this.#left ??= Promise.all(this.#people.map((person) => person.leave())));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
    clearInterval(this.#timer);
    this.#codecs.close();
  }
}

/** Two seconds of a moving picture, coded as the client's camera does. */
async function testPictures(): Promise<CodedPicture[]> {
  const flv = await run("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30,format=yuv420p"],
    ...["-frames:v", "60", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"],
    ...["-profile:v", "baseline", "-x264-params", "sliced-threads=0:slices=1", "-g", "30"],
    ...["-enc_time_base", "1/1000", "-f", "flv", "pipe:1"],
  ]);
  return new FlvDemuxer().push(flv);
}
