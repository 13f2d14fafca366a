import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  cacheFolder,
  contentFolder,
  contentPath,
  dataFolder,
  isBundled,
  programFolder,
  settingsFile,
  userFolder,
} from "./places.ts";

async function withFolder(test: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync();
  try {
    await test(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("In a checkout everything is where it is made, below the top of the sources", () => {
  const top = join(fileURLToPath(import.meta.url), "..", "..", "..");
  deepStrictEqual([programFolder(), contentFolder(), isBundled()], [top, top, false]);
  strictEqual(contentPath({ checkout: "dist/page", bundle: "page" }), join(top, "dist", "page"));
});

Deno.test("userFolder() is where programs keep their files on each system", () => {
  const variables = (values: Record<string, string>) => (name: string) => values[name];
  const home = variables({ HOME: "/home/ada" });
  strictEqual(userFolder("linux", home), "/home/ada/.local/share/fusionmeet");
  const data = variables({ HOME: "/home/ada", XDG_DATA_HOME: "/data" });
  strictEqual(userFolder("linux", data), "/data/fusionmeet");
  strictEqual(userFolder("darwin", home), "/home/ada/Library/Application Support/FusionMeet");
  const windows = variables({ USERPROFILE: "C:/Ada", APPDATA: "C:/Ada/Roaming" });
  strictEqual(userFolder("windows", windows), "C:/Ada/Roaming/FusionMeet");
});

Deno.test("cacheFolder() is where programs keep what they can make again", () => {
  const on = (os: typeof Deno.build.os, variables: Record<string, string>) =>
    cacheFolder(os, (name) => variables[name]).replaceAll("\\", "/");
  strictEqual(on("linux", { HOME: "/home/ada" }), "/home/ada/.cache/fusionmeet");
  strictEqual(on("linux", { HOME: "/home/ada", XDG_CACHE_HOME: "/c" }), "/c/fusionmeet");
  strictEqual(on("darwin", { HOME: "/home/ada" }), "/home/ada/Library/Caches/FusionMeet");
  const local = { USERPROFILE: "C:/Ada", LOCALAPPDATA: "C:/Ada/Local" };
  strictEqual(on("windows", local), "C:/Ada/Local/FusionMeet/cache");
  const profile = { USERPROFILE: "C:/Ada" };
  strictEqual(on("windows", profile), "C:/Ada/AppData/Local/FusionMeet/cache");
});

Deno.test("dataFolder() makes the folder asked for, or says why not", () =>
  withFolder((folder) => {
    const asked = join(folder, "a", "b");
    const { path, place, sentence } = dataFolder(asked);
    deepStrictEqual([path, place, sentence], [asked, "asked", `Data folder: ${asked}`]);
    deepStrictEqual([...Deno.readDirSync(asked)], []);
    Deno.writeTextFileSync(join(folder, "file"), "");
    throws(() => dataFolder(join(folder, "file")), /Cannot write to the folder/);
  }));

Deno.test("dataFolder() is beside the program, else the user's, else nowhere; and says which", () =>
  withFolder((folder) => {
    Deno.writeTextFileSync(join(folder, "file"), "");
    const [program, user, nowhere] = ["p", "u", "file/x"].map((name) => join(folder, name));
    const beside = dataFolder(undefined, { program, user });
    deepStrictEqual([beside.path, beside.place], [program, "program"]);
    const users = dataFolder(undefined, { program: nowhere, user });
    deepStrictEqual([users.path, users.place], [user, "user"]);
    match(users.sentence, /^Data folder: .*\/u \(Cannot write to the folder .*\/file\/x: .+\)$/);
    throws(() => dataFolder(undefined, { program: nowhere, user: nowhere }), /Cannot write to/);
  }));

Deno.test("settingsFile() is beside the program where it is or can be, else in the user's folder", () =>
  withFolder((folder) => {
    Deno.writeTextFileSync(join(folder, "file"), "");
    const [program, user] = [join(folder, "p"), join(folder, "u")];
    strictEqual(settingsFile("a.json", { program, user }), join(program, "a.json"));
    const readOnly = { program: join(folder, "file", "x"), user };
    strictEqual(settingsFile("a.json", readOnly), join(user, "a.json"));
  }));
