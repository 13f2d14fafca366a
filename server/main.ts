import { readFileSync } from "node:fs";
import { messageOf } from "@fusionmeet/base";
import {
  type DataFolder,
  dataFolder,
  LogFile,
  print,
  printProblem,
  settingsFile,
  STOP_SIGNALS,
} from "@fusionmeet/places";
import { isLoopback } from "@fusionmeet/net";
import { fingerprintWords } from "@fusionmeet/protocol";
import { type Invocation, parseConfig, type ServerConfig, UsageError } from "./config.ts";
import { invitationsOf } from "./invitation.ts";
import { ServerLog } from "./log.ts";
import { qrLines } from "./qr_code.ts";
import { type RunningServer, startServer } from "./start.ts";

/** Statistics are logged this often (with `--json`). */
const STATISTICS_INTERVAL_MS = 10_000;

const EXIT = { asked: 0, failed: 1, usage: 2 } as const;

async function main(): Promise<number> {
  let invocation: Invocation;
  try {
    invocation = parseConfig(Deno.args, {
      environment: Deno.env.toObject(),
      settingsPath: settingsFile("fusionmeet-server.json"),
      readTextFile: readTextFileIfThere,
    });
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    printProblem(`fusionmeet-server: ${thrown.message}`);
    return EXIT.usage;
  }
  if (invocation.do === "print") {
    print(invocation.text);
    return EXIT.asked;
  }
  return await run(invocation.config);
}

async function run(config: ServerConfig): Promise<number> {
  // From here on a signal ends it in order, however early it comes.
  const stopped = nextSignal();
  let folder: DataFolder;
  let log: ServerLog;
  let server: RunningServer;
  try {
    folder = dataFolder(config.data);
    log = openLog(folder.path, config);
    server = await startServer(config, { folder: folder.path, log });
  } catch (thrown) {
    printProblem(`fusionmeet-server: ${messageOf(thrown)}`);
    return EXIT.failed;
  }
  outliveMistakes(log);
  sayReady(server, { config, folder });
  const timer = config.json
    ? setInterval(() => {
      if (server.control.rooms.count > 0) void logStatistics(server, log);
    }, STATISTICS_INTERVAL_MS)
    : undefined;
  const failure = await Promise.race([stopped, server.failed]);
  clearInterval(timer);
  if (config.json && failure === undefined) await logStatistics(server, log);
  log.event("stopping", { failure });
  await server.close(failure === undefined ? "The server was stopped" : "The server cannot go on");
  return failure === undefined ? EXIT.asked : EXIT.failed;
}

/** To the terminal, and to a file for whoever looks later. */
function openLog(folder: string, { json }: ServerConfig): ServerLog {
  const file = new LogFile(folder, "fusionmeet-server.log");
  const toTerminal = json ? print : printProblem;
  const write = (line: string) => {
    toTerminal(line);
    file.write(line);
  };
  return new ServerLog({ json, write, epochMs: Date.now });
}

function sayReady(
  server: RunningServer,
  { config, folder }: { config: ServerConfig; folder: DataFolder },
): void {
  const { port, mediaPort, fingerprint, addresses, name, isAnnounced } = server;
  const invitations = invitationsOf({ port, fingerprint, addresses: server.linkAddresses });
  const [{ link, page }] = invitations;
  if (config.json) {
    const data = folder.path;
    const ready = { port, mediaPort, fingerprint, addresses, data, name, link, page };
    print(JSON.stringify({ event: "ready", ...ready }));
    return;
  }
  const reachable = addresses.map((address) => address.includes(":") ? `[${address}]` : address);
  print([
    "FusionMeet server is ready. People on this network join it at:",
    ...reachable.map((address) => `  ${address}:${port}`),
    "or by a link, which also vouches for this server:",
    ...invitations.map(({ link }) => `  ${link}`),
    ...(isAnnounced ? [`They find it in their list of servers as ${name}.`] : []),
    `Voice and pictures: UDP port ${mediaPort}.${
      config.pin === undefined ? "" : " A PIN is asked for."
    }`,
    `Fingerprint: ${fingerprint}`,
    `  in words: ${fingerprintWords(fingerprint).join(" ")}`,
    folder.sentence,
    ...(isLoopback(server.linkAddresses[0]) ? [] : [
      `How to join, for a phone's camera or a browser: ${page}`,
      ...qrLines(page, { colors: Deno.stdout.isTerminal() }),
    ]),
    "Stop it with Ctrl-C.",
  ].join("\n"));
}

async function logStatistics({ plane, control }: RunningServer, log: ServerLog): Promise<void> {
  try {
    const { counters: media, ...rest } = await plane.statistics();
    log.event("statistics", {
      rooms: control.rooms.count,
      seats: control.rooms.seatCount,
      connections: control.connectionCount,
      control: control.counters.snapshot(),
      media,
      ...rest,
    });
  } catch (thrown) {
    log.event("no-statistics", { state: messageOf(thrown) });
  }
}

/** A mistake of ours that nobody caught costs what it was about, not the meetings of everybody else. */
function outliveMistakes(log: ServerLog): void {
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    log.mistake("Nobody caught", event.error);
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.mistake("Nobody caught", event.reason);
  });
}

/** Resolves when the operator or the system wants the server to end; a closed console wants that, too. */
function nextSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of STOP_SIGNALS) Deno.addSignalListener(signal, () => resolve(undefined));
  });
}

function readTextFileIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    if ((thrown as { code?: string }).code === "ENOENT") return undefined;
    throw thrown;
  }
}

Deno.exit(await main());
