import type { Counters, Timers } from "@fusionmeet/base";
import {
  BEACON_INTERVAL_MS,
  DOUBT_MS,
  FAREWELL_MS,
  type Fingerprint,
  FOUND_PER_SOURCE_MAX,
  FOUND_SERVERS_MAX,
  SIGHTINGS_PER_SERVER_MAX,
} from "@fusionmeet/protocol";
import { type Announcement, shownName } from "./announcement.ts";
import { isLocalAddress, isOnLink, type Link } from "./ipv4.ts";

/** How somebody told of a server. */
export type FoundBy = "beacon" | "mdns" | "scan";

/** A server of this network, as it or somebody else announces it. */
export interface FoundServer {
  readonly fingerprint: Fingerprint;
  /** Can be shown as it is. */
  readonly name: string;
  readonly version: string;
  /** Absent where it did not say. */
  readonly rooms?: number;
  readonly people?: number;
  /** Where to try it, best first; one at least. */
  readonly endpoints: readonly { readonly hostname: string; readonly port: number }[];
  /** Its key was accepted before. Says nothing about whoever announces it now: only the key on the connection does. */
  readonly isKnown: boolean;
}

/** What somebody told of a server: who was asked may have kept the number of people to themselves. */
export type Told = Omit<Announcement, "rooms" | "people"> & {
  readonly rooms?: number;
  readonly people?: number;
};

/** One announcement, as it came from one address. */
export interface Sighting {
  readonly by: FoundBy;
  /** Address it came from. */
  readonly source: string;
  readonly announcement: Told;
  /** Until it is forgotten, unless it comes again. */
  readonly lifetimeMs: number;
}

interface KeptSighting extends Sighting {
  firstAtMs: number;
  seenAtMs: number;
  expiresAtMs: number;
}

/** A beacon that has not come for so long may be of an address that is not used any more. */
const STALE_MS = BEACON_INTERVAL_MS + 2_000;

/** The list is made anew at most so often: a flood of announcements costs no more. */
const UPDATE_GAP_MS = 100;

/** What the table stands on. */
export interface FoundServersParts {
  readonly timers: Timers;
  readonly counters: Counters;
  /** This machine's networks now. */
  links(): readonly Link[];
  isKnown(fingerprint: Fingerprint): boolean;
  /** The list is another one. */
  onChange(): void;
  /** A server's beacon stopped: whoever can shall ask whether it is still there. */
  onDoubt(fingerprint: Fingerprint): void;
}

/**
 * The servers that were heard of: one entry for each key, whatever ways and addresses it was announced by. Bounded
 * however much is announced: known servers first, then whoever came first, and of each address its share.
 */
export class FoundServers {
  readonly #parts: FoundServersParts;
  /** In the order in which they were first heard of. */
  readonly #byKey = new Map<Fingerprint, KeptSighting[]>();
  #cancelSweep = () => {};
  #updatedAtMs = -Infinity;
  #cancelUpdate: (() => void) | undefined;
  #shown = "[]";
  #isClosed = false;

  constructor(parts: FoundServersParts) {
    this.#parts = parts;
  }

  /** Known ones first, then in the order in which they were first heard of. */
  get servers(): FoundServer[] {
    const servers = [...this.#byKey.keys()].map((fingerprint) => this.#server(fingerprint));
    return servers.filter(({ endpoints }) => endpoints.length > 0)
      .sort((a, b) => Number(b.isKnown) - Number(a.isKnown));
  }

  find(fingerprint: Fingerprint): FoundServer | undefined {
    return this.servers.find((server) => server.fingerprint === fingerprint);
  }

  /** Somebody told of a server. */
  sighted(sighting: Sighting): void {
    if (this.#isClosed) return;
    const { timers } = this.#parts;
    const nowMs = timers.nowMs();
    const sightings = this.#byKey.get(sighting.announcement.fingerprint) ?? this.#open(sighting);
    if (sightings === undefined) return;
    const { by, source } = sighting;
    const at = sightings.findIndex((each) => each.by === by && each.source === source);
    const firstAtMs = at < 0 ? nowMs : sightings[at].firstAtMs;
    const expiresAtMs = nowMs + sighting.lifetimeMs;
    const kept = { ...sighting, firstAtMs, seenAtMs: nowMs, expiresAtMs };
    if (at >= 0) sightings[at] = kept;
    else sightings.push(kept);
    if (sightings.length > SIGHTINGS_PER_SERVER_MAX) this.#dropOldest(sightings);
    this.#changed();
  }

  /** A server said goodbye: what was announced from the same address ends, and not at once: it may object. */
  farewell({ source, fingerprint }: { source: string; fingerprint: Fingerprint }): void {
    const { timers, counters } = this.#parts;
    const nowMs = timers.nowMs();
    const sightings = this.#byKey.get(fingerprint) ?? [];
    if (!sightings.some((each) => each.source === source)) counters.add("farewell-of-nobody");
    else {
      // Where it was before it changed its address, nobody is left to say so.
      const left = leftSources(sightings, nowMs).add(source);
      for (const each of sightings.filter((each) => left.has(each.source))) {
        each.expiresAtMs = Math.min(each.expiresAtMs, nowMs + FAREWELL_MS);
      }
    }
    this.#changed();
  }

  /** This machine's networks, or the keys that are known, are others. */
  refresh(): void {
    this.#changed();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelSweep();
    this.#cancelUpdate?.();
  }

  #server(fingerprint: Fingerprint): FoundServer {
    const nowMs = this.#parts.timers.nowMs();
    const sightings = this.#byKey.get(fingerprint)!;
    const latest = sightings.reduce((one, other) => other.seenAtMs > one.seenAtMs ? other : one);
    const { version, rooms, people, name } = latest.announcement;
    const left = leftSources(sightings, nowMs);
    const ordered = sightings.toSorted((a, b) =>
      Number(left.has(a.source)) - Number(left.has(b.source)) || a.firstAtMs - b.firstAtMs
    );
    return {
      ...{ fingerprint, version, rooms, people },
      name: shownName(name),
      endpoints: this.#endpoints(ordered),
      isKnown: this.#parts.isKnown(fingerprint),
    };
  }

  /** Of fresh sightings before stale ones; where it was heard from, then our own networks, then the rest. */
  #endpoints(sightings: readonly KeptSighting[]): FoundServer["endpoints"] {
    const links = this.#parts.links();
    const endpoints = new Map<string, { hostname: string; port: number }>();
    for (const { by, source, announcement } of sightings) {
      const { addresses, port } = announcement;
      // A service of mDNS may be told of by another machine than the one it is on.
      const claimed = by === "mdns" && addresses.length > 0 ? addresses : [source, ...addresses];
      const near = (address: string) =>
        address === source ? 0 : links.some((link) => isOnLink(address, link)) ? 1 : 2;
      for (const hostname of claimed.toSorted((a, b) => near(a) - near(b))) {
        if (!isLocalAddress(hostname, links)) continue;
        endpoints.set(`${hostname}:${port}`, { hostname, port });
      }
    }
    return [...endpoints.values()].slice(0, SIGHTINGS_PER_SERVER_MAX);
  }

  /** A place for one more server; `undefined`, and counted, where there is none. */
  #open({ source, announcement: { fingerprint } }: Sighting): KeptSighting[] | undefined {
    const { counters, isKnown } = this.#parts;
    const known = isKnown(fingerprint);
    const ofSource = [...this.#byKey.values()].filter(([first]) => first?.source === source);
    if (!known && ofSource.length >= FOUND_PER_SOURCE_MAX) {
      counters.add("source-full");
      return undefined;
    }
    if (this.#byKey.size >= FOUND_SERVERS_MAX) {
      const giveWay = known ? [...this.#byKey.keys()].find((key) => !isKnown(key)) : undefined;
      counters.add("table-full");
      if (giveWay === undefined) return undefined;
      this.#byKey.delete(giveWay);
    }
    const sightings: KeptSighting[] = [];
    this.#byKey.set(fingerprint, sightings);
    return sightings;
  }

  #dropOldest(sightings: KeptSighting[]): void {
    const oldest = sightings.reduce((one, other) => other.seenAtMs < one.seenAtMs ? other : one);
    sightings.splice(sightings.indexOf(oldest), 1);
    this.#parts.counters.add("sightings-full");
  }

  #sweep(): void {
    const { timers, onDoubt } = this.#parts;
    const nowMs = timers.nowMs();
    for (const [fingerprint, sightings] of this.#byKey) {
      const rest = sightings.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
      const lostBeacon = sightings.some(({ by, expiresAtMs }) =>
        by === "beacon" && expiresAtMs <= nowMs
      );
      if (rest.length === 0) this.#byKey.delete(fingerprint);
      else this.#byKey.set(fingerprint, rest);
      const doubtful = lostBeacon ? rest.filter(({ by }) => by === "mdns") : [];
      for (const each of doubtful) {
        each.expiresAtMs = Math.min(each.expiresAtMs, nowMs + DOUBT_MS);
      }
      if (doubtful.length > 0) onDoubt(fingerprint);
    }
    this.#changed();
  }

  #sweepLater(): void {
    const { timers } = this.#parts;
    const nowMs = timers.nowMs();
    const times = [...this.#byKey.values()].flat().flatMap((each) =>
      isStale(each, nowMs) || each.by !== "beacon"
        ? [each.expiresAtMs]
        : [each.expiresAtMs, each.seenAtMs + STALE_MS]
    );
    this.#cancelSweep();
    if (times.length === 0 || this.#isClosed) return;
    const waitMs = Math.max(0, Math.min(...times) - nowMs);
    this.#cancelSweep = timers.after(waitMs, () => this.#sweep());
  }

  #changed(): void {
    if (this.#isClosed || this.#cancelUpdate !== undefined) return;
    const { timers } = this.#parts;
    const waitMs = this.#updatedAtMs + UPDATE_GAP_MS - timers.nowMs();
    if (waitMs <= 0) return this.#update();
    this.#cancelUpdate = timers.after(waitMs, () => {
      this.#cancelUpdate = undefined;
      this.#update();
    });
  }

  #update(): void {
    this.#updatedAtMs = this.#parts.timers.nowMs();
    this.#sweepLater();
    const shown = JSON.stringify(this.servers);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#parts.onChange();
  }
}

/** Addresses from which the beacon stopped: what mDNS still says of them may be of long ago, too. */
function leftSources(sightings: readonly KeptSighting[], nowMs: number): Set<string> {
  return new Set(sightings.filter((each) => isStale(each, nowMs)).map(({ source }) => source));
}

function isStale({ by, seenAtMs }: KeptSighting, nowMs: number): boolean {
  return by === "beacon" && nowMs >= seenAtMs + STALE_MS;
}
