import {
  type Consumption,
  encodeVoiceFrame,
  type MeetingState,
  type PageDecoders,
  type PictureQuality,
  type ProgramMessage,
  type WindowStatistics,
} from "@fusionmeet/bridge";
import { systemTimers } from "@fusionmeet/net";
import { Attendance, type AttendanceOptions, epochMs } from "../attendance.ts";
import { type Quality, qualityOf, sameQuality } from "../capture/sources.ts";
import type { CaptureKind, EngineEvent } from "../media/commands.ts";
import type { MeetingEnd, MeetingEvent } from "../meeting_types.ts";
import type { FilesEvent } from "../files/shared_files.ts";
import { Spool } from "../files/spool.ts";
import { downloadFolder } from "../files/download_folder.ts";
import { isFile, readTextFileIfThere } from "../places.ts";
import { openFolder } from "./browser.ts";
import { LipSync } from "./lip_sync.ts";
import { MeetingView } from "./meeting_view.ts";
import { PagePictures } from "./page_pictures.ts";
import { PageScreen } from "./page_screen.ts";
import { WindowFiles } from "./window_files.ts";
import { WindowRoles } from "./window_roles.ts";
import { WindowScreens } from "./window_screens.ts";
import { askPlace, savingDialog } from "./save_dialog.ts";
import { screenSharing } from "./screen_sharing.ts";

/** What the user may choose from, besides what was given on the command line. */
const QUALITIES: readonly PictureQuality[] = [
  { width: 320, height: 240, framesPerSecond: 30 },
  { width: 640, height: 360, framesPerSecond: 30 },
  { width: 1280, height: 720, framesPerSecond: 30 },
];

export interface WindowMeetingMeans {
  readonly folder: string;
  /** The server as the user typed it. */
  readonly serverText: string;
  /** What is to be on from the start. */
  readonly on: Readonly<Record<CaptureKind, boolean>>;
  readonly decoders: PageDecoders;
  /** The page's media socket. */
  readonly socket: { sendFrame(frame: Uint8Array): number; readonly queuedFrameBytes: number };
  readonly change: (state: MeetingState) => void;
  readonly send: (message: ProgramMessage) => void;
  readonly joined: () => void;
  /** A sentence for the log. */
  readonly note: (text: string) => void;
}

/** One meeting with a window: an attendance, what the page shows of it, and its sound and pictures on their way there. */
export class WindowMeeting {
  readonly view: MeetingView;
  readonly files: WindowFiles;
  /** Who leads and who presents. */
  readonly roles: WindowRoles;
  /** What one shows. */
  readonly screens: WindowScreens;
  readonly #attendance: Attendance;
  readonly #means: WindowMeetingMeans;
  readonly #lipSync = new LipSync();
  readonly #pictures: PagePictures;
  readonly #screen: PageScreen;
  readonly #options: WindowMeetingOptions;
  #isJoined = false;
  /** The fingerprint of its key. */
  #server = "";
  #missedMs = 0;

  /** @throws JoinFailure, UsageError as `Attendance.prepare`. */
  static async prepare(
    options: WindowMeetingOptions,
    means: WindowMeetingMeans,
  ): Promise<WindowMeeting> {
    const { on, decoders, send } = means;
    const attendance = await Attendance.prepare(options, {
      folder: means.folder,
      warn: (code, message) => send({ type: "toast", kind: "warning", code, message }),
      note: means.note,
      meeting: {
        startsOff: (["microphone", "camera"] as const).filter((kind) => !on[kind]),
        decodes: decoders.h264 ? ["h264", "jpeg"] : ["jpeg"],
      },
    });
    return new WindowMeeting(attendance, options, means);
  }

  private constructor(
    attendance: Attendance,
    options: WindowMeetingOptions,
    means: WindowMeetingMeans,
  ) {
    const { microphone, camera } = options;
    const quality = qualityOf(camera, options.quality);
    this.#attendance = attendance;
    this.#options = options;
    this.#means = means;
    this.#pictures = new PagePictures(means.socket, epochMs);
    this.#screen = new PageScreen(means.socket, systemTimers);
    const source = (kind: CaptureKind, exists: boolean) => ({
      exists,
      on: exists && means.on[kind],
    });
    this.view = new MeetingView({
      server: means.serverText,
      port: options.server.port,
      microphone: source("microphone", microphone.kind !== "off"),
      camera: source("camera", camera.kind !== "off"),
      quality,
      qualities: choices(quality),
      epochMs,
      change: means.change,
      send: means.send,
    });
    const dialog = savingDialog(Deno.build.os, {
      variable: (name) => Deno.env.get(name),
      isFile,
    });
    this.files = new WindowFiles({
      files: attendance.meeting.files,
      shrinker: attendance.shrinker,
      timers: systemTimers,
      send: means.send,
      ownName: () => this.view.ownName,
      home: () => Deno.env.get("HOME") || Deno.env.get("USERPROFILE") || ".",
      downloads: () =>
        downloadFolder({
          os: Deno.build.os,
          variable: (name) => Deno.env.get(name),
          text: readTextFileIfThere,
        }),
      openSpool: () => Spool.open(means.folder),
      room: () => ({ server: this.#server, room: this.view.state.room }),
      show: openFolder,
      ask: dialog &&
        ((question, signal) => askPlace(dialog({ title: "Save as", ...question }), signal)),
    });
    this.roles = new WindowRoles(attendance.meeting.roles, this.view);
    this.screens = new WindowScreens({
      sharing: screenSharing(attendance.meeting.screen),
      view: this.view,
      timers: systemTimers,
      send: means.send,
    });
    attendance.meeting.onEvent((event) => {
      this.view.meetingEvent(event);
      if (event.event === "participant" && event.change.state === "left") {
        this.#pictures.forget(event.change.person.id);
      }
      if (isOfFiles(event)) this.files.happened(event);
      if (event.event === "joined") this.#joined(event.fingerprint);
    });
    attendance.engine.onEvent((event) => this.#engineEvent(event));
    attendance.meeting.screenView.onArrival((arrival) => this.#screen.push(arrival));
  }

  get isJoined(): boolean {
    return this.#isJoined;
  }

  async run(): Promise<{ end: MeetingEnd; wasJoined: boolean }> {
    try {
      const { end, wasJoined } = await this.#attendance.run();
      // Who leaves was asked whether that may be broken off.
      await this.files.close({ keep: end.failure !== undefined });
      return { end, wasJoined };
    } catch (thrown) {
      await this.files.close({ keep: true });
      throw thrown;
    } finally {
      this.#screen.close();
      this.screens.close();
    }
  }

  /** What leaving now would break off, as a question; null where it would not. */
  get leaveQuestion(): string | null {
    const count = this.view.chat.openCount;
    const lines = count === 1 ? "A line of yours is" : `${count} lines of yours are`;
    const { ownShare } = this.view.state;
    const shows = ownShare !== null && ownShare.state !== "turn";
    const lost = [
      ...(shows ? ["You are presenting, and nobody will see your screen any more"] : []),
      ...(count === 0 ? [] : [`${lines} not sent yet and will be lost`]),
      ...this.files.underWay,
    ];
    return lost.length === 0 ? null : `${lost.join(". ")}. Leave all the same?`;
  }

  leave(reason: string): void {
    this.#attendance.meeting.leave(reason);
  }

  /** @throws Refusal */
  setSource(kind: CaptureKind, on: boolean): void {
    this.#attendance.meeting.setSource(kind, on);
  }

  /** @throws Refusal */
  setQuality(quality: Quality): void {
    this.#attendance.meeting.setQuality(quality);
    this.view.qualityChosen(quality);
  }

  /** Whose pictures can be seen, oneself included. */
  watch(participants: readonly number[]): void {
    const { meeting, engine } = this.#attendance;
    meeting.watchOnly(participants.filter((id) => id !== meeting.self));
    engine.command({ do: "preview", on: participants.includes(meeting.self ?? NaN) });
  }

  /** One's own shared screen is to be seen here, too, or not. */
  viewOwnScreen(wanted: boolean): void {
    this.#attendance.meeting.screenView.viewOwn(wanted);
  }

  /** Somebody's shared screen comes from its beginning again: what the page had of it is lost. */
  viewScreenAgain(): void {
    this.#attendance.meeting.screenView.again();
  }

  /** @throws Refusal */
  post(text: string): void {
    this.view.said(this.#attendance.meeting.post(text), text);
  }

  /** @throws Refusal */
  retry(mark: string): void {
    const text = this.view.chat.retried(mark);
    if (text !== undefined) this.#attendance.meeting.post(text, mark);
  }

  /** For a page that knows nothing of the meeting besides its state. */
  reset(): ProgramMessage[] {
    return [this.view.chat.reset(), ...this.files.feed.reset()];
  }

  /** The sound device's report. */
  played(consumption: Consumption): void {
    this.#attendance.engine.command({ do: "played", consumption });
  }

  #joined(fingerprint: string): void {
    this.#isJoined = true;
    this.#server = fingerprint;
    if (Spool.hasLeft(this.#means.folder)) void this.files.goOn();
    const { chat, seconds } = this.#options;
    this.#means.joined();
    for (const text of chat) this.post(text);
    if (seconds !== undefined) systemTimers.after(seconds * 1000, () => this.leave("time"));
  }

  #engineEvent(event: EngineEvent): void {
    switch (event.event) {
      case "mix":
        if (event.generation === undefined) return;
        return void this.#means.socket.sendFrame(encodeVoiceFrame(event.pcm, event.generation));
      case "picture":
        return this.#pictures.push(event, this.#lipSync.waitMs(event.participant, event.delayMs));
      case "preview": {
        const participant = this.#attendance.meeting.self;
        return participant === undefined
          ? undefined
          : this.#pictures.push({ ...event, participant }, 0);
      }
      case "statistics":
        this.#lipSync.statistics(event);
        return this.#means.send({ type: "statistics", statistics: this.#statistics(event) });
      default:
        return this.view.engineEvent(event);
    }
  }

  #statistics(
    { streams, voices, rttMs, device }: Extract<EngineEvent, { event: "statistics" }>,
  ): WindowStatistics {
    const mix = streams.find(({ kind }) => kind === "mix");
    this.#missedMs = device?.missedMs ?? this.#missedMs;
    return {
      rttMs,
      pictures: streams.filter(({ kind }) => kind === "camera"),
      voices: voices.map(({ participant, voiceDelayMs, skewMs }) => ({
        participant,
        delayMs: voiceDelayMs,
        ...(skewMs !== undefined && { skewMs: this.#lipSync.shownSkewMs(participant, skewMs) }),
      })),
      playoutDelayMs: (mix?.playoutDelayMs ?? 0) + (device?.delayMs ?? 0),
      missedMs: this.#missedMs,
    };
  }
}

/** Whom to join, and what to do once there. */
export type WindowMeetingOptions = AttendanceOptions & {
  readonly chat: readonly string[];
  readonly seconds?: number;
};

function isOfFiles(event: MeetingEvent): event is FilesEvent {
  return event.event === "file" || event.event === "transfer" || event.event === "file.coming";
}

function choices(chosen: PictureQuality): readonly PictureQuality[] {
  const isListed = QUALITIES.some((each) => sameQuality(each, chosen));
  return isListed ? QUALITIES : [chosen, ...QUALITIES];
}
