/**
 * `deno task bench voice_first`: what files do to a voice. A continuous talker, a listener, one upload and one download
 * at full speed: over cables of 100 Mbit/s (root and Linux: a network of its own), and over loopback. Exit code 1 when
 * the voice comes in larger gaps or later than the limits, or more of it is made up than without files.
 */
import {
  type Came,
  type Heard,
  voiceFirst,
  type VoiceFirstOptions,
} from "../tests/support/voice_first.ts";

const GAP_MS_P99_MAX = 40;
/** So much later than without files a voice may be, half of the time, wherever it is listened to. */
const LATER_MS_MAX = 10;
const SECONDS = 15;
const FILE_BYTES = 490_000_000;
const RATE = "100mbit";
const LINKS: [string, VoiceFirstOptions["slow"]][] = [
  ["the server's cable: 100 Mbit/s", { server: RATE }],
  ["cables of sender and fetcher: 100 Mbit/s", { sender: RATE, fetcher: RATE }],
  ["loopback", undefined],
];

function say(what: string, came: Came): void {
  const { gapMsP99, gapMsMax, lateMsP50, lateMsP99 } = came;
  const [p99, max, late50, late99] = [gapMsP99, gapMsMax, lateMsP50, lateMsP99]
    .map((ms) => ms.toFixed(1).padStart(5));
  console.log(`    ${what} gaps p99 ${p99}, max ${max} ms; late p50 ${late50}, p99 ${late99} ms`);
}

function tell(when: string, { atServer, atListener, atFetcher, concealed }: Heard): void {
  console.log(`  ${when}: ${concealed} frames made up`);
  say("voice at the server", atServer);
  say("mix at a third     ", atListener);
  say("mix at the fetcher ", atFetcher);
}

let failed = false;
for (const [what, slow] of LINKS) {
  const options = { slow, seconds: SECONDS, fileBytes: FILE_BYTES };
  const { calm, busy, sentPerSecond, fetchedPerSecond } = await voiceFirst(options);
  const [sent, fetched] = [sentPerSecond, fetchedPerSecond].map((bytes) =>
    `${(bytes / 1e6).toFixed(1)} MB/s`
  );
  console.log(`${what}: upload ${sent}, download ${fetched}`);
  tell("without files", calm);
  tell("with files", busy);
  const later = (where: "atServer" | "atListener" | "atFetcher") =>
    busy[where].lateMsP50 - calm[where].lateMsP50;
  const laterMs = Math.max(later("atServer"), later("atListener"), later("atFetcher"));
  const isLate = busy.atListener.gapMsP99 > GAP_MS_P99_MAX || laterMs > LATER_MS_MAX ||
    busy.concealed > calm.concealed;
  failed ||= slow !== undefined && isLate;
}
Deno.exit(failed ? 1 : 0);
