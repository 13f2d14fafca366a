import { deepStrictEqual } from "node:assert/strict";
import { addInto } from "../tests/support/audio.ts";
import { writeWav } from "../tests/support/audio_files.ts";
import { writeTestVideo } from "../tests/support/picture_files.ts";
import { run } from "../tests/support/programs.ts";
import { TemporaryDirectory } from "../tests/support/wait.ts";
import { type Attendance, checkMeeting, tableOf } from "./demo_check.ts";
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
  await Deno.remove(`${bad[0].recordFolder}/Cleo.camera.h264`);
  await Deno.copyFile(
    `${bad[0].recordFolder}/Ben.camera.h264`,
    `${bad[1].recordFolder}/Ann.camera.h264`,
  );
  const found = await wrongRows(bad);
  deepStrictEqual(found.wrong, [
    "Ann Ben not heard",
    "Ann Cleo no pictures",
    "Ben Ann too soft",
    "Ben Ann somebody else's pictures",
    "Cleo Ben too loud",
    "Cleo Cleo hears themselves",
  ], tableOf(found.rows));
});
