import { hostname } from "node:os";
import { every } from "@fusionmeet/base";
import { ServerAnnouncer, shownName } from "@fusionmeet/discovery";
import { lanInterfaces, systemRandom, systemTimers } from "@fusionmeet/net";
import { type Fingerprint, PROGRAM_VERSION } from "@fusionmeet/protocol";
import type { ServerConfig } from "./config.ts";
import type { ServerLog } from "./log.ts";
import type { Rooms } from "./rooms.ts";

/** Rooms and people are counted so often; others are told when the numbers are others. */
const COUNT_INTERVAL_MS = 1_000;

/** What people call this server: what the operator says, else the name of its computer. */
export function serverName({ serverName }: Pick<ServerConfig, "serverName">): string {
  return shownName(serverName ?? hostname().split(".")[0]);
}

/**
 * Announces the server on its networks until it is closed. Where that does not work the log says so; the server goes on.
 * One that only its own computer reaches is not announced.
 */
export function announceServer(
  config: ServerConfig,
  { fingerprint, port, rooms, log }: {
    fingerprint: Fingerprint;
    port: number;
    rooms: Rooms;
    log: ServerLog;
  },
): { close(): Promise<void> } {
  const stop = new AbortController();
  const announcer = new ServerAnnouncer({
    ...{ fingerprint, port, name: serverName(config), version: PROGRAM_VERSION },
    ...countsOf(rooms),
  }, {
    timers: systemTimers,
    random: systemRandom,
    links: () => lanInterfaces(config.host),
    onProblem: ({ network, state }) =>
      log.event("not-announced", {
        network,
        state: `Cannot announce this server on ${network}: ${state}. ` +
          "Where its name is not listed, people type its address",
      }),
  });
  every(COUNT_INTERVAL_MS, () => announcer.update(countsOf(rooms)), {
    timers: systemTimers,
    signal: stop.signal,
  });
  return {
    close: async () => {
      stop.abort();
      await announcer.close();
    },
  };
}

/** Rooms with somebody in them, and how many people that is. */
function countsOf(rooms: Rooms): { rooms: number; people: number } {
  const counts = [...rooms].map(({ participants }) => participants.length)
    .filter((count) => count > 0);
  return { rooms: counts.length, people: counts.reduce((sum, count) => sum + count, 0) };
}
