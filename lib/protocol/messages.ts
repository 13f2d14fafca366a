/**
 * The control protocol: one table of messages per direction. Types, checks, docs/PROTOCOL.md and the handler
 * list follow from it. Append only; new fields are optional; unknown fields and unknown messages are ignored.
 */
import {
  bytes,
  type Field,
  type Fields,
  flag,
  float,
  list,
  oneOf,
  optional,
  record,
  shown,
  text,
  time,
  token,
  u16,
  u32,
  u53,
  u8,
  type ValuesOf,
} from "./fields.ts";
import { CAMERA_CODECS } from "./features.ts";
import { shownFileName, shownName } from "./names.ts";
import {
  ADDRESS_LENGTH_MAX,
  ANNOUNCED_ADDRESSES_MAX,
  CHAT_LINES_MAX,
  CHAT_TEXT_LENGTH_MAX,
  CONTROL_MESSAGE_BYTES_MAX,
  FILE_HASH_BYTES,
  FILES_PER_MESSAGE,
  LOBBY_ROOMS_MAX,
  MARK_LENGTH_MAX,
  NAME_LENGTH_MAX,
  PARTICIPANTS_PER_MESSAGE,
  PERSON_BYTES,
  PIN_LENGTH_MAX,
  REMOVED_MAX,
  RESUME_TOKEN_BYTES,
  ROOM_LENGTH_MAX,
  SERVER_NAME_LENGTH_MAX,
  SHARED_NAME_LENGTH_MAX,
  THUMBNAIL_BYTES_MAX,
  TICKET_BYTES,
} from "./limits.ts";

/** What somebody is called; a server that lets bad characters through changes nothing of what surrounds them. */
const name = (): Field<string> & { optional: false } => shown(NAME_LENGTH_MAX, shownName);
const fileName = () => shown(SHARED_NAME_LENGTH_MAX, (said) => shownFileName(said) || "\ufffd");
/** A chat line's own mark, random, made by its sender. */
const mark = () => token(MARK_LENGTH_MAX);
/** An SRTP master key (16 bytes) and master salt (12 bytes) one after the other, RFC 7714 section 12. */
const masterKey = () => bytes(28);

/** What a participant has on. */
export const PARTICIPANT_FIELDS = {
  id: u32(),
  name: name(),
  microphone: flag(),
  camera: flag(),
  /** The connection is lost and may come back. */
  away: flag(),
  /** SSRC of their microphone, which names them in mixes (CSRC); absent while away. */
  voice: optional(u32()),
} as const satisfies Fields;

/** One line of chat. `id` counts 1, 2, 3… in its room without gaps; `at` is epoch ms at the server. */
export const CHAT_LINE_FIELDS = {
  id: u53(),
  at: time(),
  from: name(),
  text: text(CHAT_TEXT_LENGTH_MAX),
  /** The sender's own mark for the line (see `chat.post`). */
  mark: mark(),
} as const satisfies Fields;

const CODECS = oneOf("h264", "vp8", "jpeg");

/** A file that everybody in the room can fetch. `at`: when it was there, epoch ms at the server. */
export const SHARED_FILE_FIELDS = {
  id: u53(),
  name: fileName(),
  size: u53(),
  hash: bytes(FILE_HASH_BYTES),
  owner: name(),
  at: time(),
  /** It begins as programs do, whatever its name says. */
  executable: optional(flag()),
  /** There is a small picture of it, of so many bytes: see `file.thumbnail.get`. */
  thumbnail: optional(u16()),
  /** It is of whoever is told so: they may delete it. Absent: of an older server, where that goes by `owner`. */
  yours: optional(flag()),
} as const satisfies Fields;

/** How a file is that is on its way to the room. `paused`: no more of it comes just now; `stopped`: nor later, unless it is sent anew. */
export const COMING_STATES = ["moving", "paused", "stopped"] as const;
export type ComingState = typeof COMING_STATES[number];

/** A file on its way to the room: nothing that can be fetched yet. */
export const COMING_FILE_FIELDS = {
  /** The id that its `file` or `file.gone` will have. */
  id: u53(),
  name: fileName(),
  size: u53(),
  /** Who sends it. */
  participant: u32(),
  from: name(),
  /** That are at the server. */
  bytes: u53(),
  state: oneOf(...COMING_STATES),
} as const satisfies Fields;

/** What connections of their own are for. */
export const TICKET_PURPOSES = ["screen.send", "screen.view", "file.send", "file.fetch"] as const;
/** Why a share is over. `closed` connections are lost, too; `host`: the host ended it; `not-started`: no pictures came. */
export const SHARE_ENDS = [
  "stopped",
  "handed-over",
  "left",
  "lost",
  "removed",
  "host",
  "not-started",
] as const;
export type ShareEnd = typeof SHARE_ENDS[number];
export type TicketPurpose = typeof TICKET_PURPOSES[number];

/** From client to server. */
export const CLIENT_MESSAGES = {
  /** The first message of a control connection. */
  "hello": {
    version: u16(),
    name: text(1024),
    room: text(1024),
    pin: optional(text(PIN_LENGTH_MAX)),
    /** From the last `welcome`: takes the same seat again. */
    resume: optional(bytes(RESUME_TOKEN_BYTES)),
    /**
     * A secret of whoever it is, the same each time they come to this server and another one for each server: what they share
     * stays theirs, and is not whose name is the same.
     */
    person: optional(bytes(PERSON_BYTES)),
    /** Codecs, extensions and feedback kinds it knows; unknown ones are ignored. */
    features: optional(list(text(32), 64)),
    /** What is on from the start; default off. */
    microphone: optional(flag()),
    /** Makes whoever says it the host, where the server has one; stands for the PIN, too. */
    ownerPin: optional(text(PIN_LENGTH_MAX)),
  },
  /** Every second; `at` comes back as it was. */
  "ping": { at: float() },
  /** Goodbye: the seat is free at once. */
  "leave": {},
  /** Says a line. `mark` is unique per line; the same mark again (after a reconnect) is the same line. */
  "chat.post": {
    mark: mark(),
    /** Over `CHAT_TEXT_LENGTH_MAX` it is refused; the connection goes on. */
    text: text(CONTROL_MESSAGE_BYTES_MAX),
  },
  /** Asks for lines with `id > after`, oldest first; answered by one `chat.lines`. */
  "chat.fetch": { after: u53() },
  /** A source of mine goes on or off. For the camera: what it sends. */
  "source": {
    kind: oneOf("microphone", "camera"),
    on: flag(),
    codec: optional(CODECS),
    width: optional(u16()),
    height: optional(u16()),
    fps: optional(float()),
    /** Of a microphone that goes on: `mutes` of the latest `muted` (else 0). With an older one it stays off: who was muted did not know. */
    mutes: optional(u32()),
  },
  /** Which layer of that person's camera I want; answered by `stream.ready` whenever there is one. */
  "watch": { participant: u32(), layer: oneOf("high", "low", "none", "auto") },
  /** I have keys and place for this ssrc: it may be sent to me. */
  "stream.ack": { ssrc: u32() },
  /** I have the keys of this epoch. */
  "keys.ack": { epoch: u8() },
  /** Instead of `hello`, from somebody who has not joined yet: which rooms are open? Answered by `lobby`, of any version; then the connection ends. */
  "lobby": { version: u16(), pin: optional(text(PIN_LENGTH_MAX)) },
  /** Asks for leave to open one more connection; answered by `ticket`, or `refused` with the same mark. */
  "ticket.get": {
    mark: mark(),
    purpose: oneOf(...TICKET_PURPOSES),
    /** What it is about: the id of the share or of the file. */
    subject: u53(),
  },
  /**
   * I want to share this file; answered by `file.offered`, or `refused` with the same mark. The same content again is the
   * same file: it goes on where it broke off, whoever offers it.
   */
  "file.offer": {
    mark: mark(),
    name: text(SHARED_NAME_LENGTH_MAX),
    size: u53(),
    /** SHA-256 of the content. */
    hash: bytes(FILE_HASH_BYTES),
    /** A small picture of it, as `thumbnailFault` wants it; another one is refused. */
    thumbnail: optional(bytes(1, THUMBNAIL_BYTES_MAX)),
  },
  /** Asks for the small picture of a file; answered by `file.thumbnail`. */
  "file.thumbnail.get": { id: u53() },
  /** Takes a file of mine out of the room, or an offer back. */
  "file.delete": { id: u53() },
  /** Instead of `hello`, on a connection of its own: answered by `ticket.accepted`; from there on the purpose says what travels. */
  "ticket": { version: u16(), ticket: bytes(TICKET_BYTES) },
  /** I want to present; answered by `presenter` or `refused`. */
  "presenter.request": {},
  /** I ask the presenter to hand over. */
  "presenter.ask": {},
  /** The presenter's answer to `presenter.asked`; with a yes the other one is the presenter. */
  "presenter.answer": { participant: u32(), accept: flag() },
  /** The presenter makes somebody else the presenter. */
  "presenter.give": { participant: u32() },
  /** My share is over. One that is over already changes nothing. */
  "presenter.stop": { share: u53() },
  /** The host switches off a microphone; without a number: everybody else's. */
  "host.mute": { participant: optional(u32()) },
  /** The host ends that share. */
  "host.unshare": { share: u53() },
  /** The host takes somebody out of the room. */
  "host.remove": { participant: u32() },
  /** The host lets somebody who was removed come in again. */
  "host.readmit": { name: text(NAME_LENGTH_MAX) },
  /** The host locks the room, or opens it. */
  "host.lock": { on: flag() },
  /** The host makes somebody else the host. */
  "host.give": { participant: u32() },
  /**
   * May a file of that size be shared? Asked before its content is read; answered by `file.planned`, or `refused` with the same
   * mark, as `file.offer` would be. A size that a file of the room has is not refused: it may be that one.
   */
  "file.plan": { mark: mark(), size: u53() },
} as const satisfies Record<string, Fields>;

/** From server to client. */
export const SERVER_MESSAGES = {
  /** The answer to a `hello` that was accepted. The keys are explained under "Keys". */
  "welcome": {
    version: u16(),
    participant: u32(),
    /** As the server has it: clean, and on a return that of the seat. */
    name: name(),
    /** As first written by whoever opened the room. */
    room: shown(ROOM_LENGTH_MAX, shownName),
    /** For the next `hello`, if this connection is lost. Secret. */
    resume: bytes(RESUME_TOKEN_BYTES),
    /** True when `resume` was taken: the same seat as before. */
    resumed: flag(),
    mediaPort: u16(),
    voice: oneOf("opus", "l16"),
    /** MKI of `pictureKey`. */
    epoch: u8(),
    linkKey: masterKey(),
    pictureKey: masterKey(),
    ssrcs: record({
      feedback: u32(),
      serverFeedback: u32(),
      microphone: u32(),
      camera: u32(),
      cameraLow: u32(),
    }),
    /** The highest `id` of the room's chat; 0 before the first line. */
    chatLatest: u53(),
    features: optional(list(text(32), 64)),
    /** What cameras in this room send now (see `source.codec`); absent: h264. */
    cameraCodec: optional(oneOf(...CAMERA_CODECS)),
    /** Where others on the network reach the server, likeliest first: for links. */
    addresses: optional(list(text(ADDRESS_LENGTH_MAX), ANNOUNCED_ADDRESSES_MAX)),
    /** Epoch ms at the server. */
    at: time(),
  },
  /** The answer to a `hello` or a request that was declined; the connection goes on unless it was `hello`. */
  "refused": {
    code: text(32),
    message: text(1024),
    /** The `type` of the request. */
    request: optional(text(32)),
    /** `chat.post`: its mark. */
    mark: optional(mark()),
    /** `code: "version"`: the server's. */
    version: optional(u16()),
    /** `code: "presenter-taken"`: who presents. */
    holder: optional(name()),
  },
  /** The connection ends because of what the client sent. */
  "error": { code: text(32), message: text(1024) },
  /** Answer to `ping`. */
  "pong": { at: float() },
  /** All people in the room, the receiver included; several messages, the last one with `last: true`. */
  "participants": {
    list: list(record(PARTICIPANT_FIELDS), PARTICIPANTS_PER_MESSAGE),
    last: flag(),
  },
  /** Somebody came, or something about them changed. */
  "participant": { ...PARTICIPANT_FIELDS },
  /** Somebody is no longer on the list. `lost`: their connection, and it has not come back in time. */
  "participant.left": { id: u32(), name: name(), reason: oneOf("left", "lost", "removed") },
  /** A line, to everybody in the room, its sender too. */
  "chat": { ...CHAT_LINE_FIELDS },
  /** The line is stored and will survive a crash. */
  "chat.accepted": { mark: mark(), id: u53(), at: time() },
  /** Answer to `chat.fetch`; `more` when there are later ones. */
  "chat.lines": { lines: list(record(CHAT_LINE_FIELDS), CHAT_LINES_MAX), more: flag() },
  /** What the receiver's camera, on or off, sends from now on, for somebody who came or is gone. It answers with `source` when it is on. */
  "source.codec": { kind: oneOf("camera"), codec: oneOf(...CAMERA_CODECS) },
  /** A camera the receiver watches is there. Packets come after its `stream.ack`. */
  "stream.ready": {
    participant: u32(),
    kind: oneOf("camera", "mix"),
    /** A mix: `shared` by all who are silent, or `own`. */
    layer: oneOf("high", "low", "shared", "own"),
    ssrc: u32(),
    codec: oneOf("h264", "vp8", "jpeg", "opus", "l16"),
    width: optional(u16()),
    height: optional(u16()),
    fps: optional(float()),
    epoch: u8(),
    key: masterKey(),
    /** Where the stream is: seeds the receiver's SRTP context. */
    roc: u32(),
    sequence: u16(),
  },
  /** No more packets of this ssrc; a later `stream.ready` starts it again. */
  "stream.ended": { participant: u32(), kind: oneOf("camera", "mix"), ssrc: u32() },
  /** New keys; used after `keys.use`. Entry 0 for the mix, else a participant's picture key. Several messages; `last` on the last. */
  "keys": {
    epoch: u8(),
    list: list(record({ participant: u32(), key: masterKey() }), 100),
    last: flag(),
  },
  /** From now on packets carry this epoch; older keys stay valid for `RETIRED_KEY_MS`. */
  "keys.use": { epoch: u8() },
  /** Once a second: which capture time of whom is heard at which timestamp of the mix. Times in ms of the server's media clock. */
  "mix.map": {
    list: list(record({ participant: u32(), capturedAtMs: float(), mixTimestamp: u32() }), 8),
  },
  /** The answer to `lobby`. */
  "lobby": {
    version: u16(),
    /** The server asks for a PIN. */
    needsPin: flag(),
    /** Whether the PIN that was given is the right one; absent when none was given or none is needed. */
    pinAccepted: optional(flag()),
    /** Those with somebody in them, the fullest first. None without the PIN, where one is needed. */
    rooms: list(record({ name: text(ROOM_LENGTH_MAX), people: u16() }), LOBBY_ROOMS_MAX),
    /** What people call the server. */
    name: optional(shown(SERVER_NAME_LENGTH_MAX, shownName)),
  },
  /** All files of the room, after `welcome`; several messages, the last one with `last: true`. */
  "files": {
    list: list(record(SHARED_FILE_FIELDS), FILES_PER_MESSAGE),
    last: flag(),
    /** A larger file is refused, bytes. */
    fileBytesMax: optional(u53()),
  },
  /** A file is there, whole. */
  "file": { ...SHARED_FILE_FIELDS },
  /** A file is no longer there. */
  "file.gone": { id: u53() },
  /** The answer to `file.thumbnail.get`, as the sharer made it and as `thumbnailFault` wants it. */
  "file.thumbnail": {
    id: u53(),
    /** Absent: there is none. */
    picture: optional(bytes(1, THUMBNAIL_BYTES_MAX)),
  },
  /** The answer to `file.offer`: the whole file is there already, or is to be sent by a ticket for `file.send`. */
  "file.offered": { mark: mark(), id: u53(), isThere: flag() },
  /** The server is stopping. */
  "closing": { reason: text(256) },
  /** The answer to `ticket.get`: good once, for `TICKET_MS`, from the address of this connection and only as long as it lasts. Secret. */
  "ticket": { mark: mark(), ticket: bytes(TICKET_BYTES) },
  /** The answer to `ticket`: the connection is the purpose's from here on. */
  "ticket.accepted": {},
  /** Files on their way to the room, after `welcome` (before the last `files`) and when one of them has changed. It ends with `file`, `file.gone` or `stopped`. */
  "files.coming": { list: list(record(COMING_FILE_FIELDS), FILES_PER_MESSAGE) },
  /** The answer to `file.plan`: it may be offered. */
  "file.planned": { mark: mark() },
  /** Who leads the room, and whether it is locked: to who comes in, and to all when it changes. */
  "room": {
    /** Absent: nobody. */
    host: optional(u32()),
    /** Nobody new comes in. */
    locked: flag(),
  },
  /** To the host: who was removed and cannot come in again. */
  "room.removed": { names: list(name(), REMOVED_MAX) },
  /** Who presents: to who comes in, and to all when it changes. */
  "presenter": {
    /** Its id; none is used twice. Absent, as the two below: nobody presents. */
    share: optional(u53()),
    participant: optional(u32()),
    name: optional(name()),
    /** No pictures come: the presenter is away, or the connection of the pictures is. */
    paused: flag(),
    /** Why the share before this one is over. */
    ended: optional(oneOf(...SHARE_ENDS)),
  },
  /** To the presenter: somebody asks to present. */
  "presenter.asked": { participant: u32(), name: name() },
  /** To who asked: the presenter said no. */
  "presenter.declined": { participant: u32(), name: name() },
  /** To who was muted by the host: the microphone is off until its owner switches it on. `mutes` counts; see `source`. */
  "muted": { mutes: u32(), by: name() },
} as const satisfies Record<string, Fields>;

export type ClientMessages = typeof CLIENT_MESSAGES;
export type ServerMessages = typeof SERVER_MESSAGES;

/** A message of a table, by its `type`. */
export type MessageOf<
  Table extends Record<string, Fields>,
  Type extends keyof Table = keyof Table,
> = {
  [T in Type]: { readonly type: T } & ValuesOf<Table[T]>;
}[Type];
export type ClientMessage = MessageOf<ClientMessages>;
export type ServerMessage = MessageOf<ServerMessages>;

/** One handler per message of a table; a message without one does not compile. */
export type Handlers<Table extends Record<string, Fields>, Context> = {
  readonly [T in keyof Table]: (context: Context, values: ValuesOf<Table[T]>) => void;
};
