import { fingerprintWords } from "@fusionmeet/protocol";
import { EXIT, type JoinFailure } from "./failures.ts";
import type { SharedFile, Transfer } from "./files/shared_files.ts";
import type { MeetingEnd, MeetingEvent } from "./meeting_types.ts";
import type { PersonChange } from "./people.ts";
import { printable } from "./printable.ts";

/** One event as it goes to stdout: `event` first, then `at` (epoch ms), then the rest (docs/CLIENT.md). */
export type Report = { readonly event: string } & Readonly<Record<string, unknown>>;

/** What reports need to know about the meeting. */
export interface ReportContext {
  /** The server as the user gave it. */
  readonly server: string;
  /** The name of somebody by id, also after they left. */
  readonly nameOf: (participant: number) => string | undefined;
  /** One's own id. */
  readonly self: () => number | undefined;
}

/** A meeting's event as a program reads it. */
export function reportOf(event: MeetingEvent, context: ReportContext): Report {
  switch (event.event) {
    case "joined":
    case "reconnected": {
      const words = fingerprintWords(event.fingerprint).join(" ");
      return { ...event, server: context.server, words };
    }
    case "participant": {
      const { person: { id, name, microphone, camera }, state } = event.change;
      const reason = event.change.state === "left" ? event.change.reason : undefined;
      const you = id === context.self();
      return { event: "participant", id, name, you, state, reason, microphone, camera };
    }
    case "speaking": {
      const { person: { id: participant, name }, on } = event;
      return { event: "speaking", participant, name, on };
    }
    case "chat": {
      const { id, from, text, at: saidAt, mark } = event.line;
      return { event: "chat", id, from, text, saidAt, mark };
    }
    case "file":
      return { event: "file", state: event.state, ...fileFields(event.file) };
    case "thumbnail": {
      const { file: { id, name }, picture } = event;
      return { event: "thumbnail", id, name, picture: picture?.toBase64() };
    }
    case "transfer": {
      const { id: transfer, progress, known, ...rest } = event.transfer;
      const same = known && { known: { name: known.name, owner: known.owner } };
      return { event: "transfer", transfer, ...rest, ...same, ...progress };
    }
    case "file.coming": {
      const { progress, ...file } = event.file;
      return { event: "file.coming", ...file, ...progress };
    }
    case "stream": {
      const { participant: id, ...stream } = event.stream;
      const participant = stream.kind === "mix" ? undefined : context.nameOf(id);
      return { event: "stream", state: event.state, participant, id, ...stream };
    }
    case "picture": {
      const { participant: id, kind, layer, ssrc } = event.stream;
      return { event: "picture", participant: context.nameOf(id), id, kind, layer, ssrc };
    }
    case "presenter": {
      const { presenting, you, ended } = event;
      return { event: "presenter", ...presenting, you, ended };
    }
    default:
      return event;
  }
}

function fileFields({ at: sharedAt, isExecutable: executable, isOwn: own, ...file }: SharedFile) {
  return { ...file, sharedAt, executable, own };
}

/** Why the meeting did not come about, or ended for good. */
export function failureReport(failure: JoinFailure): Report {
  const { code, message, advice, exitCode: exit, fingerprints } = failure;
  const event = exit === EXIT.refused
    ? "refused"
    : exit === EXIT.keyChanged
    ? "key.changed"
    : exit === EXIT.unreachable
    ? "unreachable"
    : "lost";
  const request = event === "refused" ? "join" : undefined;
  const keys = fingerprints && {
    expected: fingerprints.expected,
    expectedWords: fingerprints.expected && fingerprintWords(fingerprints.expected).join(" "),
    seen: fingerprints.seen,
    seenWords: fingerprintWords(fingerprints.seen).join(" "),
  };
  return { event, request, code, message, advice, exit, ...keys };
}

/** The last event of a meeting that was joined. */
export function leftReport({ reason, exitCode: exit }: MeetingEnd): Report {
  return { event: "left", reason, exit };
}

/** An event as people read it; `undefined` for what they need not see. */
export function sentenceOf(event: MeetingEvent, context: ReportContext): string | undefined {
  const sentence = plainSentence(event, context);
  return sentence === undefined ? undefined : printable(sentence);
}

function plainSentence(event: MeetingEvent, { server, self }: ReportContext): string | undefined {
  switch (event.event) {
    case "joined":
      return `Joined ${event.room} at ${server} as ${event.name}; the server's key: ${
        fingerprintWords(event.fingerprint).join(" ")
      }`;
    case "reconnected":
      return event.resumed ? "Back in the meeting" : "Back in the meeting, on a new seat";
    case "participant": {
      const { change } = event;
      return change.person.id === self() ? undefined : personSentence(change);
    }
    case "chat": {
      const { from, text, at } = event.line;
      return `${new Date(at).toTimeString().slice(0, 5)} ${from}: ${text}`;
    }
    case "file": {
      const { name, owner } = event.file;
      return event.state === "there" ? `${owner} shares ${name}` : `${name} is gone`;
    }
    case "transfer":
      return transferSentence(event.transfer);
    case "refused":
      return `Declined: ${event.message}`;
    case "reconnecting":
      return `Connection lost (${event.reason}); trying to come back`;
    case "warning":
      return `Warning: ${event.message}`;
    case "host":
      return event.you
        ? "You are the host of this room"
        : event.name === undefined
        ? "The room has no host"
        : `${event.name} is the host`;
    case "locked":
      return event.on ? "The room is locked" : "The room is open";
    case "presenter":
      return presenterSentence(event);
    case "presenter.asked":
      return `${event.name} asks to present`;
    case "presenter.declined":
      return `${event.name} goes on presenting`;
    case "muted":
      return `${event.by} muted you`;
    case "source":
      return `Your ${event.kind} is ${event.on ? "on" : "off"}`;
    default:
      return undefined;
  }
}

/** Only how it begins and ends; programs hear of the rest. */
function transferSentence(
  { direction, name, state, message, path, progress: { size } }: Transfer,
): string | undefined {
  const isSent = direction === "send";
  if (state === "done") {
    return isSent ? `${name} is shared (${size} bytes)` : `${name} is here: ${path}`;
  }
  if (state === "failed") return `Cannot ${isSent ? "share" : "fetch"} ${message}`;
  return state === "cancelled" ? `${name} was cancelled` : undefined;
}

function presenterSentence(
  { presenting, you }: Extract<MeetingEvent, { event: "presenter" }>,
): string {
  if (presenting === undefined) return "Nobody is presenting";
  const who = you ? "You are" : `${presenting.name} is`;
  return `${who} presenting${presenting.paused ? " (paused)" : ""}`;
}

function personSentence(change: PersonChange): string {
  const { person: { name, microphone, camera } } = change;
  if (change.state === "left") return `${name} ${LEFT[change.reason]}`;
  if (change.state === "away") return `${name} lost the connection`;
  const { before } = change;
  const sources = [
    before?.microphone === microphone ? "" : `microphone ${microphone ? "on" : "off"}`,
    before?.camera === camera ? "" : `camera ${camera ? "on" : "off"}`,
  ].filter((each) => each !== "").join(", ");
  if (before === undefined) return `${name} is here: ${sources}`;
  return before.away ? `${name} is back` : `${name}: ${sources}`;
}

const LEFT = { left: "left", lost: "is gone: the connection was lost", removed: "was removed" };
