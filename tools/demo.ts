/**
 * `deno task demo [--check]`: a server and four headless people who talk in turns and show test pictures, in
 * temporary folders, until Ctrl-C. With `--check` they record ten seconds; a table says who heard and saw whom,
 * and the exit code is 1 if a row is wrong.
 */
import {
  ClientProgram,
  launchClient,
  type ServerProgram,
  startServer,
} from "../tests/support/programs.ts";
import { passRealTime, TemporaryDirectory, until } from "../tests/support/wait.ts";
import { type Attendance, checkMeeting, type Row, tableOf } from "./demo_check.ts";
import {
  DEMO_PEOPLE,
  type DemoPerson,
  sayCycle,
  writePictures,
  writeVoice,
} from "./demo_people.ts";

const CHECK_SECONDS = 10;
/**
 * Five programs that start at once on one machine stall each other, and the buffers remember for ten seconds how late
 * voice can be. What is judged begins when all voices are this quick, and at the latest after `SETTLE_MS_MAX`.
 */
const SETTLED_DELAY_MS = 250;
const SETTLE_MS_MAX = 25_000;
const FILE_SECONDS = 60;
const DEMO_SECONDS = 600;

/** What goes wrong on purpose, for the check's own test. */
export interface DemoFaults {
  /** That person's microphone is off. */
  readonly muted?: string;
  /** That person's camera is off. */
  readonly cameraOff?: string;
  /** Somebody else in the room softly repeats what that person says, so that they hear themselves. */
  readonly leak?: string;
}

interface Files extends Attendance {
  readonly voicePath: string;
  readonly picturesPath: string;
}

async function makeFiles(folder: TemporaryDirectory, seconds: number): Promise<Files[]> {
  return await Promise.all(DEMO_PEOPLE.map(async (person) => {
    const [voicePath, picturesPath] = ["wav", "mkv"].map((end) =>
      folder.file(`${person.name}.${end}`)
    );
    const said = await sayCycle(person);
    await writeVoice(voicePath, said.cycle, { seconds });
    await writePictures(picturesPath, person, seconds);
    return { person, said, voicePath, picturesPath, recordFolder: folder.file(person.name) };
  }));
}

function join(
  server: ServerProgram,
  files: Files,
  options: { record: boolean; faults: DemoFaults },
): ClientProgram {
  const { name } = files.person;
  return launchClient({
    name,
    server,
    mic: options.faults.muted === name ? "off" : files.voicePath,
    camera: options.faults.cameraOff === name ? "off" : files.picturesPath,
    record: options.record ? files.recordFolder : undefined,
    args: ["--chat", `Hello from ${name}`],
  });
}

/** Ends `client` as a person would, and waits for its recording to be complete. */
async function leave(client: ClientProgram): Promise<void> {
  await client.send({ do: "leave" });
  await client.exit();
}

/** Waits until it is in the room and gets the pictures of as many others as have a camera. */
async function settle(client: ClientProgram, cameras: number): Promise<void> {
  await client.waitFor("joined", { timeoutMs: 30_000 });
  const seen = new Set<string>();
  await client.waitFor((event) => {
    if (event.event === "stream" && event.kind === "camera") seen.add(event.participant);
    return seen.size >= cameras;
  }, { what: `the pictures of ${cameras} others` });
}

/** Waits until the figures of everybody (new ones every two seconds) say that voices come quickly. */
async function settleVoices(statisticsPaths: string[]): Promise<void> {
  const isQuick = async (path: string) => {
    const text = await Deno.readTextFile(path).catch(() => '{"voices":[]}');
    const { voices } = JSON.parse(text);
    return voices.length > 0 &&
      voices.every((voice: { voiceDelayMs: number }) => voice.voiceDelayMs < SETTLED_DELAY_MS);
  };
  const quick = new Set<string>();
  await until("quick voices", async () => {
    for (const path of statisticsPaths) if (await isQuick(path)) quick.add(path);
    return quick.size === statisticsPaths.length;
  }, { timeoutMs: SETTLE_MS_MAX, everyMs: 500 }).catch((late) => console.error(late.message));
}

/** Holds a meeting of ten seconds and says what everybody got. */
export async function recordAndCheck(faults: DemoFaults = {}): Promise<Row[]> {
  await using folder = new TemporaryDirectory();
  const files = await makeFiles(folder, FILE_SECONDS);
  await using server = await startServer({ data: folder.file("server") });
  await using ends = new AsyncDisposableStack();
  const leaking = files.find(({ person }) => person.name === faults.leak);
  const clients = files.map((each) => ends.use(join(server, each, { record: true, faults })));
  const withCamera = (person: DemoPerson) => person.name !== faults.cameraOff;
  await Promise.all(clients.map((client, index) =>
    settle(
      client,
      DEMO_PEOPLE.filter((person) => person !== DEMO_PEOPLE[index] && withCamera(person)).length,
    )
  ));
  if (leaking) ends.use(await startEcho(server, leaking, folder));
  await settleVoices(files.map(({ recordFolder }) => `${recordFolder}/stats.json`));
  const fromMs = Date.now();
  await passRealTime(CHECK_SECONDS * 1_000);
  await Promise.all(clients.map(leave));
  return await checkMeeting(files, fromMs);
}

/** Somebody who repeats what `whom` says, 20 dB softer: the others hear them as loud as before. */
async function startEcho(
  server: ServerProgram,
  whom: Files,
  folder: TemporaryDirectory,
): Promise<ClientProgram> {
  const echoPath = folder.file("echo.wav");
  await writeVoice(echoPath, whom.said.cycle, {
    seconds: FILE_SECONDS,
    gainDb: -20,
  });
  const echo = launchClient({ name: "Echo", server, mic: echoPath });
  await echo.waitFor("joined");
  return echo;
}

async function show(): Promise<void> {
  await using folder = new TemporaryDirectory();
  console.log("Making voices and pictures…");
  const files = await makeFiles(folder, DEMO_SECONDS);
  const interrupted = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => interrupted.resolve());
  }
  await using server = await startServer({ data: folder.file("server") });
  await using ends = new AsyncDisposableStack();
  const clients = files.map((each) => ends.use(join(server, each, { record: false, faults: {} })));
  await Promise.all(clients.map((client) => client.waitFor("joined", { timeoutMs: 30_000 })));
  console.log(
    [
      `A server on 127.0.0.1:${server.port} and ${clients.length} people: ` +
      DEMO_PEOPLE.map(({ name }) => name).join(", "),
      `Their files: ${folder.path}`,
      "Join them from another terminal:",
      `  deno task client --headless --server 127.0.0.1:${server.port} --name You \\`,
      `    --fingerprint ${server.fingerprint} --mic silence --record recording --data /tmp/you`,
      `They talk for ${DEMO_SECONDS / 60} minutes. Ctrl-C ends all.`,
    ].join("\n"),
  );
  await clients[0].waitFor(({ id }) => id === DEMO_PEOPLE.length);
  for (const line of clients[0].events.filter(({ event }) => event === "chat")) {
    console.log(`${line.from}: ${line.text}`);
  }
  const someEnd = Promise.race([server, ...clients].map(async (program) => {
    await program.ended;
    return program;
  }));
  const ended = await Promise.race([someEnd, interrupted.promise]);
  if (ended) throw new Error(`Cannot go on: ${ended.what} ended\n${ended.errorText.slice(-2_000)}`);
}

if (import.meta.main) {
  const unknown = Deno.args.find((arg) => arg !== "--check" && arg !== "--");
  if (unknown) {
    console.error(`Cannot start the demo: unknown option ${unknown}`);
    Deno.exit(2);
  }
  if (Deno.args.includes("--check")) {
    const rows = await recordAndCheck();
    console.log(tableOf(rows));
    const wrong = rows.filter((row) => row.wrong).length;
    console.log(wrong === 0 ? "All as it should be" : `${wrong} of ${rows.length} rows are wrong`);
    Deno.exit(wrong === 0 ? 0 : 1);
  }
  await show();
  Deno.exit(0);
}
