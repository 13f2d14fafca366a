import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { MeetingState, ProgramMessage } from "@fusionmeet/bridge";
import { type Fingerprint, SHARE_START_MS, type ShareEnd } from "@fusionmeet/protocol";
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

  get shareState(): string | undefined {
    return this.state.ownShare?.state;
  }

  toasts(): string[] {
    return this.sent.flatMap((message) => message.type === "toast" ? [message.message] : []);
  }

  /** Somebody presents from now on, or nobody. */
  presents(
    participant?: number,
    more: { share?: number; ended?: ShareEnd; paused?: boolean } = {},
  ) {
    const { share = 7, ended, paused = false } = more;
    const presenting = participant === undefined
      ? undefined
      : { share, participant, name: `Person ${participant}`, paused };
    const you = participant === this.state.self;
    this.view.meetingEvent({ event: "presenter", presenting, you, ended });
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

const shown = { event: "screen", on: true, title: "Editor", width: 800, height: 600 } as const;
const endOfTurn = 5_000 + SHARE_START_MS;

Deno.test("MeetingView shows one's own turn from being given it to its end", () => {
  const bench = new Bench();
  bench.joined(2);
  bench.here(2, "Ada");
  bench.here(3, "Cyd");
  bench.presents(3);
  strictEqual(bench.state.ownShare, null);
  bench.presents(2, { share: 8, ended: "handed-over" });
  deepStrictEqual(bench.state.ownShare, { title: null, state: "turn", endsAt: endOfTurn });
  bench.view.showing("Editor");
  deepStrictEqual(bench.state.ownShare, { title: "Editor", state: "starting", endsAt: null });
  bench.view.meetingEvent({ ...shown, status: "showing" });
  strictEqual(bench.shareState, "showing");
  bench.view.meetingEvent({ ...shown, status: "hidden" });
  strictEqual(bench.shareState, "hidden");
  bench.presents(2, { share: 8, paused: true });
  strictEqual(bench.shareState, "hidden", "a pause changes nothing of it");
  bench.presents(undefined, { ended: "host" });
  strictEqual(bench.state.ownShare, null);
  deepStrictEqual(bench.toasts(), ["The host stopped your share"]);
});

Deno.test("MeetingView says that one's share is over where the server that is back knows of none", () => {
  const bench = new Bench();
  bench.joined(2);
  const showsAgain = () => {
    bench.presents(2);
    bench.view.meetingEvent({ ...shown, status: "showing" });
  };
  showsAgain();
  bench.presents(undefined);
  strictEqual(bench.state.ownShare, null);
  const sentence = "Your share is over: the connection was lost. You can present again";
  deepStrictEqual(bench.toasts(), [sentence]);
  // One that was stopped meanwhile is no news, nor is a turn that was not used.
  showsAgain();
  bench.view.stopped();
  bench.presents(undefined);
  bench.presents(2);
  bench.presents(undefined);
  deepStrictEqual(bench.toasts(), [sentence]);
});

Deno.test("MeetingView: whoever picks first is starting until it is shown, refused or taken", () => {
  const bench = new Bench();
  bench.joined(2);
  bench.view.showing("Editor");
  bench.presents(2);
  strictEqual(bench.shareState, "starting");
  // Something else cannot be shown: what was shown still is.
  bench.view.meetingEvent({ ...shown, status: "showing" });
  bench.view.showing("Terminal");
  bench.view.notShown();
  deepStrictEqual(bench.state.ownShare, { title: "Editor", state: "showing", endsAt: null });
  bench.view.meetingEvent({ event: "screen", on: false });
  strictEqual(bench.state.ownShare, null);
  bench.presents(undefined, { ended: "stopped" });
  deepStrictEqual(bench.toasts(), [], "one knows what one did");

  bench.view.showing("Editor");
  const message = "Cyd is presenting";
  const code = "presenter-taken";
  bench.view.meetingEvent({ event: "refused", request: "presenter.request", code, message });
  deepStrictEqual([bench.state.ownShare, bench.toasts()], [null, [message]]);
});

Deno.test("MeetingView says why a turn is over that its owner did not end", () => {
  const ends = {
    "not-started": /nothing was shown for 30 s/,
    lost: /connection was lost/,
  } as const;
  for (const [ended, words] of Object.entries(ends)) {
    const bench = new Bench();
    bench.joined(2);
    bench.presents(2);
    bench.presents(undefined, { ended: ended as ShareEnd });
    match(bench.toasts().join(), words);
    bench.presents(3, { share: 9, ended: "stopped" });
    bench.presents(undefined, { ended: "host" });
    strictEqual(bench.toasts().length, 1, "another's end is not told");
  }
});

Deno.test("MeetingView keeps who asks to present until they are answered, leave or lose the connection", () => {
  const bench = new Bench();
  bench.joined(2);
  for (const [id, name] of [[2, "Ada"], [3, "Cyd"], [4, "Dan"], [5, "Eve"]] as const) {
    bench.here(id, name);
  }
  bench.presents(2);
  for (const [participant, name] of [[3, "Cyd"], [4, "Dan"], [5, "Eve"], [3, "Cyd"]] as const) {
    bench.view.meetingEvent({ event: "presenter.asked", participant, name });
  }
  const asking = () => bench.state.askingToPresent.map(({ name }) => name);
  deepStrictEqual(asking(), ["Dan", "Eve", "Cyd"]);
  bench.view.answered(4);
  bench.here(5, "Eve", { away: true });
  bench.left(3, "Cyd");
  deepStrictEqual(asking(), []);
});

Deno.test("MeetingView remembers that one asked, until there is an answer", () => {
  const bench = new Bench();
  bench.joined(2);
  bench.here(3, "Cyd");
  bench.presents(3);
  const declined = { event: "presenter.declined", participant: 3, name: "Cyd" } as const;
  const code = "nobody-presents";
  const ends: (() => void)[] = [
    () => bench.view.meetingEvent(declined),
    () =>
      bench.view.meetingEvent({ event: "refused", request: "presenter.ask", code, message: "No" }),
    () => bench.presents(4, { share: 10 }),
    () =>
      bench.view.meetingEvent({ event: "reconnecting", reason: "cut", lostAt: 1, givesUpAt: 2 }),
  ];
  for (const end of ends) {
    bench.view.asked();
    strictEqual(bench.state.asked, true);
    end();
    strictEqual(bench.state.asked, false);
  }
  match(bench.toasts()[0], /^Cyd does not hand over now/);
});

Deno.test("MeetingView.hostName is whoever leads, also where that is said before they are listed", () => {
  const bench = new Bench();
  bench.joined(2);
  bench.view.meetingEvent({ event: "host", participant: 3, you: false });
  strictEqual(bench.view.hostName, undefined);
  bench.here(3, "Cyd");
  strictEqual(bench.view.hostName, "Cyd");
  strictEqual(bench.state.people.find(({ id }) => id === 3)?.host, true);
});

Deno.test("MeetingView has oneself once, also on a new seat", async () => {
  const bench = new Bench();
  bench.joined();
  bench.here(2, "Ada");
  bench.here(3, "Cyd");
  bench.joined(5);
  bench.here(5, "Ada");
  await Promise.resolve();
  deepStrictEqual(bench.state.people.map(({ id }) => id), [5, 3]);
});
