import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { join } from "node:path";
import {
  dataFolder,
  lastMeeting,
  RECENT_SERVERS_MAX,
  remembered,
  rememberMeeting,
  rememberTheme,
  userFolder,
} from "./places.ts";

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

Deno.test("dataFolder() makes the folder asked for, or says why not", () => {
  const directory = Deno.makeTempDirSync();
  try {
    const asked = join(directory, "a", "b");
    strictEqual(dataFolder(asked), asked);
    deepStrictEqual([...Deno.readDirSync(asked)], []);
    Deno.writeTextFileSync(join(directory, "file"), "");
    throws(() => dataFolder(join(directory, "file")), /Cannot write to the folder/);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("lastMeeting() gives what rememberMeeting() kept, and nothing where that is damaged", () => {
  const directory = Deno.makeTempDirSync();
  try {
    strictEqual(lastMeeting(directory), undefined);
    const meeting = { server: "[::1]:70", name: "Zoë", room: "Main" };
    rememberMeeting(directory, meeting);
    deepStrictEqual(lastMeeting(directory), meeting);
    for (const text of ["{", '{"server": 1}', "[]", "null"]) {
      Deno.writeTextFileSync(join(directory, "settings.json"), text);
      strictEqual(lastMeeting(directory), undefined, text);
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("remembered() keeps what is not said anew, and the latest servers", () => {
  const directory = Deno.makeTempDirSync();
  try {
    deepStrictEqual(remembered(directory).servers, []);
    const names = Array.from({ length: RECENT_SERVERS_MAX + 1 }, (_, index) => `host${index}`);
    for (const server of names) {
      rememberMeeting(directory, { server, name: "Ada", room: "Lab", camera: false });
    }
    rememberMeeting(directory, { server: "host3", name: "Ada", room: "Lab" });
    const { camera, microphone, server, servers } = remembered(directory);
    deepStrictEqual([camera, microphone, server], [false, undefined, "host3"]);
    deepStrictEqual(servers, ["host3", "host5", "host4", "host2", "host1"]);
    rememberTheme(directory, "dark");
    deepStrictEqual([remembered(directory).theme, remembered(directory).server], ["dark", "host3"]);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
