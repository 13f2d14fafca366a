import { strictEqual, throws } from "node:assert/strict";
import { ROOMS_PER_ADDRESS_MAX, SEATS_PER_ADDRESS_MIN } from "@fusionmeet/protocol";
import { Rooms } from "./rooms.ts";
import { FakeLink, fakeParts } from "./test_support.ts";

/** Gives a way to join from an address under a new name each time. */
function openRooms(participantsMax: number) {
  const rooms = new Rooms(fakeParts({ participantsMax }));
  let count = 0;
  const enter = (address: string, room = "Main") =>
    rooms.enter(room, {
      name: `P${++count}`,
      address,
      link: new FakeLink(),
      microphone: false,
    });
  return { rooms, enter };
}

Deno.test("Rooms.enter(): one address has half of a room at most, the others the rest", () => {
  const { enter } = openRooms(40);
  const { room, seat } = enter("10.0.0.6");
  for (let seats = 1; seats < 20; seats++) enter("10.0.0.6");
  throws(() => enter("10.0.0.6"), { code: "full", message: /20 of the room's 40/ });
  for (let seats = 0; seats < 19; seats++) enter("10.0.0.7");
  enter("10.0.0.8");
  throws(() => enter("10.0.0.9"), { code: "full", message: /is full/ });
  room.leave(seat, seat.presence!.link);
  enter("10.0.0.6");
});

Deno.test("Rooms.enter(): a small room has no shares, and the server's own machine none anywhere", () => {
  const { enter } = openRooms(SEATS_PER_ADDRESS_MIN);
  for (let seats = 0; seats < SEATS_PER_ADDRESS_MIN; seats++) enter("10.0.0.6");
  const { enter: enterLarge } = openRooms(100);
  for (let seats = 0; seats < 100; seats++) enterLarge("127.0.0.1");
});

Deno.test("Rooms.enter(): one address opens so many rooms at most, and comes into those that are open", () => {
  const { rooms, enter } = openRooms(100);
  for (let index = 0; index < ROOMS_PER_ADDRESS_MAX; index++) enter("10.0.0.6", `Room ${index}`);
  throws(() => enter("10.0.0.6", "One more"), { code: "rooms-full" });
  enter("10.0.0.7", "One more");
  enter("10.0.0.6", "One more");
  strictEqual(rooms.count, ROOMS_PER_ADDRESS_MAX + 1);
});
