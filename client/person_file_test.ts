import { deepStrictEqual, notDeepStrictEqual, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { PERSON_BYTES } from "@fusionmeet/protocol";
import { PERSON_FILE, personAt } from "./person_file.ts";

const [HERE, THERE] = ["ab", "cd"].map((byte) => byte.repeat(32));

Deno.test("personAt() is the same for one folder and server, and another one for any other", async () => {
  const folders = await Promise.all([Deno.makeTempDir(), Deno.makeTempDir()]);
  try {
    const person = await personAt(folders[0], HERE);
    strictEqual(person.length, PERSON_BYTES);
    deepStrictEqual(await personAt(folders[0], HERE), person);
    notDeepStrictEqual(await personAt(folders[0], THERE), person);
    notDeepStrictEqual(await personAt(folders[1], HERE), person);
    const path = join(folders[0], PERSON_FILE);
    if (Deno.build.os !== "windows") strictEqual((await Deno.stat(path)).mode! & 0o777, 0o600);
    await Deno.writeFile(path, new Uint8Array());
    notDeepStrictEqual(await personAt(folders[0], HERE), person, "an empty secret is not used");
  } finally {
    for (const folder of folders) await Deno.remove(folder, { recursive: true });
  }
});
