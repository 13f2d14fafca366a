/** Who presents, in 100 000 random steps of six people, against a model of a few lines. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Refusal, seededRandom } from "@fusionmeet/base";
import { SEAT_KEPT_MS, SHARE_CLOSED_MS, SHARE_START_MS } from "@fusionmeet/protocol";
import { testSeed } from "../tests/support/seed.ts";
import type { Room } from "./room.ts";
import { Rooms } from "./rooms.ts";
import { FakeLink, fakeParts, type Person } from "./test_support.ts";

const STEPS = 100_000;
const NAMES = ["Ann", "Bob", "Cid", "Dee", "Eve", "Fay"];
/** A turn that leaves everybody time to be forgotten. */
const LONG_MS = SEAT_KEPT_MS + SHARE_START_MS + 1;

/** What a share has to be like. */
interface Model {
  readonly name: string;
  isAway: boolean;
  isConnected: boolean;
  wasConnected: boolean;
  /** When it ends by itself. */
  endsAtMs: number;
}

class World {
  readonly parts = fakeParts();
  readonly rooms = new Rooms(this.parts);
  readonly #random;
  readonly #people = new Map<string, Person & { resume: Uint8Array; awaySinceMs?: number }>();
  readonly #removed = new Set<string>();
  readonly #asking = new Set<string>();
  #model: Model | undefined;
  /** The model's share and the room's are the same one. */
  #id: number | undefined;
  #highestId = 0;
  readonly counts = new Map<string, number>();

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  step(): void {
    const act = this.#pick(ACTIONS);
    const outcome = this[act]();
    const name = `${act} ${outcome}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    this.check(name);
  }

  /** The room says what the model says, and so does everybody's screen. */
  check(after: string): void {
    const room = this.rooms.find("Main");
    const share = room?.presenter.share;
    const { isAway, isConnected } = share ?? {};
    const { name } = share?.holder ?? {};
    const model = this.#model;
    deepStrictEqual(
      { name, isAway, isConnected, paused: room?.presenter.isPaused ?? false },
      {
        name: model?.name,
        isAway: model?.isAway,
        isConnected: model?.isConnected,
        paused: model !== undefined && (model.isAway || (model.wasConnected && !model.isConnected)),
      },
      after,
    );
    if (share?.id !== this.#id && share !== undefined) {
      ok(share.id > this.#highestId, `${after}: an old share is back`);
      this.#highestId = share.id;
    }
    this.#id = share?.id;
    for (const { link, awaySinceMs } of this.#people.values()) {
      const seen = link.takeAll().findLast(({ type }) => type === "presenter");
      if (awaySinceMs !== undefined || seen?.type !== "presenter") continue;
      deepStrictEqual([seen.share, seen.name], [share?.id, name], after);
    }
    this.parts.plane.commands.length = 0;
  }

  enter(): string {
    const name = this.#pick(NAMES);
    const known = this.#people.get(name);
    const isBack = known !== undefined && this.#chance(0.8);
    const isLocked = this.rooms.find("Main")?.host.isLocked ?? false;
    const expected = isBack
      ? "ok"
      : this.#removed.has(name)
      ? "removed"
      : isLocked
      ? "locked"
      : known !== undefined
      ? "name-taken"
      : "ok";
    const link = new FakeLink();
    const outcome = attempt(() => {
      const resume = isBack ? known.resume : undefined;
      const { seat } = this.rooms.enter("Main", { name, link, resume, microphone: false });
      this.#people.set(name, { seat, link, resume: seat.token });
    });
    strictEqual(outcome, expected);
    if (outcome === "ok" && isBack) {
      // A connection that still held the seat is taken over: away and back in one turn.
      if (known.awaySinceMs === undefined) this.#asking.delete(name);
      if (this.#model?.name === name) this.#started({ isAway: false, isConnected: false });
    }
    return outcome;
  }

  leave(): string {
    return this.#here((person, name) => {
      this.#room.leave(person.seat, person.link);
      this.#gone(name);
    });
  }

  lose(): string {
    return this.#here((person, name) => {
      const how = this.#chance(0.5) ? "closed" : "cut";
      this.#room.lose(person.seat, person.link, how);
      const nowMs = this.parts.timers.nowMs();
      person.awaySinceMs = nowMs;
      this.#asking.delete(name);
      if (this.#model?.name !== name) return;
      Object.assign(this.#model, { isAway: true, isConnected: false });
      this.#model.endsAtMs = how === "closed" ? nowMs + SHARE_CLOSED_MS : Infinity;
    });
  }

  request(): string {
    return this.#here(({ seat }, name) => {
      const taken = this.#model !== undefined && this.#model.name !== name;
      strictEqual(
        attempt(() => this.#room.presenter.request(seat)),
        taken ? "presenter-taken" : "ok",
      );
      if (this.#model === undefined) this.#start(name);
    });
  }

  ask(): string {
    return this.#here(({ seat }, name) => {
      const expected = this.#model === undefined
        ? "nobody-presents"
        : this.#model.name === name
        ? "you-present"
        : "ok";
      strictEqual(attempt(() => this.#room.presenter.ask(seat)), expected);
      if (expected === "ok") this.#asking.add(name);
    });
  }

  answer(): string {
    return this.#here(({ seat }, name) => {
      const asker = this.#pick(NAMES);
      const accept = this.#chance(0.5);
      const participant = this.#people.get(asker)?.seat.id ?? 0;
      const expected = this.#model?.name !== name
        ? "not-presenter"
        : !this.#asking.has(asker)
        ? "nobody-asked"
        : "ok";
      strictEqual(
        attempt(() => this.#room.presenter.answer(seat, { participant, accept })),
        expected,
      );
      if (expected !== "ok") return;
      if (accept) this.#start(asker);
      else this.#asking.delete(asker);
    });
  }

  give(): string {
    return this.#here(({ seat }, name) => {
      const other = this.#pick(NAMES);
      const to = this.#people.get(other);
      const expected = to === undefined
        ? "no-such-person"
        : to.awaySinceMs !== undefined
        ? "away"
        : this.#model?.name !== name
        ? "not-presenter"
        : other === name
        ? "you-present"
        : "ok";
      const participant = to?.seat.id ?? 0;
      strictEqual(attempt(() => this.#room.presenter.give(seat, { participant })), expected);
      if (expected === "ok") this.#start(other);
    });
  }

  /** Also a share of the past, and somebody else's. */
  stop(): string {
    return this.#here(({ seat }, name) => {
      const share = this.#someShare();
      this.#room.presenter.stop(seat, { share });
      if (share === this.#id && this.#model?.name === name) this.#end();
    });
  }

  connect(): string {
    if (this.rooms.count === 0) return "nobody";
    const share = this.#someShare();
    const isConnected = this.#chance(0.7);
    this.#room.presenter.connected(share, isConnected);
    const model = this.#model;
    if (share !== this.#id || !model || model.isAway || model.isConnected === isConnected) {
      return "no change";
    }
    this.#started({ isConnected });
    return `${isConnected}`;
  }

  lead(): string {
    return this.#here(({ seat }) => {
      const { host } = this.#room;
      const isHost = host.host === seat;
      const other = this.#pick(NAMES);
      const participant = this.#people.get(other)?.seat.id ?? 0;
      const share = this.#someShare();
      const what = this.#pick(["unshare", "remove", "readmit", "lock", "give"] as const);
      const outcome = attempt(() => {
        if (what === "unshare") host.endShare(seat, { share });
        else if (what === "remove") host.remove(seat, { participant });
        else if (what === "readmit") host.readmit(seat, { name: other });
        else if (what === "lock") host.lock(seat, { on: this.#chance(0.3) });
        else host.give(seat, { participant });
      });
      strictEqual(outcome === "not-host", !isHost);
      if (outcome !== "ok") return;
      if (what === "unshare" && share === this.#id) this.#end();
      if (what === "readmit") this.#removed.delete(other);
      if (what !== "remove") return;
      this.#removed.add(other);
      this.#gone(other);
    });
  }

  wait(): string {
    const ms = this.#chance(0.02)
      ? LONG_MS
      : this.#random.u32() % (this.#chance(0.5) ? 600 : 9_000);
    const endMs = this.parts.timers.nowMs() + ms;
    this.parts.timers.advance(ms);
    for (const [name, { awaySinceMs = Infinity }] of this.#people) {
      if (awaySinceMs + SEAT_KEPT_MS <= endMs) this.#gone(name);
    }
    if (this.#model !== undefined && this.#model.endsAtMs <= endMs) this.#end();
    return ms >= LONG_MS ? "long" : "short";
  }

  /** Whatever happened: soon somebody can present. */
  isNotStuck(): void {
    this.rooms.find("Main")?.presenter.connected(this.#id ?? 0, false);
    if (this.#model && !this.#model.isAway && this.#model.isConnected) {
      this.#started({ isConnected: false });
    }
    this.parts.timers.advance(LONG_MS);
    for (const [name, { awaySinceMs }] of this.#people) {
      if (awaySinceMs !== undefined) this.#gone(name);
    }
    if (this.#model) this.#end();
    this.check("after a long time");
  }

  get #room(): Room {
    const room = this.rooms.find("Main");
    ok(room !== undefined, "somebody is here");
    return room;
  }

  #here(act: (person: Person & { awaySinceMs?: number }, name: string) => void): string {
    const name = this.#pick(NAMES);
    const person = this.#people.get(name);
    if (person === undefined || person.awaySinceMs !== undefined) return "nobody";
    act(person, name);
    return "done";
  }

  #start(name: string): void {
    this.#asking.clear();
    this.#model = { name, isAway: false, isConnected: false, wasConnected: false, endsAtMs: 0 };
    this.#started({});
  }

  #started(change: Partial<Model>): void {
    const model = Object.assign(this.#model!, change);
    if (model.isConnected) model.wasConnected = true;
    model.endsAtMs = model.isConnected ? Infinity : this.parts.timers.nowMs() + SHARE_START_MS;
  }

  #end(): void {
    this.#model = undefined;
    this.#asking.clear();
  }

  #gone(name: string): void {
    this.#people.delete(name);
    this.#asking.delete(name);
    if (this.#model?.name === name) this.#end();
    if (this.#people.size === 0) this.#removed.clear();
  }

  #someShare(): number {
    return this.#chance(0.6) ? this.#id ?? 0 : this.#highestId - this.#random.u32() % 3;
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random.u32() % list.length];
  }

  #chance(probability: number): boolean {
    return this.#random.fraction() < probability;
  }
}

const ACTIONS = [
  ...["enter", "enter", "enter", "leave", "lose", "request", "request", "ask", "answer"],
  ...["answer", "give", "stop", "connect", "connect", "lead", "wait"],
] as (
  | "enter"
  | "leave"
  | "lose"
  | "request"
  | "ask"
  | "answer"
  | "give"
  | "stop"
  | "connect"
  | "lead"
  | "wait"
)[];

/** @returns `ok`, or the code of the refusal. */
function attempt(run: () => void): string {
  try {
    run();
    return "ok";
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    return thrown.code;
  }
}

Deno.test("100 000 random steps: never two presenters, never stuck, no old share comes back", () => {
  const world = new World(testSeed("presenter model"));
  for (let step = 0; step < STEPS; step++) {
    world.step();
    if (step % 1_000 === 999) world.isNotStuck();
  }
  deepStrictEqual(world.parts.mistakes, []);
  for (
    const name of ["enter removed", "enter locked", "enter name-taken", "lead done", "connect true"]
  ) {
    ok((world.counts.get(name) ?? 0) > 50, `${name}: ${world.counts.get(name)} times`);
  }
});
