import { messageOf } from "@fusionmeet/base";
import { systemRandom, systemTimers } from "@fusionmeet/net";
import {
  cleanName,
  type Fingerprint,
  NAME_LENGTH_MAX,
  ROOM_LENGTH_MAX,
} from "@fusionmeet/protocol";
import { PinStore } from "@fusionmeet/store";
import { requireFile } from "./capture/source_check.ts";
import { qualityOf } from "./capture/sources.ts";
import { openControl, openOneOf, type Reached, type Trust } from "./connect.ts";
import { badName } from "./failures.ts";
import { type EngineHandle, startEngine } from "./media/handle.ts";
import { Meeting } from "./meeting.ts";
import type { MeetingEnd, MeetingOptions } from "./meeting_types.ts";
import { type ClientOptions, type ServerAddress, UsageError } from "./options.ts";
import { personAt } from "./person_file.ts";
import { pinsPathIn } from "./places.ts";
import { prepareFolder, Recorder } from "./recorder.ts";
import { systemScreens } from "./screen/system_screen.ts";
import { SeatFile } from "./seat_file.ts";
import { Shrinker } from "./shrink/shrinker.ts";
import { thumbnailOf } from "./shrink/thumbnail_of.ts";

/** Joining does not wait longer than this for the media engine's thread. */
const ENGINE_WAIT_MS = 2_000;

/** Epoch ms on a clock that never jumps; the media engine's is the same. */
export const epochMs = () => performance.timeOrigin + performance.now();

/** Whom and how to join. */
export type AttendanceOptions =
  & ListedServer
  & Pick<
    ClientOptions,
    | "server"
    | "name"
    | "room"
    | "pin"
    | "ownerPin"
    | "fingerprint"
    | "microphone"
    | "camera"
    | "quality"
    | "recordDirectory"
  >;

/** What is known of a server that was picked from those of the network. */
export interface ListedServer {
  /** Where it is, too. */
  readonly elsewhere?: readonly ServerAddress[];
  /** Its key: no other is accepted. */
  readonly identity?: Fingerprint;
}

/** What an attendance needs besides. */
export interface AttendanceMeans {
  /** For known servers, seats and settings. */
  readonly folder: string;
  /** Something does not work; the meeting goes on. */
  readonly warn: (code: string, message: string) => void;
  /** A sentence for the log. */
  readonly note: (text: string) => void;
  /** How this kind of client meets; what is left out is as in a program without a window. */
  readonly meeting?: Partial<Pick<MeetingOptions, "startsOff" | "decodes">>;
}

/**
 * One person's attendance at one meeting: the media engine, the meeting and the recording, made of the same options,
 * from before the first attempt to connect until the devices are released.
 */
export class Attendance {
  readonly meeting: Meeting;
  readonly engine: EngineHandle;
  /** Makes small pictures of files. */
  readonly shrinker = new Shrinker();
  readonly #recorder: Recorder | undefined;

  /** @throws UsageError when a folder or file cannot be used. @throws JoinFailure when nobody can have that name. */
  static async prepare(options: AttendanceOptions, means: AttendanceMeans): Promise<Attendance> {
    const checked = checkNames(options);
    const pins = await usable(() => PinStore.open(pinsPathIn(means.folder)));
    await usable(() => requireFiles(checked));
    const { recordDirectory } = checked;
    if (recordDirectory) await usable(() => prepareFolder(recordDirectory, epochMs()));
    return new Attendance(checked, means, pins);
  }

  private constructor(options: AttendanceOptions, means: AttendanceMeans, pins: PinStore) {
    const { microphone, camera, recordDirectory } = options;
    const quality = qualityOf(camera, options.quality);
    this.engine = startEngine({ microphone, camera, quality });
    this.meeting = this.#makeMeeting(options, means, pins);
    this.#recorder = recordDirectory === undefined ? undefined : new Recorder({
      directory: recordDirectory,
      timers: systemTimers,
      epochMs,
      trouble: (sentence) => means.warn("record", sentence),
    });
    this.meeting.onEvent((event) => this.#recorder?.meetingEvent(event));
    this.engine.onEvent((event) => this.#recorder?.engineEvent(event));
    const recorder = this.#recorder;
    if (recorder) this.meeting.screenView.onArrival((arrival) => recorder.screenArrived(arrival));
  }

  /** Joins and stays. When it resolves, the devices are released and the recording is complete. To be called once. */
  async run(): Promise<{ end: MeetingEnd; wasJoined: boolean }> {
    try {
      const end = await this.meeting.run();
      return { end, wasJoined: this.meeting.self !== undefined };
    } finally {
      await this.engine.close();
      await this.#recorder?.close();
    }
  }

  #makeMeeting(options: AttendanceOptions, means: AttendanceMeans, pins: PinStore): Meeting {
    const { name, room, pin, ownerPin, server, fingerprint, identity, microphone, camera } =
      options;
    const { width, height, framesPerSecond: fps } = qualityOf(camera, options.quality);
    const trust = {
      ...{ pins, pinsPath: pinsPathIn(means.folder), fingerprint, identity },
      notKept: (sentence: string) => means.warn("pins", sentence),
    };
    const servers = [server, ...options.elsewhere ?? []];
    let last: Reached | undefined;
    return new Meeting({
      ...{ name, room, pin, ownerPin, engine: this.engine },
      open: async (signal) => {
        // Who has joined hears and sees at once.
        await atMost(ENGINE_WAIT_MS, this.engine.ready);
        // On the way back, only where it was: what the list said may be of long ago.
        const opened = last === undefined
          ? await openOneOf(servers, trust, { signal })
          : await openAgain(last, trust, signal);
        last = opened;
        return opened;
      },
      seat: new SeatFile(means.folder, {
        ...{ name, room },
        trouble: (thrown) => means.warn("seat", `Cannot keep your seat: ${messageOf(thrown)}`),
      }),
      person: (fingerprint) =>
        personAt(means.folder, fingerprint).catch((thrown) => {
          means.warn("person", `Cannot keep who you are: ${messageOf(thrown)}`);
          return undefined;
        }),
      microphone: microphone.kind !== "off",
      camera: camera.kind === "off" ? undefined : { codec: "h264", width, height, fps },
      depict: (file, signal) => thumbnailOf(file, { shrinker: this.shrinker, signal, ...means }),
      screen: systemScreens(),
      timers: systemTimers,
      random: systemRandom,
      ...means.meeting,
    });
  }
}

async function openAgain(
  { server, hostname }: Reached,
  trust: Trust,
  signal: AbortSignal,
): Promise<Reached> {
  return { ...await openControl(server, trust, { signal, lastAddress: hostname }), server };
}

function checkNames<Options extends AttendanceOptions>(options: Options): Options {
  const name = cleanName(options.name, NAME_LENGTH_MAX);
  if (typeof name === "string") throw badName("name", options.name, name);
  const room = cleanName(options.room, ROOM_LENGTH_MAX);
  if (typeof room === "string") throw badName("room", options.room, room);
  return { ...options, ...name, room: room.name };
}

async function requireFiles({ microphone, camera }: AttendanceOptions): Promise<void> {
  if (microphone.kind === "file") await requireFile("microphone", microphone.path);
  if (camera.kind === "file") await requireFile("camera", camera.path);
}

/** Waits for `promise`, but not longer than `ms`. */
async function atMost(ms: number, promise: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const cancel = systemTimers.after(ms, resolve);
  await Promise.race([promise, late]);
  cancel();
}

/** Runs `open`; what it throws is about a path the user chose. */
async function usable<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (thrown) {
    throw new UsageError(messageOf(thrown), { cause: thrown });
  }
}
