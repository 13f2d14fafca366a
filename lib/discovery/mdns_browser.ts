import { type Counters, type Random, type Timers, TokenBucket } from "@fusionmeet/base";
import { FOUND_PER_SOURCE_MAX, FOUND_SERVERS_MAX, MDNS_TTL_SECONDS } from "@fusionmeet/protocol";
import type { Announcement } from "./announcement.ts";
import { dnsKey, type DnsMessage, type DnsQuestion, type DnsRecord } from "./dns_message.ts";
import { instanceName, labelOf, readService, SERVICE_TYPE } from "./service_records.ts";

/** The first question, so that not all ask at once; then after a second, and each time twice as long (RFC 6762 section 5.2). */
const FIRST_QUESTION_MS = { min: 20, max: 120 };
const SECOND_QUESTION_MS = 1_000;
const QUESTION_GAP_MS_MAX = 3_600_000;
/** What is known of an instance is asked for again when this much of its life is over (section 5.2). */
const REFRESH_AT = [0.8, 0.9, 0.95];
/** What is missing of an instance is asked for so often at most. */
const MISSING_GAP_MS = 1_000;
/** Whoever names servers that are not there makes us ask no more than so often. */
const QUESTIONS = { perSecond: 10, burst: 30 };
/** Instances listed in a question as known already. */
const KNOWN_ANSWERS_MAX = 20;
/** Nobody's records are believed longer, whatever they say. */
const TTL_SECONDS_MAX = MDNS_TTL_SECONDS;

/** What a browser stands on. */
export interface BrowserParts {
  readonly timers: Timers;
  readonly random: Random;
  readonly counters: Counters;
  send(message: DnsMessage): void;
  /** A server was heard, all of it known, for so long. */
  onSighting(source: string, announcement: Announcement, lifetimeMs: number): void;
  /** A server said goodbye. */
  onFarewell(source: string, fingerprint: string): void;
}

/** An instance as one address tells of it. */
interface Instance {
  readonly source: string;
  readonly label: string;
  port?: number;
  target?: string;
  txt?: readonly Uint8Array[];
  addresses: readonly string[];
  /** Of the last complete announcement. */
  fingerprint?: string;
  heardAtMs: number;
  lifetimeMs: number;
  askedAtMs: number;
  refreshes: number;
}

/**
 * Looks for our servers on one network by mDNS, for as long as it is open. Each address that tells of an instance has an
 * entry of its own: nobody changes what others said.
 *
 * Source: RFC 6762 sections 5 and 10; RFC 6763 section 4. Questions ask for answers to the group ("QM") only: another
 * program of this machine may own the port.
 */
export class MdnsBrowser {
  readonly #parts: BrowserParts;
  readonly #instances = new Map<string, Instance>();
  readonly #questions: TokenBucket;
  #gapMs = SECOND_QUESTION_MS;
  #cancelQuestion: () => void;
  #cancelRefresh = () => {};

  constructor(parts: BrowserParts) {
    this.#parts = parts;
    this.#questions = new TokenBucket({ ...QUESTIONS, nowMs: parts.timers.nowMs() });
    const { min, max } = FIRST_QUESTION_MS;
    const waitMs = min + parts.random.fraction() * (max - min);
    this.#cancelQuestion = parts.timers.after(waitMs, () => this.#question());
  }

  /** A message that came from `source`. */
  receive(message: DnsMessage, source: string): void {
    if (!message.isResponse) return;
    const records = [...message.answers, ...message.additionals];
    const changed = new Set<Instance>();
    const gone = new Set<string>();
    for (const record of records) {
      const label = instanceOf(record);
      if (label === undefined) continue;
      const key = `${source} ${dnsKey(label)}`;
      if (record.ttl === 0) gone.add(key);
      else {
        const instance = this.#instances.get(key) ?? this.#open(key, { label, source });
        if (instance) changed.add(this.#take(record, instance));
      }
    }
    for (const key of gone) this.#farewell(key);
    for (const instance of changed) this.#addresses(instance, records);
    for (const instance of changed) this.#tell(instance);
    this.#refreshLater();
  }

  /** Asks for the servers with that key once more: are they still there? */
  askAgain(fingerprint: string): void {
    const meant = [...this.#instances.values()].filter((each) => each.fingerprint === fingerprint);
    const labels = new Set(meant.map(({ label }) => label));
    for (const label of labels) this.#askFor(label, ["SRV", "TXT"]);
  }

  close(): void {
    this.#cancelQuestion();
    this.#cancelRefresh();
  }

  // ---- questions

  #question(): void {
    const { timers, send } = this.#parts;
    const nowMs = timers.nowMs();
    const known = [...this.#instances.values()]
      .filter(({ heardAtMs, lifetimeMs }) => heardAtMs + lifetimeMs / 2 > nowMs)
      .slice(0, KNOWN_ANSWERS_MAX)
      .map(({ label, heardAtMs, lifetimeMs }): DnsRecord => ({
        type: "PTR",
        name: SERVICE_TYPE,
        ttl: Math.ceil((heardAtMs + lifetimeMs - nowMs) / 1000),
        value: instanceName(label),
      }));
    send(question([{ name: SERVICE_TYPE, type: "PTR" }], known));
    this.#cancelQuestion = timers.after(this.#gapMs, () => this.#question());
    this.#gapMs = Math.min(this.#gapMs * 2, QUESTION_GAP_MS_MAX);
  }

  #askFor(label: string, types: readonly ("SRV" | "TXT")[]): void {
    // A label with dots came as several; asked for by these it would be another name.
    if (label.includes(".")) return;
    const { timers, counters, send } = this.#parts;
    if (!this.#questions.take(timers.nowMs())) return counters.add("questions-over-rate");
    const name = instanceName(label);
    send(question(types.map((type) => ({ name, type }))));
  }

  /** Asks for what is about to be forgotten, and forgets what nobody answered for. */
  #refreshLater(): void {
    const { timers } = this.#parts;
    this.#cancelRefresh();
    const nextMs = Math.min(...[...this.#instances.values()].map(dueMs));
    if (nextMs === Infinity) return;
    this.#cancelRefresh = timers.after(Math.max(0, nextMs - timers.nowMs()), () => {
      const nowMs = timers.nowMs();
      for (const [key, instance] of this.#instances) {
        if (dueMs(instance) > nowMs) continue;
        if (instance.refreshes++ >= REFRESH_AT.length) this.#instances.delete(key);
        else this.#askFor(instance.label, ["SRV", "TXT"]);
      }
      this.#refreshLater();
    });
  }

  // ---- answers

  #take(record: DnsRecord, instance: Instance): Instance {
    if (record.type === "SRV") {
      instance.port = record.value.port;
      instance.target = record.value.target;
    } else if (record.type === "TXT") instance.txt = record.value;
    instance.heardAtMs = this.#parts.timers.nowMs();
    instance.lifetimeMs = Math.min(record.ttl, TTL_SECONDS_MAX) * 1000;
    instance.refreshes = 0;
    return instance;
  }

  #open(key: string, { label, source }: { label: string; source: string }): Instance | undefined {
    const { counters } = this.#parts;
    const fromThere = this.#instances.values().filter((each) => each.source === source);
    const reason = [...fromThere].length >= FOUND_PER_SOURCE_MAX
      ? "mdns-source-full"
      : this.#instances.size >= 2 * FOUND_SERVERS_MAX
      ? "mdns-full"
      : undefined;
    if (reason !== undefined) {
      counters.add(reason);
      return undefined;
    }
    const instance: Instance = {
      ...{ source, label, addresses: [], heardAtMs: 0, lifetimeMs: 0, refreshes: 0 },
      askedAtMs: -Infinity,
    };
    this.#instances.set(key, instance);
    return instance;
  }

  #farewell(key: string): void {
    const instance = this.#instances.get(key);
    if (instance === undefined) return this.#parts.counters.add("farewell-of-nobody");
    this.#instances.delete(key);
    const { source, fingerprint } = instance;
    if (fingerprint !== undefined) this.#parts.onFarewell(source, fingerprint);
  }

  /** The addresses that came along; without any, where it was heard from is the only one known. */
  #addresses(instance: Instance, records: readonly DnsRecord[]): void {
    const { target } = instance;
    if (target === undefined) return;
    const found = records.filter((record) =>
      record.type === "A" && record.ttl > 0 && dnsKey(record.name) === dnsKey(target)
    ).map(({ value }) => value as string);
    if (found.length > 0) instance.addresses = found;
  }

  #tell(instance: Instance): void {
    const { port, txt, label, source, addresses } = instance;
    const { timers, counters, onSighting } = this.#parts;
    if (port === undefined || txt === undefined) {
      const nowMs = timers.nowMs();
      if (nowMs < instance.askedAtMs + MISSING_GAP_MS) return;
      instance.askedAtMs = nowMs;
      return this.#askFor(label, [
        ...port === undefined ? ["SRV" as const] : [],
        ...txt === undefined ? ["TXT" as const] : [],
      ]);
    }
    const announcement = readService({ label, port, txt, addresses });
    if (typeof announcement === "string") return counters.add(announcement);
    instance.fingerprint = announcement.fingerprint;
    onSighting(source, announcement, instance.lifetimeMs);
  }
}

/** The label of the instance that a record tells of; `undefined` where it tells of none of ours. */
function instanceOf(record: DnsRecord): string | undefined {
  if (record.type === "A") return undefined;
  if (record.type !== "PTR") return labelOf(record.name);
  return dnsKey(record.name) === SERVICE_TYPE ? labelOf(record.value) : undefined;
}

function question(
  questions: readonly DnsQuestion[],
  known: readonly DnsRecord[] = [],
): DnsMessage {
  return { isResponse: false, questions, answers: known, authorities: [], additionals: [] };
}

/** When an instance is asked for again, or forgotten. */
function dueMs({ heardAtMs, lifetimeMs, refreshes }: Instance): number {
  return heardAtMs + lifetimeMs * (REFRESH_AT[refreshes] ?? 1);
}
