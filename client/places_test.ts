import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import {
  lastMeeting,
  RECENT_SERVERS_MAX,
  remembered,
  rememberMeeting,
  rememberTheme,
} from "./places.ts";

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
