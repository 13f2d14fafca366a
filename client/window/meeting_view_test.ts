import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { MeetingState, ProgramMessage } from "@fusionmeet/bridge";
import type { Fingerprint } from "@fusionmeet/protocol";
import type { MeetingEvent } from "../meeting_types.ts";
import { MeetingView } from "./meeting_view.ts";

class Bench {
  readonly sent: ProgramMessage[] = [];
  readonly states: MeetingState[] = [];
  readonly view = new MeetingView({
    server: "host",
    port: 7_000,
    microphone: { exists: true, on: true },
    camera: { exists: false, on: false },
    quality: { width: 320, height: 240, framesPerSecond: 30 },
    qualities: [],
    epochMs: () => 5_000,
    change: (state) => this.states.push(state),
    send: (message) => this.sent.push(message),
  });

  get state(): MeetingState {
    return this.states.at(-1)!;
  }

  get notices(): string[] {
    return this.sent.flatMap((message) => message.type === "chat" ? message.entries : [])
      .map((entry) => entry.kind === "notice" ? `${entry.notice} ${entry.name}` : "line");
  }

  joined(participant = 2): void {
    this.view.meetingEvent({
      event: "joined",
      participant,
      name: "Ada",
      room: "Lab",
      resumed: false,
      voice: "opus",
      fingerprint: "ab".repeat(32) as Fingerprint,
      hostname: "192.168.1.20",
      addresses: ["10.0.0.1"],
    });
  }

  here(id: number, name: string, more: { camera?: boolean; away?: boolean } = {}): void {
    const { camera = false, away = false } = more;
    const person = { id, name, microphone: true, camera, away, voice: 1000 + id };
    const before = this.state.people.some((each) => each.id === id) ? person : undefined;
    const state = away ? "away" : "here";
    this.view.meetingEvent({ event: "participant", change: { person, state, before } });
  }

  left(id: number, name: string): void {
    const person = { id, name, microphone: true, camera: false, away: false };
    const change = { person, state: "left", reason: "left" } as const;
    this.view.meetingEvent({ event: "participant", change });
  }
}

Deno.test("MeetingView puts oneself first and announces only who comes after the first list", async () => {
  const bench = new Bench();
  bench.joined();
  bench.here(1, "Bob");
  bench.here(2, "Ada");
  bench.here(3, "Cyd");
  await Promise.resolve();
  bench.here(4, "Dan");
  bench.here(1, "Bob", { camera: true });
  bench.left(3, "Cyd");
  await Promise.resolve();
  deepStrictEqual(bench.state.people.map(({ name }) => name), ["Ada", "Bob", "Dan"]);
  strictEqual(bench.state.people[1].camera, true);
  deepStrictEqual(bench.notices, ["joined Dan", "left Cyd"]);
  deepStrictEqual([bench.state.room, bench.state.self], ["Lab", 2]);
});

Deno.test("MeetingView shows who speaks and gives levels by person", () => {
  const bench = new Bench();
  bench.joined();
  bench.here(2, "Ada");
  bench.here(3, "Cyd");
  const person = { id: 3, name: "Cyd", microphone: true, camera: false, away: false };
  bench.view.meetingEvent({ event: "speaking", person, on: true });
  strictEqual(bench.state.people[1].speaking, true);
  const list = [{ ssrc: 1003, level: -20.4 }, { ssrc: 7, level: -1 }];
  bench.view.engineEvent({ event: "levels", list, own: -127, speaking: false });
  deepStrictEqual(bench.sent.at(-1), {
    type: "levels",
    own: -127,
    people: [{ id: 3, level: -20 }],
  });
  bench.view.meetingEvent({ event: "speaking", person, on: false });
  strictEqual(bench.state.people[1].speaking, false);
});

Deno.test("MeetingView says why a source does not deliver, until it does or is switched", () => {
  const bench = new Bench();
  const failed = "The microphone is in use";
  bench.view.engineEvent({ event: "capture.failed", kind: "microphone", message: failed });
  deepStrictEqual(bench.state.microphone, { exists: true, on: true, problem: failed });
  bench.view.engineEvent({ event: "capture.running", kind: "microphone" });
  strictEqual(bench.state.microphone.problem, null);
  bench.view.engineEvent({ event: "capture.retrying", kind: "microphone", message: failed });
  bench.view.meetingEvent({ event: "source", kind: "microphone", on: false });
  deepStrictEqual(bench.state.microphone, { exists: true, on: false, problem: null });
  // It is shown there, and not said a second time.
  const codes = ["microphone.retrying", "camera.failed", "camera-codec"];
  for (const code of codes) bench.view.meetingEvent({ event: "warning", code, message: failed });
  const toasts = bench.sent.filter(({ type }) => type === "toast");
  deepStrictEqual(toasts, [{ type: "toast", kind: "warning", code: codes[2], message: failed }]);
});

Deno.test("MeetingView shows the way back with its end, and that it is over", () => {
  const bench = new Bench();
  const lost = { reason: "silent", lostAt: 1_000, givesUpAt: 121_000 };
  bench.view.meetingEvent({ event: "reconnecting", ...lost });
  deepStrictEqual(bench.state.comingBack, lost);
  bench.joined();
  strictEqual(bench.state.comingBack, null);
});

Deno.test("MeetingView turns refusals into unsent lines or toasts", () => {
  const bench = new Bench();
  bench.view.said("a", "Hi");
  const refused = { event: "refused", request: "chat.post", code: "full", message: "No" } as const;
  bench.view.meetingEvent({ ...refused, mark: "a" } as MeetingEvent);
  deepStrictEqual(bench.sent.filter(({ type }) => type === "toast"), []);
  bench.view.meetingEvent({ ...refused, request: "watch" });
  deepStrictEqual(bench.sent.at(-1), {
    type: "toast",
    kind: "warning",
    code: "full",
    message: "No",
  });
});
