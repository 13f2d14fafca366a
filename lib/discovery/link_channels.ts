import type { Counters, Timers } from "@fusionmeet/base";
import { BEACON_BYTES_MAX, BEACON_GROUP, BEACON_PORT, MDNS_BYTES_MAX } from "@fusionmeet/protocol";
import { type Beacon, decodeBeacon, encodeBeacon } from "./beacon.ts";
import { decodeDns, type DnsMessage, encodeDns } from "./dns_message.ts";
import { Intake } from "./intake.ts";
import type { Link } from "./ipv4.ts";
import type { Channel, OpenChannel } from "./multicast_socket.ts";

/** Source: RFC 6762 sections 3 and 11. */
const MDNS = { group: "224.0.0.251", port: 5353, ttl: 255 };
const BEACON = { group: BEACON_GROUP, port: BEACON_PORT, ttl: 1 };

/** What is said on a network. */
export interface Speech {
  dns(message: DnsMessage): void;
  beacon(beacon: Beacon): void;
}

/** What listens to it; each with the address it came from. */
export interface Hearing {
  dns(message: DnsMessage, source: string): void;
  beacon(beacon: Beacon, source: string): void;
}

/** What the channels of a network stand on. */
export interface ChannelParts {
  readonly timers: Timers;
  readonly counters: Counters;
  readonly openChannel: OpenChannel;
}

/** Both channels of one network. */
export interface LinkChannels extends Speech {
  close(): Promise<void>;
}

/**
 * Opens both channels of a network. One that cannot be opened (another program may keep the port of mDNS for itself)
 * does not keep the other from working.
 *
 * @param hearing Called for what is well formed, and within the limits; the rest is counted.
 * @param onProblem One of the two cannot be opened.
 * @throws Error with both reasons when neither can.
 */
export async function openLinkChannels(
  link: Link,
  hearing: Hearing,
  { timers, counters, openChannel, onProblem }: ChannelParts & {
    onProblem(state: string): void;
  },
): Promise<LinkChannels> {
  const intake = new Intake(counters, timers.nowMs());
  const [{ address }] = link.addresses;
  const open = (
    place: typeof MDNS,
    { bytesMax, read }: { bytesMax: number; read(bytes: Uint8Array, source: string): void },
  ) =>
    openChannel({
      ...place,
      address,
      onDatagram: (bytes, source) => {
        const nowMs = timers.nowMs();
        if (intake.takes(bytes, { source, link, bytesMax, nowMs })) read(bytes, source);
      },
    });
  const [mdns, beacon] = await Promise.allSettled([
    open(MDNS, {
      bytesMax: MDNS_BYTES_MAX,
      read: (bytes, source) => {
        const message = decodeDns(bytes);
        if (typeof message === "string") counters.add(message);
        else hearing.dns(message, source);
      },
    }),
    open(BEACON, {
      bytesMax: BEACON_BYTES_MAX,
      read: (bytes, source) => {
        const message = decodeBeacon(bytes);
        if (typeof message === "string") counters.add(message);
        else hearing.beacon(message, source);
      },
    }),
  ]);
  const problems = [
    ...mdns.status === "rejected" ? [`mDNS: ${mdns.reason?.message ?? mdns.reason}`] : [],
    ...beacon.status === "rejected" ? [`beacon: ${beacon.reason?.message ?? beacon.reason}`] : [],
  ];
  if (problems.length === 2) throw new Error(problems.join("; "));
  for (const problem of problems) onProblem(problem);
  const opened = [mdns, beacon].map((each) => each.status === "fulfilled" ? each.value : SILENT);
  return {
    dns: (message) => opened[0].send(encodeDns(message)),
    beacon: (message) => opened[1].send(encodeBeacon(message)),
    close: async () => void await Promise.all(opened.map((channel) => channel.close())),
  };
}

const SILENT: Channel = { send: () => {}, close: () => Promise.resolve() };
