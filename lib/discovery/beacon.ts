import { encode } from "@msgpack/msgpack";
import { assert, concatBytes, equalBytes, ProtocolError } from "@fusionmeet/base";
import {
  ANNOUNCED_ADDRESSES_MAX,
  ANNOUNCED_COUNT_MAX,
  BEACON_BYTES_MAX,
  bytes,
  type Fields,
  integer,
  list,
  type MessageOf,
  messageReader,
  readMessageBody,
  SERVER_NAME_LENGTH_MAX,
  SERVER_VERSION_LENGTH_MAX,
  text,
  token,
} from "@fusionmeet/protocol";
import type { Announcement } from "./announcement.ts";
import { ipv4Number, ipv4Text } from "./ipv4.ts";

/** What a beacon datagram starts with: it is ours, and which kind of it. */
const MAGIC = new TextEncoder().encode("FMB1");

/** What is said on the beacon's group. Append only; new fields are optional; unknown ones are ignored. */
export const BEACON_MESSAGES = {
  /** A server: here I am. */
  "server": {
    fingerprint: bytes(32),
    name: text(SERVER_NAME_LENGTH_MAX),
    version: token(SERVER_VERSION_LENGTH_MAX),
    port: integer(1, 65_535),
    rooms: integer(0, ANNOUNCED_COUNT_MAX),
    people: integer(0, ANNOUNCED_COUNT_MAX),
    /** IPv4, best first. */
    addresses: list(bytes(4), ANNOUNCED_ADDRESSES_MAX),
  },
  /** A server: I stop. */
  "gone": { fingerprint: bytes(32) },
  /** A client: who is there? */
  "seek": {},
} as const satisfies Record<string, Fields>;

/** One datagram of the beacon, read. */
export type Beacon =
  | { readonly type: "server"; readonly announcement: Announcement }
  | { readonly type: "gone"; readonly fingerprint: string }
  | { readonly type: "seek" };

/** Why a datagram is no beacon, or none this version knows. */
export type BeaconFault = "beacon-not-ours" | "beacon-malformed" | "beacon-unknown";

const readBeacon = messageReader(BEACON_MESSAGES);

/** A beacon's datagram, a new array of at most `BEACON_BYTES_MAX`. */
export function encodeBeacon(beacon: Beacon): Uint8Array<ArrayBuffer> {
  const datagram = concatBytes(MAGIC, encode(wireOf(beacon)));
  assert(datagram.length <= BEACON_BYTES_MAX, `a beacon of ${datagram.length} bytes fits`);
  return datagram;
}

function wireOf(beacon: Beacon): MessageOf<typeof BEACON_MESSAGES> {
  if (beacon.type === "seek") return beacon;
  if (beacon.type === "gone") {
    return { type: "gone", fingerprint: Uint8Array.fromHex(beacon.fingerprint) };
  }
  const { fingerprint, addresses, ...rest } = beacon.announcement;
  return {
    type: "server",
    ...rest,
    fingerprint: Uint8Array.fromHex(fingerprint),
    addresses: addresses.slice(0, ANNOUNCED_ADDRESSES_MAX).map(addressBytes),
  };
}

/** Reads what came to the beacon's group: a beacon, or why it is none. Texts in it are whatever somebody wrote. */
export function decodeBeacon(datagram: Uint8Array): Beacon | BeaconFault {
  if (datagram.length < MAGIC.length || !equalBytes(datagram.subarray(0, MAGIC.length), MAGIC)) {
    return "beacon-not-ours";
  }
  try {
    const message = readBeacon(readMessageBody(datagram.slice(MAGIC.length)));
    if (message === undefined) return "beacon-unknown";
    if (message.type === "seek") return { type: "seek" };
    const fingerprint = message.fingerprint.toHex();
    if (message.type === "gone") return { type: "gone", fingerprint };
    const addresses = message.addresses.map((address) =>
      ipv4Text(new DataView(address.buffer, address.byteOffset).getUint32(0))
    );
    const { name, version, port, rooms, people } = message;
    return {
      type: "server",
      announcement: { fingerprint, name, version, port, rooms, people, addresses },
    };
  } catch (thrown) {
    if (thrown instanceof ProtocolError) return "beacon-malformed";
    throw thrown;
  }
}

function addressBytes(address: string): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, ipv4Number(address)!);
  return bytes;
}
