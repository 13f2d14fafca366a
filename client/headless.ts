import { join } from "node:path";
import { messageOf, Refusal } from "@fusionmeet/base";
import { systemTimers } from "@fusionmeet/net";
import { type LogFile, print, printProblem } from "@fusionmeet/places";
import { Attendance, epochMs } from "./attendance.ts";
import { addressText, EXIT, JoinFailure } from "./failures.ts";
import { FileErrands } from "./files/file_errands.ts";
import { KnownNames } from "./known_names.ts";
import type { Meeting } from "./meeting.ts";
import type { MeetingEnd } from "./meeting_types.ts";
import { type ClientOptions, UsageError } from "./options.ts";
import { rememberMeeting } from "./places.ts";
import { failureReport, leftReport, type Report, reportOf, sentenceOf } from "./reports.ts";
import type { OpenScreenSource } from "./screen/screen_input.ts";
import { leaveOnSignals } from "./signals.ts";
import { LATER, parseStdinCommand, readLines, type StdinCommand } from "./stdin_commands.ts";

/** Where reports go. */
export interface Output {
  report(report: Report): void;
  sentence(text: string): void;
  /** A sentence that is not about what people said or did: it is kept in the log, too. */
  note(text: string): void;
  /** For people, whatever the format of the rest. */
  problem(text: string): void;
}

/** JSON lines or sentences on stdout, problems on stderr; notes and problems in the log, too. */
export function standardOutput(json: boolean, log: Pick<LogFile, "write">): Output {
  const keep = (text: string) => log.write(`${new Date(epochMs()).toISOString()} ${text}`);
  return {
    report: ({ event, ...rest }) => {
      if (json) print(JSON.stringify({ event, at: Math.round(epochMs()), ...rest }));
    },
    sentence: (text) => {
      if (!json) print(text);
    },
    note: (text) => {
      if (!json) print(text);
      keep(text);
    },
    problem: (text) => {
      printProblem(text);
      keep(text);
    },
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
    const { end, wasJoined } = await new Headless(options, { folder, output }).run();
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

/** A headless client around its attendance: reports out, commands in. */
class Headless {
  readonly #options: ClientOptions;
  readonly #folder: string;
  readonly #output: Output;
  readonly #names = new KnownNames();
  /** What the command line says is shown at one's turn: until one stops it, and again when one asks. */
  #showsScreen = true;
  /** The share of one's last turn. */
  #turn: number | undefined;

  constructor(options: ClientOptions, { folder, output }: { folder: string; output: Output }) {
    this.#options = options;
    this.#folder = folder;
    this.#output = output;
  }

  /** When it resolves, the devices are released and the recording is complete. */
  async run(): Promise<{ end: MeetingEnd; wasJoined: boolean }> {
    const attendance = await Attendance.prepare(this.#options, {
      folder: this.#folder,
      warn: (code, message) => this.#warn(code, message),
      note: (text) => this.#output.note(text),
    });
    const { meeting } = attendance;
    const errands = new FileErrands(meeting.files, {
      name: this.#options.name,
      folder: join(this.#options.recordDirectory ?? ".", "files"),
      failed: (refusal) => this.#decline("share", refusal),
    });
    this.#report(meeting, errands);
    const release = leaveOnSignals((reason) => meeting.leave(reason));
    void this.#obey(meeting, errands);
    try {
      return await attendance.run();
    } finally {
      release();
    }
  }

  /** Tells what happens, and does what was asked for "after joining". */
  #report(meeting: Meeting, errands: FileErrands): void {
    const { server, seconds, chat, share, fetch, screen } = this.#options;
    const context = {
      server: addressText(server),
      nameOf: (id: number) => this.#names.of(id),
      self: () => meeting.self,
    };
    meeting.onEvent((event) => {
      if (event.event === "participant") this.#names.changed(event.change);
      this.#output.report(reportOf(event, context));
      const sentence = sentenceOf(event, context);
      if (sentence !== undefined) this.#output.sentence(sentence);
      if (event.event === "file") errands.happened(event);
      if (event.event === "presenter" && event.you) {
        this.#turnCame(meeting, event.presenting!.share);
      }
      if (event.event === "joined") {
        this.#remember();
        for (const text of chat) this.#try(JSON.stringify({ do: "chat", text }), meeting, errands);
        for (const path of share) errands.share(path);
        if (fetch !== undefined) errands.fetch(fetch);
        if (screen.kind !== "off") this.#share(meeting, screen);
        if (seconds !== undefined) systemTimers.after(seconds * 1000, () => meeting.leave("time"));
      }
    });
  }

  /** One's own turn: what was chosen is shown, else what the command line says. */
  #turnCame(meeting: Meeting, share: number): void {
    if (share === this.#turn) return;
    this.#turn = share;
    const { screen } = this.#options;
    if (meeting.screen.source !== undefined || !this.#showsScreen || screen.kind === "off") return;
    this.#share(meeting, screen);
  }

  #share(meeting: Meeting, source: OpenScreenSource): void {
    this.#showsScreen = true;
    meeting.screen.share(source).catch((thrown) => this.#decline("screen", thrown));
  }

  /** Asks for the turn, to show what the command line says; or ends one's own share. @throws Refusal */
  #present(meeting: Meeting, on: boolean): void {
    const { screen } = this.#options;
    if (!on) return this.#stopPresenting(meeting);
    if (meeting.screen.source === undefined && screen.kind !== "off") this.#share(meeting, screen);
    else meeting.screen.request();
  }

  /** At once, whatever the server says. @throws Refusal where there is nothing to stop. */
  #stopPresenting(meeting: Meeting): void {
    this.#showsScreen = false;
    if (!meeting.screen.stop()) throw new Refusal("not-presenter", "You are not presenting");
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
  async #obey(meeting: Meeting, errands: FileErrands): Promise<void> {
    try {
      for await (const line of readLines(Deno.stdin.readable)) {
        if (line === "") continue;
        this.#try(line, meeting, errands);
      }
    } catch (thrown) {
      this.#warn("stdin", `Cannot read standard input any more: ${messageOf(thrown)}`);
    }
  }

  #try(line: string, meeting: Meeting, errands: FileErrands): void {
    let request: string | undefined;
    try {
      const command = parseStdinCommand(line);
      request = command.do;
      if (command.do === "present") this.#present(meeting, command.on);
      else if (command.do !== "screen") carryOut(command, meeting, errands);
      else if (command.source.kind === "off") this.#stopPresenting(meeting);
      else this.#share(meeting, command.source);
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
    this.#output.note(`Warning: ${message}`);
  }
}

function carryOut(
  command: Exclude<StdinCommand, { do: "screen" | "present" }>,
  meeting: Meeting,
  errands: FileErrands,
): void {
  const { roles } = meeting;
  switch (command.do) {
    case "mic":
      return meeting.setSource("microphone", command.on);
    case "camera":
      return meeting.setSource("camera", command.on);
    case "chat":
      return void meeting.post(command.text);
    case "watch":
      return meeting.watch(command.participant, command.layer);
    case "share":
      return errands.share(command.path);
    case "fetch":
      return errands.fetch(command.name, command.to);
    case "cancel":
      return meeting.files.cancel(command.transfer);
    case "delete":
      return errands.delete(command.name);
    case "thumbnail":
      return errands.thumbnail(command.name);
    case "present.ask":
      return roles.ask();
    case "present.answer":
      return roles.answer(command.participant, command.accept);
    case "present.give":
      return roles.giveScreen(command.participant);
    case "mute":
      return roles.mute(command.participant);
    case "unshare":
      return roles.endShare();
    case "remove":
      return roles.remove(command.participant);
    case "readmit":
      return roles.readmit(command.name);
    case "lock":
      return roles.lock(command.on);
    case "host":
      return roles.giveHost(command.participant);
    case "leave":
      return meeting.leave();
    default:
      throw new Refusal("not-yet", `This build cannot ${LATER[command.do]} yet`);
  }
}
