import { deepStrictEqual, ok } from "node:assert/strict";
import { addInto, locateWords } from "../tests/support/audio.ts";
import { writeWav } from "../tests/support/audio_files.ts";
import { writeTestVideo } from "../tests/support/picture_files.ts";
import { run } from "../tests/support/programs.ts";
import { TemporaryDirectory } from "../tests/support/wait.ts";
import { type Attendance, checkMeeting, PROMINENCE_MIN, tableOf } from "./demo_check.ts";
import { CYCLE_SECONDS, DEMO_PEOPLE, type Said, sayCycle } from "./demo_people.ts";

const PEOPLE = DEMO_PEOPLE.slice(0, 3);
const DELAY_SAMPLES = 120 * 48;

/** Writes what three people would record in ten seconds, without a server; `gain` says how loud each reaches each. */
async function attend(
  { folder, cycles, run }: { folder: string; cycles: Said[]; run: string },
  gain: (receiver: string, sender: string) => number,
): Promise<Attendance[]> {
  return await Promise.all(PEOPLE.map(async (person, index) => {
    const recordFolder = `${folder}/${run}-${person.name}`;
    await Deno.mkdir(recordFolder);
    const mix = new Int16Array(10 * 48_000);
    for (const [other, { cycle }] of cycles.entries()) {
      const by = gain(person.name, PEOPLE[other].name);
      const heard = cycle.map((sample) => Math.round(sample * by));
      const startedAt = 48 * 100 * other - 48 * 70 * index + DELAY_SAMPLES;
      for (let turn = 0; turn < 3; turn++) {
        addInto(mix, heard, startedAt + turn * CYCLE_SECONDS * 48_000);
      }
    }
    await writeWav(`${recordFolder}/mix.wav`, mix);
    const others = PEOPLE.filter((each) => each !== person);
    const streams = others.map(({ name }) => ({ participant: name, kind: "camera", delayMs: 90 }));
    const statistics = {
      micStartedAt: 1e12 + 100 * index,
      mixStartedAt: 1e12 + 70 * index,
      streams,
    };
    await Deno.writeTextFile(`${recordFolder}/stats.json`, JSON.stringify(statistics));
    for (const { name } of others) {
      await Deno.copyFile(`${folder}/${name}.h264`, `${recordFolder}/${name}.camera.h264`);
    }
    return { person, said: cycles[index], recordFolder };
  }));
}

Deno.test("checkMeeting() finds nothing in good recordings, and each fault in its row", async () => {
  await using directory = new TemporaryDirectory();
  const folder = directory.path;
  const cycles = await Promise.all(PEOPLE.map(sayCycle));
  for (const { name, video } of PEOPLE) {
    const path = `${folder}/${name}.mkv`;
    await writeTestVideo(path, video, { frames: 45, fps: 30 });
    await run("ffmpeg", [..."-v error -i".split(" "), path, `${folder}/${name}.h264`]);
  }
  const wrongRows = async (people: Attendance[]) => {
    const rows = await checkMeeting(people, 1e12 + 100);
    const wrong = rows.filter((row) => row.wrong);
    return { wrong: wrong.map((row) => `${row.receiver} ${row.sender} ${row.wrong}`), rows };
  };
  const good = await attend({ folder, cycles, run: "good" }, (a, b) => a === b ? 0 : 1);
  const { wrong, rows } = await wrongRows(good);
  deepStrictEqual(wrong, [], tableOf(rows));

  const gains: Record<string, number> = { "Ann Ben": 0, "Ben Ann": 0.8, "Cleo Ben": 1.3 };
  const bad = await attend(
    { folder, cycles, run: "bad" },
    (a, b) => gains[`${a} ${b}`] ?? (a === b ? (a === "Cleo" ? 0.1 : 0) : 1),
  );
  // Cleo is heard as loud as ever, and not with what she is said to have said.
  const words = "Where did the yellow lorry go when all the children had left?";
  bad[2] = { ...bad[2], said: await sayCycle({ ...PEOPLE[2], words }) };
  await Deno.remove(`${bad[0].recordFolder}/Cleo.camera.h264`);
  await Deno.copyFile(
    `${bad[0].recordFolder}/Ben.camera.h264`,
    `${bad[1].recordFolder}/Ann.camera.h264`,
  );
  const found = await wrongRows(bad);
  deepStrictEqual(found.wrong, [
    "Ann Ben not heard",
    "Ann Cleo other words than were said",
    "Ann Cleo no pictures",
    "Ben Ann too soft",
    "Ben Cleo other words than were said",
    "Ben Ann somebody else's pictures",
    "Cleo Ben too loud",
    "Cleo Cleo hears themselves",
  ], tableOf(found.rows));
});

Deno.test("locateWords() tells a voice among three others from one that is not there, also with pieces missing", async () => {
  const said = await Promise.all(DEMO_PEOPLE.map(sayCycle));
  const prominences: { right: number[]; wrong: number[] } = { right: [], wrong: [] };
  for (const index of [1, 3]) {
    const { turnAtSeconds } = DEMO_PEOPLE[index];
    // All of it is said over one other voice or two; and each is a little late, another time by another time.
    const mix = new Int16Array(4 * 48_000);
    const from = turnAtSeconds * 48_000 + 12_000;
    const part = (cycle: Int16Array, late: number, count: number) =>
      Int16Array.from(
        { length: count },
        (_, at) => cycle[(from + at - late + cycle.length) % cycle.length],
      );
    const lateSamples = 7_000 + 1_111 * index;
    said.forEach(({ cycle }, other) =>
      addInto(mix, part(cycle, other === index ? lateSamples : 900 * other, mix.length))
    );
    const words = part(said[index].words, 0, 3 * 48_000);
    const holes = mix.slice();
    for (let at = 3_000; at < holes.length; at += 9_600) holes.fill(0, at, at + 960);
    for (const heard of [mix, holes]) {
      const found = locateWords(words, heard);
      ok(Math.abs(found.at - lateSamples) < 2, `${found.at} samples, not ${lateSamples}`);
      prominences.right.push(found.prominence);
      prominences.wrong.push(locateWords(words.toReversed(), heard).prominence);
    }
    // Two times 20 ms too much, as after a hold-up.
    const stretched = mix.slice();
    for (const at of [60_000, 120_000]) stretched.copyWithin(at + 960, at, stretched.length - 960);
    prominences.right.push(locateWords(words, stretched).prominence);
  }
  const [right, wrong] = [Math.min(...prominences.right), Math.max(...prominences.wrong)];
  const figures = `at least ${right.toFixed(1)} where they are, at most ${wrong.toFixed(1)} else`;
  ok(right > 1.5 * PROMINENCE_MIN && wrong < PROMINENCE_MIN / 1.3, figures);
});
