import { join } from "node:path";
import { messageOf, Refusal } from "@fusionmeet/base";
import { systemRandom, systemTimers } from "@fusionmeet/net";
import { cleanName, NAME_LENGTH_MAX, ROOM_LENGTH_MAX } from "@fusionmeet/protocol";
import { PinStore } from "@fusionmeet/store";
import { requireFile } from "./capture/source_check.ts";
import { qualityOf } from "./capture/sources.ts";
import { openControl } from "./connect.ts";
import { addressText, badName, EXIT, JoinFailure } from "./failures.ts";
import { startEngine } from "./media/handle.ts";
import { Meeting } from "./meeting.ts";
import type { MeetingEnd } from "./meeting_types.ts";
import { type ClientOptions, UsageError } from "./options.ts";
import { rememberMeeting } from "./places.ts";
import { prepareFolder, Recorder } from "./recorder.ts";
import { failureReport, leftReport, type Report, reportOf, sentenceOf } from "./reports.ts";
import { SeatFile } from "./seat_file.ts";
import { LATER, parseStdinCommand, readLines, type StdinCommand } from "./stdin_commands.ts";

/** Joining does not wait longer than this for the media engine's thread. */
const ENGINE_WAIT_MS = 2_000;
/** However slow the network, a device or a disk: this long after being asked to leave, the program is gone. */
const LEAVE_MS_MAX = 1_900;
const SIGNALS: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** Epoch ms on a clock that never jumps; the media engine's is the same. */
const epochMs = () => performance.timeOrigin + performance.now();

/** Where reports go. */
export interface Output {
  report(report: Report): void;
  sentence(text: string): void;
  /** For people, whatever the format of the rest. */
  problem(text: string): void;
}

/** JSON lines or sentences on stdout, problems on stderr. */
export function standardOutput(json: boolean): Output {
  return {
    report: ({ event, ...rest }) => {
      if (json) console.log(JSON.stringify({ event, at: Math.round(epochMs()), ...rest }));
    },
    sentence: (text) => {
      if (!json) console.log(text);
    },
    problem: (text) => console.error(text),
  };
}

/**
 * A meeting without a window: events to `output`, commands from standard input, until the end.
 *
 * @param folder For known servers, seats and settings.
 * @returns the exit code. @throws UsageError when a folder or file cannot be used.
 */
export async function runHeadless(
  options: ClientOptions,
  { folder, output }: { folder: string; output: Output },
): Promise<number> {
  try {
    const { end, wasJoined } = await new Headless(checkNames(options), { folder, output }).run();
    if (end.failure) say(end.failure, output);
    else output.sentence("Left the meeting");
    if (wasJoined) output.report(leftReport(end));
    return end.exitCode;
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    if (!(thrown instanceof JoinFailure)) {
      output.report({ event: "left", reason: "fault", exit: EXIT.fault });
      throw thrown;
    }
    say(thrown, output);
    return thrown.exitCode;
  }
}

function say(failure: JoinFailure, output: Output): void {
  output.report(failureReport(failure));
  output.problem(`${failure.message}.\n${failure.advice}.`);
}

function checkNames(options: ClientOptions): ClientOptions {
  const name = cleanName(options.name, NAME_LENGTH_MAX);
  if (typeof name === "string") throw badName("name", options.name, name);
  const room = cleanName(options.room, ROOM_LENGTH_MAX);
  if (typeof room === "string") throw badName("room", options.room, room);
  return { ...options, ...name, room: room.name };
}

/** The parts of a headless client and how they hang together. */
class Headless {
  readonly #options: ClientOptions;
  readonly #folder: string;
  readonly #output: Output;
  readonly #names = new Map<number, string>();

  constructor(options: ClientOptions, { folder, output }: { folder: string; output: Output }) {
    this.#options = options;
    this.#folder = folder;
    this.#output = output;
  }

  /** When it resolves, the devices are released and the recording is complete. */
  async run(): Promise<{ end: MeetingEnd; wasJoined: boolean }> {
    const { recordDirectory } = this.#options;
    const pinsPath = join(this.#folder, "pins.json");
    const pins = await usable(() => PinStore.open(pinsPath));
    await usable(() => requireFiles(this.#options));
    if (recordDirectory) await usable(() => prepareFolder(recordDirectory, epochMs()));
    const engine = startEngine({
      microphone: this.#options.microphone,
      camera: this.#options.camera,
      quality: qualityOf(this.#options.camera, this.#options.quality),
    });
    const { server, fingerprint } = this.#options;
    let lastAddress: string | undefined;
    const meeting = this.#meeting(engine, async (signal) => {
      const trust = { pins, pinsPath, fingerprint };
      // Who has joined hears and sees at once.
      await atMost(ENGINE_WAIT_MS, engine.ready);
      const opened = await openControl(server, trust, { signal, lastAddress });
      lastAddress = opened.hostname;
      return opened;
    });
    const recorder = recordDirectory && new Recorder({
      directory: recordDirectory,
      timers: systemTimers,
      epochMs,
      trouble: (sentence) => this.#warn("record", sentence),
    });
    if (recorder) {
      meeting.onEvent((event) => recorder.meetingEvent(event));
      engine.onEvent((event) => recorder.engineEvent(event));
    }
    this.#report(meeting);
    const release = leaveOnSignals(meeting, () => Deno.exit(EXIT.asked));
    void this.#obey(meeting);
    try {
      const end = await meeting.run();
      return { end, wasJoined: meeting.self !== undefined };
    } finally {
      await engine.close();
      if (recorder) await recorder.close();
      release();
    }
  }

  #meeting(
    engine: ReturnType<typeof startEngine>,
    open: ConstructorParameters<typeof Meeting>[0]["open"],
  ): Meeting {
    const { name, room, pin, microphone, camera, quality } = this.#options;
    const { width, height, framesPerSecond: fps } = qualityOf(camera, quality);
    return new Meeting({
      ...{ name, room, pin, open, engine },
      seat: new SeatFile(this.#folder, {
        ...{ name, room },
        trouble: (thrown) => this.#warn("seat", `Cannot keep your seat: ${messageOf(thrown)}`),
      }),
      microphone: microphone.kind !== "off",
      camera: camera.kind === "off" ? undefined : { codec: "h264", width, height, fps },
      timers: systemTimers,
      random: systemRandom,
    });
  }

  /** Tells what happens, and does what was asked for "after joining". */
  #report(meeting: Meeting): void {
    const { server, seconds, chat } = this.#options;
    const context = {
      server: addressText(server),
      nameOf: (id: number) => this.#names.get(id),
      self: () => meeting.self,
    };
    meeting.onEvent((event) => {
      if (event.event === "participant") {
        const { id, name } = event.change.person;
        this.#names.set(id, name);
      }
      this.#output.report(reportOf(event, context));
      const sentence = sentenceOf(event, context);
      if (sentence !== undefined) this.#output.sentence(sentence);
      if (event.event === "joined") {
        this.#remember();
        for (const text of chat) this.#try(JSON.stringify({ do: "chat", text }), meeting);
        if (seconds !== undefined) systemTimers.after(seconds * 1000, () => meeting.leave("time"));
      }
    });
  }

  #remember(): void {
    const { server, name, room } = this.#options;
    try {
      rememberMeeting(this.#folder, { server: addressText(server), name, room });
    } catch (thrown) {
      this.#warn("settings", `Cannot remember this meeting: ${messageOf(thrown)}`);
    }
  }

  /** Carries out what comes on standard input. Its end does not end the meeting. */
  async #obey(meeting: Meeting): Promise<void> {
    try {
      for await (const line of readLines(Deno.stdin.readable)) {
        if (line === "") continue;
        this.#try(line, meeting);
      }
    } catch (thrown) {
      this.#warn("stdin", `Cannot read standard input any more: ${messageOf(thrown)}`);
    }
  }

  #try(line: string, meeting: Meeting): void {
    let request: string | undefined;
    try {
      const command = parseStdinCommand(line);
      request = command.do;
      carryOut(command, meeting);
    } catch (thrown) {
      this.#decline(request, thrown);
    }
  }

  /** @param request The command, where the line was one. */
  #decline(request: string | undefined, thrown: unknown): void {
    if (!(thrown instanceof Refusal)) throw thrown;
    const { code, message } = thrown;
    this.#output.report({ event: request ? "refused" : "error", request, code, message });
    this.#output.sentence(message);
  }

  #warn(code: string, message: string): void {
    this.#output.report({ event: "warning", code, message });
    this.#output.sentence(`Warning: ${message}`);
  }
}

function carryOut(command: StdinCommand, meeting: Meeting): void {
  switch (command.do) {
    case "mic":
      return meeting.setSource("microphone", command.on);
    case "camera":
      return meeting.setSource("camera", command.on);
    case "chat":
      return void meeting.post(command.text);
    case "watch":
      return meeting.watch(command.participant, command.layer);
    case "leave":
      return meeting.leave();
    default:
      throw new Refusal("not-yet", `This build cannot ${LATER[command.do]} yet`);
  }
}

/** The first signal leaves the meeting, the second one ends the program at once. @returns what takes it back. */
function leaveOnSignals(meeting: Meeting, exit: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const leave = () => {
    if (timer !== undefined) return exit();
    timer = setTimeout(exit, LEAVE_MS_MAX);
    meeting.leave("signal");
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, leave);
  return () => {
    clearTimeout(timer);
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, leave);
  };
}

/** Waits for `promise`, but not longer than `ms`. */
async function atMost(ms: number, promise: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const cancel = systemTimers.after(ms, resolve);
  await Promise.race([promise, late]);
  cancel();
}

async function requireFiles({ microphone, camera }: ClientOptions): Promise<void> {
  if (microphone.kind === "file") await requireFile("microphone", microphone.path);
  if (camera.kind === "file") await requireFile("camera", camera.path);
}

/** Runs `open`; what it throws is about a path the user chose. */
async function usable<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (thrown) {
    throw new UsageError(messageOf(thrown), { cause: thrown });
  }
}
