import { ProtocolError } from "@fusionmeet/base";
import type { ClientMessages, Handlers } from "@fusionmeet/protocol";
import type { Session } from "./session.ts";

/** What the server does about each message of somebody who has a seat. */
export const HANDLERS: Handlers<ClientMessages, Session> = {
  "hello": () => {
    throw new ProtocolError("unexpected", "Cannot take hello: it was said before");
  },
  "lobby": () => {
    throw new ProtocolError("unexpected", "Cannot take lobby: hello was said before");
  },
  "ticket": () => {
    throw new ProtocolError("unexpected", "Cannot take ticket: hello was said before");
  },
  "presenter.request": ({ room, seat }) => room.presenter.request(seat),
  "presenter.ask": ({ room, seat }) => room.presenter.ask(seat),
  "presenter.answer": ({ room, seat }, answer) => room.presenter.answer(seat, answer),
  "presenter.give": ({ room, seat }, to) => room.presenter.give(seat, to),
  "presenter.stop": ({ room, seat }, which) => room.presenter.stop(seat, which),
  "host.mute": ({ room, seat }, whom) => room.host.mute(seat, whom),
  "host.unshare": ({ room, seat }, which) => room.host.endShare(seat, which),
  "host.remove": ({ room, seat }, whom) => room.host.remove(seat, whom),
  "host.readmit": ({ room, seat }, whom) => room.host.readmit(seat, whom),
  "host.lock": ({ room, seat }, state) => room.host.lock(seat, state),
  "host.give": ({ room, seat }, to) => room.host.give(seat, to),
  "ticket.get": (session, { mark, ...wanted }) => {
    const ticket = session.tickets.issue(session, wanted);
    session.link.send({ type: "ticket", mark, ticket });
  },
  "file.offer": ({ room, seat, link }, { mark, ...offer }) =>
    link.send({ type: "file.offered", mark, ...room.files.offer(seat, offer) }),
  "file.plan": ({ room, seat, link }, { mark, size }) => {
    room.files.plan(seat, { size });
    link.send({ type: "file.planned", mark });
  },
  "file.thumbnail.get": ({ room, link }, { id }) =>
    link.send({ type: "file.thumbnail", id, picture: room.files.thumbnail(id) }),
  "file.delete": ({ room, seat }, { id }) =>
    room.files.delete(seat, id, { isHost: room.host.host === seat }),
  "ping": ({ link }, { at }) => link.send({ type: "pong", at }),
  "leave": ({ room, seat, link }) => {
    room.leave(seat, link);
    link.end("left");
  },
  "chat.post": ({ room, seat }, line) => room.post(seat, line),
  "chat.fetch": ({ room, link }, { after }) =>
    link.send({ type: "chat.lines", ...room.chat.linesAfter(after) }),
  "source": ({ room, seat }, { kind, on, codec = "h264", width, height, fps, mutes }) => {
    if (kind === "microphone") room.setSource(seat, { kind, on, mutes });
    else room.setSource(seat, { kind, on: on ? { codec, width, height, fps } : undefined });
  },
  "watch": ({ room, seat }, { participant, layer }) =>
    room.watch(seat, participant, layer !== "none"),
  "stream.ack": ({ room, seat }, { ssrc }) => room.acknowledgeStream(seat, ssrc),
  "keys.ack": ({ room, seat }, { epoch }) => room.acknowledgeKeys(seat, epoch),
};

/**
 * What a message costs of `CONTROL_MESSAGES_PER_SECOND`: those that read the disk or reach everybody count
 * more; all others count 1, those of a type that is not known here, too.
 */
export const COSTS: ReadonlyMap<string, number> = new Map(Object.entries(
  {
    "chat.fetch": 4,
    "source": 4,
    "watch": 2,
    "ticket.get": 10,
    "file.offer": 10,
    "file.plan": 4,
    "file.thumbnail.get": 4,
    "file.delete": 10,
    "presenter.request": 4,
    "presenter.ask": 2,
    "presenter.answer": 4,
    "presenter.give": 4,
    "presenter.stop": 4,
    "host.mute": 4,
    "host.unshare": 4,
    "host.remove": 10,
    "host.lock": 4,
    "host.give": 4,
  } satisfies Partial<Record<keyof ClientMessages, number>>,
));
