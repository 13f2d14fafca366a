import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { Refusal } from "@fusionmeet/base";
import { AWAY_SHOWN_MS, REMOVED_MAX, SEAT_KEPT_MS } from "@fusionmeet/protocol";
import type { Room } from "./room.ts";
import { enter, openRoom as open, type Person } from "./test_support.ts";

const OWNER = { ownerPin: "9000" };
/** Everybody in the room of the table: whoever acts is one of the first three. */
type Who = "Host" | "Pia" | "Max" | "Gone" | "Nobody";
type Scene = { room: Room; people: Record<string, Person>; idOf: (who: Who) => number };

/** A host, a presenter who was asked by Max, somebody who is away; with owner PIN. */
function scene(): Scene {
  const { room } = open(OWNER);
  const people = Object.fromEntries(
    ["Host", "Pia", "Max", "Gone"].map((name) => [
      name,
      enter(room, name, { isOwner: name === "Host", microphone: true }),
    ]),
  );
  room.presenter.request(people.Pia.seat);
  room.presenter.ask(people.Max.seat);
  room.lose(people.Gone.seat, people.Gone.link);
  return { room, people, idOf: (who) => people[who]?.seat.id ?? 999 };
}

/** Each action, and what comes of it when the host, the presenter or anybody else does it. */
const TABLE: [string, (scene: Scene, seat: Person["seat"]) => void, [string, string, string]][] = [
  ["request", ({ room }, seat) => room.presenter.request(seat), [
    "presenter-taken",
    "ok",
    "presenter-taken",
  ]],
  ["ask", ({ room }, seat) => room.presenter.ask(seat), ["ok", "you-present", "ok"]],
  ...([["yes", true], ["no", false]] as const).map(([name, accept]): typeof TABLE[number] => [
    `answer Max: ${name}`,
    ({ room, idOf }, seat) => room.presenter.answer(seat, { participant: idOf("Max"), accept }),
    ["not-presenter", "ok", "not-presenter"],
  ]),
  [
    "answer who did not ask",
    ({ room, idOf }, seat) =>
      room.presenter.answer(seat, { participant: idOf("Host"), accept: true }),
    ["not-presenter", "nobody-asked", "not-presenter"],
  ],
  ...([["Max", "ok"], ["Pia", "you-present"], ["Gone", "away"], [
    "Nobody",
    "no-such-person",
  ]] as const)
    .map(([to, presenters]): typeof TABLE[number] => {
      const others = presenters === "away" || presenters === "no-such-person"
        ? presenters
        : "not-presenter";
      return [
        `give the screen to ${to}`,
        ({ room, idOf }, seat) => room.presenter.give(seat, { participant: idOf(to) }),
        [others, presenters, others],
      ];
    }),
  ["mute all", ({ room }, seat) => room.host.mute(seat, {}), ["ok", "not-host", "not-host"]],
  ["unshare", ({ room }, seat) => room.host.endShare(seat, { share: 1 }), [
    "ok",
    "not-host",
    "not-host",
  ]],
  ["lock", ({ room }, seat) => room.host.lock(seat, { on: true }), ["ok", "not-host", "not-host"]],
  ["readmit", ({ room }, seat) => room.host.readmit(seat, { name: "X" }), [
    "no-such-person",
    "not-host",
    "not-host",
  ]],
  ...(["mute", "remove", "give"] as const).flatMap((what) =>
    (["Host", "Pia", "Max", "Gone", "Nobody"] as const).map((whom): typeof TABLE[number] => {
      const outcome = whom === "Nobody"
        ? "no-such-person"
        : whom === "Gone" && what !== "remove"
        ? "away"
        : whom === "Host" && what === "remove"
        ? "self"
        : "ok";
      return [
        `${what} ${whom}`,
        ({ room, idOf }, seat) => room.host[what](seat, { participant: idOf(whom) }),
        [outcome, "not-host", "not-host"],
      ];
    })
  ),
];

for (const [name, act, outcomes] of TABLE) {
  Deno.test(`Room: ${name}: host ${outcomes[0]}, presenter ${outcomes[1]}, anybody else ${outcomes[2]}`, () => {
    const seen = ["Host", "Pia", "Max"].map((actor) => {
      const all = scene();
      const before = everything(all);
      const outcome = attempt(() => act(all, all.people[actor].seat));
      if (outcome !== "ok") deepStrictEqual(everything(all), before, "a refusal changes nothing");
      return outcome;
    });
    deepStrictEqual(seen, outcomes);
  });
}

function everything({ room, people }: Scene) {
  return {
    share: room.presenter.share,
    host: room.host.host?.name,
    isLocked: room.host.isLocked,
    microphones: Object.values(people).map(({ seat }) => seat.presence?.microphone),
    names: room.participants.map(({ name }) => name),
  };
}

function attempt(run: () => void): string {
  try {
    run();
    return "ok";
  } catch (thrown) {
    ok(thrown instanceof Refusal, `${thrown}`);
    ok(/^[A-Z].*[^.]$/.test(thrown.message), thrown.message);
    return thrown.code;
  }
}

Deno.test("Room: a refusal to present names who presents", () => {
  const { room, people } = scene();
  throws(() => room.presenter.request(people.Max.seat), { holder: "Pia", message: /^Pia is/ });
  throws(() => room.host.lock(people.Max.seat, { on: true }), { message: /that is Host$/ });
});

Deno.test("Room: the first in is the host, then who has been here longest; never somebody away", () => {
  const { room, timers } = open();
  const [ann, bob, cid] = ["Ann", "Bob", "Cid"].map((name) => enter(room, name));
  strictEqual(cid.link.takeOne("room").host, ann.seat.id);
  room.lose(bob.seat, bob.link);
  room.leave(ann.seat, ann.link);
  strictEqual(room.host.host, cid.seat);
  const { resume } = bob.link.takeOne("welcome");
  enter(room, "Bob", { resume });
  strictEqual(room.host.host, cid.seat, "who took it keeps it");
  room.host.give(cid.seat, { participant: bob.seat.id });
  strictEqual(room.host.host, bob.seat);
  strictEqual(cid.link.take("room").at(-1)?.host, bob.seat.id);
  timers.advance(SEAT_KEPT_MS);
  strictEqual(room.host.host, bob.seat);
});

Deno.test("Room: a host who lost the connection keeps the role while on the list, and gets it back with the seat", () => {
  const { room, timers } = open();
  const [ann, bob] = ["Ann", "Bob"].map((name) => enter(room, name));
  const { resume } = ann.link.takeOne("welcome");
  room.lose(ann.seat, ann.link);
  timers.advance(AWAY_SHOWN_MS - 1);
  strictEqual(room.host.host, ann.seat);
  timers.advance(1);
  strictEqual(room.host.host, bob.seat);
  const back = enter(room, "Ann", { resume });
  strictEqual(room.host.host, ann.seat);
  room.lose(back.seat, back.link);
  timers.advance(SEAT_KEPT_MS);
  strictEqual(room.host.host, bob.seat);
  enter(room, "Ann");
  strictEqual(room.host.host, bob.seat, "a new seat has no claim");
});

Deno.test("Room: with an owner PIN who shows it is the host, also in a locked room; without such a person nobody", () => {
  const { room } = open(OWNER);
  const ann = enter(room, "Ann");
  strictEqual(ann.link.takeOne("room").host, undefined);
  const olga = enter(room, "Olga", { isOwner: true });
  room.host.lock(olga.seat, { on: true });
  throws(() => enter(room, "Bob"), { code: "locked" });
  const oleg = enter(room, "Oleg", { isOwner: true });
  strictEqual(room.host.host, oleg.seat);
  room.leave(oleg.seat, oleg.link);
  strictEqual(room.host.host, olga.seat);
  room.leave(olga.seat, olga.link);
  deepStrictEqual([room.host.host, room.host.isLocked], [undefined, false]);
  deepStrictEqual(ann.link.take("room").at(-1), { type: "room", host: undefined, locked: false });
  enter(room, "Bob");
});

Deno.test("Room: a locked room lets nobody new in, and who has a seat back", () => {
  const { room } = open();
  const [ann, bob] = ["Ann", "Bob"].map((name) => enter(room, name));
  room.host.lock(ann.seat, { on: true });
  strictEqual(bob.link.take("room").at(-1)?.locked, true);
  const { resume } = enter(room, "Bob", { resume: bob.seat.token }).link.takeOne("welcome");
  throws(() => enter(room, "Cid"), { name: "Refusal", code: "locked" });
  ok(resume);
  room.host.lock(ann.seat, { on: false });
  enter(room, "Cid");
});

Deno.test("Room: who was removed stays out, by name and by address, until the host lets them in or the room is empty", () => {
  const { room } = open();
  const at = (address: string) => ({ address });
  const ann = enter(room, "Ann", at("192.0.2.1"));
  const eve = enter(room, "Eve", at("192.0.2.66"));
  const bot = enter(room, "Bot", at("127.0.0.1"));
  const { resume } = eve.link.takeOne("welcome");
  for (const { seat } of [eve, bot]) room.host.remove(ann.seat, { participant: seat.id });
  strictEqual(eve.link.ended, "removed");
  deepStrictEqual(ann.link.take("room.removed").at(-1)?.names, ["Eve", "Bot"]);
  throws(() => enter(room, "Eve", { resume, ...at("192.0.2.66") }), { code: "removed" });
  throws(() => enter(room, "EVE", at("192.0.2.9")), { code: "removed" });
  throws(() => enter(room, "Mallory", at("192.0.2.66")), { code: "removed" });
  throws(() => enter(room, "Bot", at("192.0.2.7")), { code: "removed" });
  enter(room, "Other bot", at("127.0.0.1"));
  throws(() => room.host.readmit(ann.seat, { name: "Bob" }), { code: "no-such-person" });
  room.host.readmit(ann.seat, { name: "eve" });
  deepStrictEqual(ann.link.take("room.removed").at(-1)?.names, ["Bot"]);
  enter(room, "Eve", at("192.0.2.66"));
});

Deno.test("Room remembers so many who were removed: the limit, one under and one over", () => {
  const { room } = open();
  const ann = enter(room, "Ann");
  for (let index = 0; index <= REMOVED_MAX; index++) {
    const { seat } = enter(room, `P${index}`);
    room.host.remove(ann.seat, { participant: seat.id });
    if (index === REMOVED_MAX - 1) throws(() => enter(room, "P0"), { code: "removed" });
  }
  enter(room, "P0");
  throws(() => enter(room, "P1"), { code: "removed" });
});

Deno.test("Room: who was muted is not mixed until they, knowing it, switch on again", () => {
  const { room, plane } = open();
  const ann = enter(room, "Ann");
  const bob = enter(room, "Bob", { microphone: true });
  plane.commands.length = 0;
  room.host.mute(ann.seat, { participant: bob.seat.id });
  deepStrictEqual(plane.commands, [
    { do: "source", participant: 2, kind: "microphone", on: false },
  ]);
  deepStrictEqual(bob.link.takeOne("muted"), { type: "muted", mutes: 1, by: "Ann" });
  // What was under way before the word came.
  room.setSource(bob.seat, { kind: "microphone", on: true, mutes: 0 });
  strictEqual(bob.seat.presence?.microphone, false);
  room.lose(bob.seat, bob.link);
  const back = enter(room, "Bob", { resume: bob.seat.token, microphone: true });
  strictEqual(bob.seat.presence?.microphone, false);
  strictEqual(back.link.takeOne("muted").mutes, 1);
  room.setSource(bob.seat, { kind: "microphone", on: true, mutes: 1 });
  strictEqual(bob.seat.presence?.microphone, true);
  room.host.mute(ann.seat, {});
  strictEqual(bob.seat.presence?.microphone, false);
  strictEqual(back.link.takeOne("muted").mutes, 2);
  room.host.mute(ann.seat, {});
  strictEqual(back.link.take("muted").length, 0, "who is silent is not told");
  room.setSource(bob.seat, { kind: "microphone", on: true });
  strictEqual(bob.seat.presence?.microphone, true);
});
