import { concatBytes, writeU16 } from "@fusionmeet/base";

/** One captured datagram; addresses are IPv4. */
export interface CapturedDatagram {
  readonly atMs: number;
  readonly from: { readonly hostname: string; readonly port: number };
  readonly to: { readonly hostname: string; readonly port: number };
  readonly bytes: Uint8Array;
}

/**
 * A capture file as tshark and GStreamer read it: raw IPv4 packets (link type 101), microsecond times.
 *
 * Source: draft-ietf-opsawg-pcap; RFC 791; RFC 768.
 */
export function pcapBytes(datagrams: readonly CapturedDatagram[]): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(24);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 65_535, true);
  view.setUint32(20, 101, true);
  return concatBytes(header, ...datagrams.map(recordOf));
}

function recordOf({ atMs, from, to, bytes }: CapturedDatagram): Uint8Array {
  const size = 28 + bytes.length;
  const record = new Uint8Array(16 + size);
  const view = new DataView(record.buffer);
  view.setUint32(0, Math.floor(atMs / 1000), true);
  view.setUint32(4, Math.floor(atMs % 1000 * 1000), true);
  view.setUint32(8, size, true);
  view.setUint32(12, size, true);
  const packet = record.subarray(16);
  packet[0] = 0x45;
  writeU16(packet, 2, size);
  packet[8] = 64;
  packet[9] = 17;
  packet.set(from.hostname.split(".").map(Number), 12);
  packet.set(to.hostname.split(".").map(Number), 16);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += packet[at] << 8 | packet[at + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  writeU16(packet, 10, ~sum & 0xffff);
  writeU16(packet, 20, from.port);
  writeU16(packet, 22, to.port);
  writeU16(packet, 24, 8 + bytes.length);
  packet.set(bytes, 28);
  return record;
}
