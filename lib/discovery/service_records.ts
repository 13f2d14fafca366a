import {
  ANNOUNCED_COUNT_MAX,
  isFingerprint,
  MDNS_TTL_SECONDS,
  SERVER_VERSION_LENGTH_MAX,
} from "@fusionmeet/protocol";
import type { Announcement } from "./announcement.ts";
import { type DnsRecord, isSameDnsName } from "./dns_message.ts";

/** Our service in DNS-SD (RFC 6763), and where all services of a network are listed. */
export const SERVICE_TYPE = "_fusionmeet._tcp.local";
export const ALL_SERVICES = "_services._dns-sd._udp.local";
/** A label of the domain system, in bytes of UTF-8. */
export const LABEL_BYTES_MAX = 63;
/** Of the fingerprint, in the name of the host: nobody else has that name. */
const HOST_DIGITS = 16;

/** Why an instance of our service is not listed. */
export type TxtFault = "txt-no-fingerprint" | "txt-no-port";

/**
 * The instance's label for a server of that name: without dots and cut to a label's size, both of which only programs
 * see (people see `name` of the TXT record).
 *
 * @param number From 2 on where others have the name: `Name (2)`.
 */
export function instanceLabel(name: string, number = 1): string {
  const suffix = number === 1 ? "" : ` (${number})`;
  let label = name.replaceAll(".", "-");
  while (new TextEncoder().encode(label + suffix).length > LABEL_BYTES_MAX) {
    label = [...label].slice(0, -1).join("");
  }
  return label.trimEnd() + suffix;
}

/** The full name of an instance. */
export function instanceName(label: string): string {
  return `${label}.${SERVICE_TYPE}`;
}

/** The label of an instance's full name; `undefined` where it is no instance of our service. */
export function labelOf(name: string): string | undefined {
  const at = name.length - SERVICE_TYPE.length - 1;
  return at > 0 && name[at] === "." && isSameDnsName(name.slice(at + 1), SERVICE_TYPE)
    ? name.slice(0, at)
    : undefined;
}

/** The name under which mDNS knows the server's addresses: made from its key, so that it is nobody else's. */
export function hostName({ fingerprint }: Announcement): string {
  return `fusionmeet-${fingerprint.slice(0, HOST_DIGITS)}.local`;
}

/** All records of a server whose instance is called `label`. @param ttl Seconds; 0: the goodbye. */
export function serviceRecords(
  announcement: Announcement,
  { label, ttl = MDNS_TTL_SECONDS }: { label: string; ttl?: number },
): Record<"service" | "srv" | "txt", DnsRecord> & { addresses: DnsRecord[] } {
  const name = instanceName(label);
  const host = hostName(announcement);
  return {
    service: { type: "PTR", name: SERVICE_TYPE, ttl, value: name },
    srv: {
      ...{ type: "SRV", name, ttl, flush: true },
      value: { port: announcement.port, target: host },
    },
    txt: { type: "TXT", name, ttl, flush: true, value: txtOf(announcement) },
    addresses: announcement.addresses.map((value) => ({
      ...{ type: "A", name: host, ttl, flush: true },
      value,
    })),
  };
}

/** The TXT record, one `key=value` each (RFC 6763 section 6). */
export function txtOf({ name, version, rooms, people, fingerprint }: Announcement): Uint8Array[] {
  const values = { txtvers: 1, name, version, rooms, people, fp: fingerprint };
  return Object.entries(values).map(([key, value]) => new TextEncoder().encode(`${key}=${value}`));
}

/**
 * What somebody announces by SRV, TXT and A records, or why it cannot be listed. Without `name` the label stands for
 * it; a number that is none is 0. Texts are whatever somebody wrote.
 */
export function readService(
  { label, port, txt, addresses }: {
    label: string;
    port: number;
    txt: readonly Uint8Array[];
    addresses: readonly string[];
  },
): Announcement | TxtFault {
  const values = txtValues(txt);
  const fingerprint = (values.get("fp") ?? "").toLowerCase();
  if (!isFingerprint(fingerprint)) return "txt-no-fingerprint";
  if (port === 0) return "txt-no-port";
  const version = values.get("version") ?? "";
  const isToken = /^[!-~]+$/.test(version) && version.length <= SERVER_VERSION_LENGTH_MAX;
  return {
    fingerprint,
    name: values.get("name") ?? label,
    version: isToken ? version : "?",
    port,
    rooms: countOf(values.get("rooms")),
    people: countOf(values.get("people")),
    addresses,
  };
}

/** Keys in any case; of one that is there twice the first counts; no value is no text. */
function txtValues(txt: readonly Uint8Array[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const bytes of txt) {
    const [, key, value] = /^([ -<>-~]+)=([^]*)$/.exec(new TextDecoder().decode(bytes)) ?? [];
    if (key !== undefined && !values.has(key.toLowerCase())) values.set(key.toLowerCase(), value);
  }
  return values;
}

function countOf(text = ""): number {
  return /^\d{1,6}$/.test(text) ? Math.min(Number(text), ANNOUNCED_COUNT_MAX) : 0;
}
