import { messageOf } from "@fusionmeet/base";
import { type FoundServer, ServerFinder } from "@fusionmeet/discovery";
import { lanInterfaces, pause, systemRandom, systemTimers } from "@fusionmeet/net";
import { fingerprintWords } from "@fusionmeet/protocol";
import { PinStore } from "@fusionmeet/store";
import { EXIT } from "./failures.ts";
import type { Output } from "./headless.ts";
import { typedAddress } from "./nearby.ts";
import { type ListOptions, UsageError } from "./options.ts";
import { pinsPathIn } from "./places.ts";
import { leaveOnSignals } from "./signals.ts";

/** Servers that are there have answered by then. */
const SECONDS_DEFAULT = 3;

/**
 * Prints which servers are on this computer's networks, as they come, change and go, and ends: for scripts and bots.
 *
 * @returns the exit code: 3 where there was none.
 */
export async function listServers(
  { seconds = SECONDS_DEFAULT }: ListOptions,
  { folder, output }: { folder: string; output: Output },
): Promise<number> {
  const pins = await PinStore.open(pinsPathIn(folder)).catch((thrown) => {
    throw new UsageError(messageOf(thrown), { cause: thrown });
  });
  let listed = new Map<string, FoundServer>();
  let foundCount = 0;
  const finder = new ServerFinder({
    ...{ timers: systemTimers, random: systemRandom },
    links: () => lanInterfaces(),
    isKnown: (fingerprint) => pins.knows(fingerprint),
    onProblem: ({ network, state }) =>
      output.problem(`Cannot look for servers on ${network}: ${state}`),
    onChange: () => {
      const now = new Map(finder.servers.map((server) => [server.fingerprint, server]));
      for (const { state, server } of differences(listed, now)) {
        if (state === "found") foundCount++;
        output.report({ event: "server", state, ...reportOf(server) });
        output.sentence(sentenceOf(state, server));
      }
      listed = now;
    },
  });
  const stop = new AbortController();
  const release = leaveOnSignals(() => stop.abort());
  await pause(seconds * 1000, { timers: systemTimers, signal: stop.signal });
  release();
  await finder.close();
  if (foundCount > 0) return EXIT.asked;
  output.problem(
    "No server was found on this network.\n" +
      "Check that fusionmeet-server is running and that both computers are in the same network; " +
      "joining with --server and the address that it prints works without being found.",
  );
  return EXIT.unreachable;
}

type Change = "found" | "changed" | "gone";

function differences(
  before: ReadonlyMap<string, FoundServer>,
  now: ReadonlyMap<string, FoundServer>,
): { state: Change; server: FoundServer }[] {
  const gone = [...before.values()].filter(({ fingerprint }) => !now.has(fingerprint))
    .map((server) => ({ state: "gone" as const, server }));
  const others = [...now.values()].flatMap((server) => {
    const old = before.get(server.fingerprint);
    const isSame = JSON.stringify(old) === JSON.stringify(server);
    const state: Change = old === undefined ? "found" : "changed";
    return isSame ? [] : [{ state, server }];
  });
  return [...gone, ...others];
}

function reportOf(server: FoundServer): Record<string, unknown> {
  const { fingerprint, name, version, rooms, people, endpoints, isKnown } = server;
  return {
    ...{ name, address: typedAddress(endpoints[0]), addresses: endpoints.map(typedAddress) },
    ...{ rooms, people, known: isKnown, version, fingerprint },
    words: fingerprintWords(fingerprint),
  };
}

function sentenceOf(state: Change, server: FoundServer): string {
  const { name, endpoints, people = 0, isKnown } = server;
  const where = endpoints.map(typedAddress).join(", ");
  const who = people === 1 ? "1 person" : `${people} people`;
  if (state === "gone") return `${name} is gone`;
  return `${name} at ${where}: ${who} there, ${isKnown ? "known" : "not known yet"}`;
}
