import { decode, encode } from "dns-packet";
import { Buffer } from "node:buffer";
import { readU16 } from "@fusionmeet/base";
import { MDNS_BYTES_MAX } from "@fusionmeet/protocol";

/** Where a service is. */
export interface SrvValue {
  readonly port: number;
  readonly target: string;
}

interface Common {
  /** Its labels joined by dots, as they came. */
  readonly name: string;
  /** Seconds; 0 says goodbye. */
  readonly ttl: number;
  /** It replaces what is known under this name and type. */
  readonly flush?: boolean;
}

/** A record of the kinds that service discovery needs. */
export type DnsRecord =
  | Common & { readonly type: "PTR"; readonly value: string }
  | Common & { readonly type: "SRV"; readonly value: SrvValue }
  | Common & { readonly type: "TXT"; readonly value: readonly Uint8Array[] }
  | Common & { readonly type: "A"; readonly value: string };

/** A question: `ANY` asks for all that the name has. */
export interface DnsQuestion {
  readonly name: string;
  readonly type: DnsRecord["type"] | "ANY";
}

/** An mDNS message; records of other kinds and classes are left out. */
export interface DnsMessage {
  readonly isResponse: boolean;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  /** In a question: what the sender is about to claim (RFC 6762 section 8.2). */
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** Why a datagram is not read. */
export type DnsFault = "dns-short" | "dns-counts" | "dns-not-mdns" | "dns-malformed";

const HEADER_BYTES = 12;
/** A question or record takes at least so much. */
const ENTRY_BYTES_MIN = 5;
/** Bits that must be zero: opcode and response code (RFC 6762 sections 18.3 and 18.11). */
const OPCODE_AND_CODE = 0x780f;
/** The class of the internet, and the same with the bit that asks for an answer by unicast. */
const CLASSES = ["IN", "ANY", "UNKNOWN_32769"];

/** What `dns-packet` gives and takes. */
interface Packet {
  readonly type: "query" | "response";
  readonly flags?: number;
  readonly questions: readonly { name: string; type: string; class?: string }[];
  readonly answers: readonly PacketRecord[];
  readonly authorities: readonly PacketRecord[];
  readonly additionals: readonly PacketRecord[];
}

interface PacketRecord {
  readonly name: string;
  readonly type: string;
  readonly class?: string;
  readonly ttl?: number;
  readonly flush?: boolean;
  readonly data?: unknown;
}

/** Reads an mDNS datagram, or says why it is none. Allocates no more than the datagram's own size allows. */
export function decodeDns(datagram: Uint8Array): DnsMessage | DnsFault {
  if (datagram.length < HEADER_BYTES) return "dns-short";
  const entries = [4, 6, 8, 10].reduce((sum, at) => sum + readU16(datagram, at), 0);
  if (entries * ENTRY_BYTES_MIN > Math.min(datagram.length, MDNS_BYTES_MAX)) return "dns-counts";
  if ((readU16(datagram, 2) & OPCODE_AND_CODE) !== 0) return "dns-not-mdns";
  let packet: Packet;
  try {
    packet = decode(Buffer.from(datagram.buffer, datagram.byteOffset, datagram.length));
  } catch {
    // The library says in words what is wrong; nobody is there to read them.
    return "dns-malformed";
  }
  // It finds no fault with a text that is cut short.
  if (!(decode.bytes <= datagram.length)) return "dns-malformed";
  return {
    isResponse: packet.type === "response",
    questions: packet.questions.flatMap(questionOf),
    answers: packet.answers.flatMap(recordOf),
    authorities: packet.authorities.flatMap(recordOf),
    additionals: packet.additionals.flatMap(recordOf),
  };
}

function questionOf({ name, type, class: klass }: Packet["questions"][number]): DnsQuestion[] {
  const known = ["PTR", "SRV", "TXT", "A", "ANY"] as const;
  const found = known.find((each) => each === type);
  return found && CLASSES.includes(klass!) ? [{ name, type: found }] : [];
}

function recordOf({ name, type, class: klass, ttl, flush, data }: PacketRecord): DnsRecord[] {
  if (klass !== "IN" || data === undefined || data === null) return [];
  const common = { name, ttl: ttl!, flush: flush! };
  switch (type) {
    case "PTR":
      return [{ ...common, type, value: String(data) }];
    case "A":
      return [{ ...common, type, value: String(data) }];
    case "SRV": {
      const { port, target } = data as SrvValue;
      return [{ ...common, type, value: { port, target } }];
    }
    case "TXT":
      return [{ ...common, type, value: data as Buffer[] }];
    default:
      return [];
  }
}

/** The datagram of a message, a new array. Labels of names hold no dots. */
export function encodeDns(message: DnsMessage): Uint8Array<ArrayBuffer> {
  // AA: whoever answers by mDNS answers for itself.
  const flags = message.isResponse ? 0x0400 : 0;
  return new Uint8Array(encode({
    type: message.isResponse ? "response" : "query",
    flags,
    questions: message.questions.map(({ name, type }) => ({ name, type, class: "IN" })),
    answers: message.answers.map(packetRecord),
    authorities: message.authorities.map(packetRecord),
    additionals: message.additionals.map(packetRecord),
  }));
}

function packetRecord({ name, type, ttl, flush, value }: DnsRecord): PacketRecord {
  const data = type === "TXT" ? value.map((each) => Buffer.from(each)) : value;
  return { name, type, class: "IN", ttl, flush: flush ?? false, data };
}

/** True when both are the same name of the domain system: ASCII letters in any case. */
export function isSameDnsName(a: string, b: string): boolean {
  return dnsKey(a) === dnsKey(b);
}

/** One form for all spellings of a name. */
export function dnsKey(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
