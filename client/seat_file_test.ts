import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { FolderOrigin, type Machine } from "@fusionmeet/places";
import { personAt } from "./person_file.ts";
import { forgetCopiedSeats, SeatFile } from "./seat_file.ts";

const KEY = "ab".repeat(32);
const TOKEN = new Uint8Array(16).fill(7);

function folder(): Disposable & { path: string } {
  const path = Deno.makeTempDirSync();
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

function seatFile(path: string, name = "Ada"): SeatFile {
  return new SeatFile(path, {
    room: "Main",
    name,
    trouble: (thrown) => {
      throw thrown;
    },
  });
}

Deno.test("SeatFile gives a killed program its token back, to its owner alone", async () => {
  using data = folder();
  const killed = seatFile(data.path);
  strictEqual(await killed.load(KEY), undefined);
  killed.save(new Uint8Array(16).fill(1));
  killed.save(TOKEN);
  killed.release();
  const [file] = [...Deno.readDirSync(data.path)];
  strictEqual(Deno.statSync(join(data.path, file.name)).mode! & 0o777, 0o600);
  const again = seatFile(data.path, "ADA");
  deepStrictEqual(await again.load(KEY), TOKEN, "names are the same when folded");
  await again.forget();
  const later = seatFile(data.path);
  strictEqual(await later.load(KEY), undefined);
  await later.forget();
  deepStrictEqual([...Deno.readDirSync(data.path)], []);
});

Deno.test("SeatFile keeps a second program of that name off the seat of one that runs", async () => {
  using data = folder();
  const first = seatFile(data.path);
  await first.load(KEY);
  first.save(TOKEN);
  const second = seatFile(data.path);
  strictEqual(await second.load(KEY), undefined);
  second.save(new Uint8Array(16).fill(1));
  await second.forget();
  first.release();
  const third = seatFile(data.path);
  deepStrictEqual(await third.load(KEY), TOKEN);
  await third.forget();
});

Deno.test("SeatFile keeps seats of other servers, rooms and names apart", async () => {
  using data = folder();
  const seat = seatFile(data.path);
  await seat.load(KEY);
  seat.save(TOKEN);
  seat.release();
  for (const [name, key] of [["Ada", "cd".repeat(32)], ["Bob", KEY]]) {
    const other = seatFile(data.path, name);
    strictEqual(await other.load(key), undefined);
    other.release();
  }
});

Deno.test("SeatFile goes on without a file where there can be none", async () => {
  const troubles: unknown[] = [];
  const seat = new SeatFile("/nonexistent", {
    room: "Main",
    name: "Ada",
    trouble: (thrown) => troubles.push(thrown),
  });
  strictEqual(await seat.load(KEY), undefined);
  seat.save(TOKEN);
  await seat.forget();
  strictEqual(troubles.length, 1);
});

Deno.test("forgetCopiedSeats() leaves the other computer its seats, and this one the rest of its folder", async () => {
  using data = folder();
  using copy = folder();
  const machine = (name: string): Machine => ({ hardware: [name], installation: [] });
  const [here, there] = [data, copy].map(({ path }, index) =>
    new FolderOrigin(path, "client.origin", machine(`card ${index}`))
  );
  const seat = seatFile(data.path);
  await seat.load(KEY);
  seat.save(TOKEN);
  seat.release();
  Deno.writeTextFileSync(join(data.path, "pins.json"), "{}");
  const person = await personAt(data.path, KEY);
  strictEqual(await forgetCopiedSeats(data.path, here), undefined);
  for (const { name } of [...Deno.readDirSync(data.path)]) {
    Deno.writeFileSync(join(copy.path, name), Deno.readFileSync(join(data.path, name)));
  }
  strictEqual(await forgetCopiedSeats(data.path, here), undefined);
  strictEqual(
    /copied from another computer/.test(await forgetCopiedSeats(copy.path, there) ?? ""),
    true,
  );
  strictEqual(await forgetCopiedSeats(copy.path, there), undefined);
  const names = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();
  deepStrictEqual(names(copy.path), ["client.origin", "pins.json"]);
  strictEqual(names(data.path).length, 4);
  deepStrictEqual(await personAt(data.path, KEY), person);
});
