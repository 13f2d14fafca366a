import type { Random, Timers } from "@fusionmeet/base";
import { MDNS_TTL_SECONDS, MDNS_UPDATE_GAP_MS } from "@fusionmeet/protocol";
import type { Announcement } from "./announcement.ts";
import { type DnsMessage, type DnsQuestion, type DnsRecord, isSameDnsName } from "./dns_message.ts";
import {
  ALL_SERVICES,
  hostName,
  instanceLabel,
  instanceName,
  SERVICE_TYPE,
  serviceRecords,
} from "./service_records.ts";

/** Before a name is ours it is asked for so often, so far apart (RFC 6762 section 8.1). */
const PROBE_COUNT = 3;
const PROBE_GAP_MS = 250;
/** Who loses a draw of two that want a name at the same time asks again after this (section 8.2). */
const PROBE_AGAIN_MS = 1_000;
/** After so many names that others have, each further one waits (section 8.1). */
const CONFLICTS_FREE = 15;
const CONFLICT_WAIT_MS = 5_000;
/** Said again after this when it is new (section 8.3); and no record more often than this (section 6). */
const ANNOUNCE_AGAIN_MS = 1_000;
const PART_GAP_MS = 1_000;
/** Answers that others may give at the same time wait so long (section 6). */
const SHARED_DELAY_MS = { min: 20, max: 120 };

/** What an answer holds: all but the last are what is announced. */
type Part = "service" | "srv" | "txt" | "addresses" | "types";
const ALL_PARTS: readonly Part[] = ["service", "srv", "txt", "addresses"];

/** What a responder stands on. */
export interface ResponderParts {
  readonly timers: Timers;
  readonly random: Random;
  send(message: DnsMessage): void;
}

/**
 * Announces one server on one network by mDNS and answers questions about it: finds out whether its name is free
 * (else it takes `Name (2)`), says what it is, says what changed, says goodbye.
 *
 * Source: RFC 6762 sections 6 to 10. It always answers to the group, never to one address.
 */
export class MdnsResponder {
  readonly #parts: ResponderParts;
  #announcement: Announcement;
  #state: "probing" | "announced" | "closed" = "probing";
  #nameNumber = 1;
  #conflictCount = 0;
  #cancelStep = () => {};
  /** When a part that waits may go out, and when it last went. */
  readonly #dueAtMs = new Map<Part, number>();
  readonly #saidAtMs = new Map<Part, number>();
  #cancelDue = () => {};
  #cancelUpdate: (() => void) | undefined;

  constructor(announcement: Announcement, parts: ResponderParts) {
    this.#announcement = announcement;
    this.#parts = parts;
    this.#probe(Math.floor(parts.random.fraction() * PROBE_GAP_MS));
  }

  /** What the instance is called now. */
  get label(): string {
    return instanceLabel(this.#announcement.name, this.#nameNumber);
  }

  /** Other numbers of rooms and people. Said once they have stood for a while: this channel is slow. */
  update(announcement: Announcement): void {
    this.#announcement = announcement;
    if (this.#state !== "announced" || this.#cancelUpdate !== undefined) return;
    const { timers } = this.#parts;
    const waitMs = Math.max(
      0,
      (this.#saidAtMs.get("txt") ?? 0) + MDNS_UPDATE_GAP_MS - timers.nowMs(),
    );
    this.#cancelUpdate = timers.after(waitMs, () => {
      this.#cancelUpdate = undefined;
      // Whoever lost the name meanwhile says it with the rest.
      if (this.#state === "announced") this.#schedule(["txt"], 0);
    });
  }

  /** A message that came from the network, our own ones too. */
  receive(message: DnsMessage): void {
    if (this.#state === "closed") return;
    if (message.isResponse) this.#hear([...message.answers, ...message.additionals]);
    else if (this.#state === "probing") this.#meetProbe(message.authorities);
    else this.#answer(message);
  }

  /** Says goodbye and falls silent. */
  close(): void {
    if (this.#state === "announced") this.#send(ALL_PARTS, { ttl: 0 });
    this.#state = "closed";
    this.#cancelStep();
    this.#cancelDue();
    this.#cancelUpdate?.();
  }

  // ---- the name

  #probe(waitMs: number): void {
    this.#state = "probing";
    this.#cancelDue();
    this.#dueAtMs.clear();
    const { timers, send } = this.#parts;
    let asked = 0;
    const step = () => {
      if (asked === PROBE_COUNT) return this.#announce();
      asked++;
      const { srv, txt } = serviceRecords(this.#announcement, { label: this.label });
      send({
        isResponse: false,
        questions: [{ name: instanceName(this.label), type: "ANY" }],
        answers: [],
        authorities: [srv, txt],
        additionals: [],
      });
      this.#cancelStep = timers.after(PROBE_GAP_MS, step);
    };
    this.#cancelStep();
    this.#cancelStep = timers.after(waitMs, step);
  }

  #announce(): void {
    this.#state = "announced";
    this.#schedule(ALL_PARTS, 0);
    this.#cancelStep = this.#parts.timers.after(
      ANNOUNCE_AGAIN_MS,
      () => this.#schedule(ALL_PARTS, 0),
    );
  }

  /** Somebody else has the name we want or have: we ask for it once more, then for the next one. */
  #conflict(): void {
    if (this.#state === "probing") {
      this.#conflictCount++;
      this.#nameNumber++;
    }
    this.#probe(this.#conflictCount >= CONFLICTS_FREE ? CONFLICT_WAIT_MS : 0);
  }

  /** Two ask for the same name at the same time: whose record is greater has it. */
  #meetProbe(claims: readonly DnsRecord[]): void {
    const ours = serviceRecords(this.#announcement, { label: this.label }).srv;
    for (const claim of claims) {
      if (claim.type !== "SRV" || !isSameDnsName(claim.name, ours.name)) continue;
      if (srvOrder(claim) > srvOrder(ours)) return this.#probe(PROBE_AGAIN_MS);
    }
  }

  #hear(records: readonly DnsRecord[]): void {
    const name = instanceName(this.label);
    const { srv } = serviceRecords(this.#announcement, { label: this.label });
    for (const record of records) {
      const isOurs = isSameDnsName(record.name, name) ||
        record.type === "PTR" && isSameDnsName(record.value, name);
      if (!isOurs) continue;
      if (record.ttl === 0) return this.#object();
      if (record.type === "SRV" && srvOrder(record) !== srvOrder(srv)) return this.#conflict();
    }
  }

  /** Somebody said goodbye in our name. */
  #object(): void {
    if (this.#state === "announced") this.#schedule(ALL_PARTS, 0);
  }

  // ---- answers

  #answer({ questions, answers: known }: DnsMessage): void {
    const wanted = new Set(questions.flatMap((question) => this.#partsFor(question)));
    const isKnown = (name: string, value: string) =>
      known.some((record) =>
        record.type === "PTR" && isSameDnsName(record.name, name) &&
        isSameDnsName(record.value, value) && record.ttl * 2 >= MDNS_TTL_SECONDS
      );
    if (isKnown(SERVICE_TYPE, instanceName(this.label))) wanted.delete("service");
    if (isKnown(ALL_SERVICES, SERVICE_TYPE)) wanted.delete("types");
    if (wanted.size === 0) return;
    const isShared = wanted.has("service") || wanted.has("types");
    const { min, max } = SHARED_DELAY_MS;
    const delayMs = isShared ? min + this.#parts.random.fraction() * (max - min) : 0;
    this.#schedule([...wanted], delayMs);
  }

  #partsFor({ name, type }: DnsQuestion): Part[] {
    const asks = (...types: DnsQuestion["type"][]) => type === "ANY" || types.includes(type);
    if (isSameDnsName(name, SERVICE_TYPE) && asks("PTR")) return ["service"];
    if (isSameDnsName(name, ALL_SERVICES) && asks("PTR")) return ["types"];
    if (isSameDnsName(name, hostName(this.#announcement)) && asks("A")) return ["addresses"];
    if (!isSameDnsName(name, instanceName(this.label))) return [];
    return [...asks("SRV") ? ["srv" as const] : [], ...asks("TXT") ? ["txt" as const] : []];
  }

  /** Sends `parts` after `delayMs`, none of them sooner than a second after its last time. */
  #schedule(parts: readonly Part[], delayMs: number): void {
    const nowMs = this.#parts.timers.nowMs();
    for (const part of parts) {
      const atMs = Math.max(nowMs + delayMs, (this.#saidAtMs.get(part) ?? -Infinity) + PART_GAP_MS);
      this.#dueAtMs.set(part, Math.min(atMs, this.#dueAtMs.get(part) ?? Infinity));
    }
    this.#cancelDue();
    const nextMs = Math.min(...this.#dueAtMs.values());
    this.#cancelDue = this.#parts.timers.after(Math.max(0, nextMs - nowMs), () => this.#sendDue());
  }

  #sendDue(): void {
    const nowMs = this.#parts.timers.nowMs();
    const parts = [...this.#dueAtMs].filter(([, atMs]) => atMs <= nowMs).map(([part]) => part);
    // Whoever asks which servers there are asks for the rest next.
    const extra = parts.includes("service") || parts.includes("srv")
      ? ALL_PARTS.filter((part) => !parts.includes(part))
      : [];
    for (const part of [...parts, ...extra]) {
      this.#dueAtMs.delete(part);
      this.#saidAtMs.set(part, nowMs);
    }
    if (parts.length > 0) this.#send(parts, { extra });
    if (this.#dueAtMs.size > 0) this.#schedule([], 0);
  }

  #send(
    parts: readonly Part[],
    { extra = [], ttl = MDNS_TTL_SECONDS }: { extra?: readonly Part[]; ttl?: number } = {},
  ): void {
    const { service, srv, txt, addresses } = serviceRecords(this.#announcement, {
      label: this.label,
      ttl,
    });
    const types: DnsRecord = { type: "PTR", name: ALL_SERVICES, ttl, value: SERVICE_TYPE };
    const records = { service: [service], srv: [srv], txt: [txt], addresses, types: [types] };
    this.#parts.send({
      isResponse: true,
      questions: [],
      answers: parts.flatMap((part) => records[part]),
      authorities: [],
      additionals: extra.flatMap((part) => records[part]),
    });
  }
}

/** A text by which two SRV records of one name are told apart and put in order. */
function srvOrder(record: DnsRecord): string {
  if (record.type !== "SRV") return "";
  const { port, target } = record.value;
  return `${String(port).padStart(5, "0")} ${target.toLowerCase()}`;
}
