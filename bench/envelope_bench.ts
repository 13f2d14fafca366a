/** What a control message costs, written and read with all checks, against JSON without any. */
import {
  encodeMessage,
  EnvelopeReader,
  readServerMessage,
  type ServerMessage,
} from "@fusionmeet/protocol";
import { microseconds, printTimes } from "./measure.ts";

const CHAT = { type: "chat", id: 17, at: 1e12, from: "Ann", text: "Shall we begin?", mark: "m1" };
const PEOPLE = {
  type: "participants",
  list: Array.from({ length: 50 }, (_, id) => ({
    id,
    name: `Somebody ${id}`,
    microphone: true,
    camera: id % 2 === 0,
    away: false,
  })),
  last: true,
};

function measure(name: string, message: ServerMessage, calls: number): void {
  const json = JSON.stringify(message);
  const envelope = encodeMessage(message);
  const reader = new EnvelopeReader();
  printTimes(`${name}, ${envelope.length} bytes (JSON ${json.length})`, [
    ["JSON.stringify", microseconds(calls, () => void JSON.stringify(message))],
    ["encodeMessage", microseconds(calls, () => void encodeMessage(message))],
    ["JSON.parse", microseconds(calls, () => void JSON.parse(json))],
    [
      "EnvelopeReader + readServerMessage",
      microseconds(calls, () => {
        reader.push(envelope);
        readServerMessage(reader.next()!);
      }),
    ],
  ]);
}

measure("A chat line", CHAT as ServerMessage, 20_000);
measure("50 people", PEOPLE as ServerMessage, 500);
