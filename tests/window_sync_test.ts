/**
 * Sound and picture of one person come together, from a screen and a speaker, in both engines: what is seen is filmed,
 * what is heard is recorded, and both are held against when they were captured.
 */
import { ok } from "node:assert/strict";
import { buildPage } from "../tools/build_page.ts";
import { launchClient, startServer } from "./support/programs.ts";
import { TemporaryDirectory, until } from "./support/wait.ts";
import {
  ENGINES,
  findWitness,
  SKEW_MS,
  WindowSeat,
  type WitnessDelays,
  witnessDelays,
} from "./support/window_seat.ts";
import { Witness } from "./support/witness.ts";

const WITNESS = { name: "Cyd", source: 3, width: 320, height: 240 };
/** Of each film; in half of it, at least, there is a picture of the witness every 100 ms. */
const FILM_SECONDS = 4;
const PICTURES_MIN = FILM_SECONDS * 5;
/** `LipSync` moves the pictures in small steps: so long it may take from a start on a busy machine. */
const SETTLED_MS_MAX = 60_000;

Deno.test({
  name: `sound and picture come within ${SKEW_MS.min}..${SKEW_MS.max} ms`,
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (t) => {
    await buildPage();
    await using directory = new TemporaryDirectory();
    await using server = await startServer({ data: directory.file("server") });
    await using witness = await Witness.start({ ...WITNESS, server, directory, seconds: 150 });
    await using viewer = launchClient({ name: "Viewer", server });
    const { ssrc } = await viewer.waitFor(({ event, participant }) =>
      event === "stream" && participant === WITNESS.name
    );
    // Its tile would make the others smaller.
    await viewer.stop();
    for (const engine of ENGINES) {
      await t.step(engine, async () => {
        const sources = { mic: "silence", camera: "off", tiles: 1 };
        await using seat = await WindowSeat.take(engine, server, directory, sources);
        const place = await findWitness(seat.display, WITNESS.source);
        await using listener = seat.sound.listen("speaker");
        const measured: string[] = [];
        const isTogether = async () => {
          const delays = await witnessDelays(seat, {
            ...{ witness, ssrc, place, listener, seconds: FILM_SECONDS },
          });
          measured.push(wordsOf(delays));
          return delays.picturesMs.length >= PICTURES_MIN &&
            delays.skewMs >= SKEW_MS.min && delays.skewMs <= SKEW_MS.max;
        };
        try {
          await until("sound and picture together", isTogether, { timeoutMs: SETTLED_MS_MAX });
        } catch (thrown) {
          throw new Error(measured.join("\n"), { cause: thrown });
        }
        // And they stay so.
        ok(await isTogether() || await isTogether(), measured.join("\n"));
      });
    }
  },
});

function wordsOf({ picturesMs, voiceMs, skewMs }: WitnessDelays): string {
  const median = picturesMs[picturesMs.length >> 1]?.toFixed(0);
  return `${picturesMs.length} pictures ${median} ms late, voice ${voiceMs.toFixed(0)} ms, skew ${
    skewMs.toFixed(0)
  } ms`;
}
