import { Counters, type Random, type Timers } from "@fusionmeet/base";
import { BEACON_LIFETIME_MS, type Fingerprint } from "@fusionmeet/protocol";
import { BeaconSeeker } from "./beacon_seeker.ts";
import { type FoundServer, FoundServers, type Sighting } from "./found_servers.ts";
import type { Link } from "./ipv4.ts";
import { openLinkChannels } from "./link_channels.ts";
import { LinkFollower } from "./link_follower.ts";
import { MdnsBrowser } from "./mdns_browser.ts";
import { type OpenChannel, openMulticast } from "./multicast_socket.ts";
import type { DiscoveryProblem } from "./server_announcer.ts";

/** What a finder stands on. */
export interface FinderParts {
  readonly timers: Timers;
  readonly random: Random;
  /** This machine's networks, best first. */
  links(): readonly Link[];
  /** A key that was accepted before. */
  isKnown(fingerprint: Fingerprint): boolean;
  /** The list of servers is another one. */
  onChange(): void;
  onProblem(problem: DiscoveryProblem): void;
  readonly openChannel?: OpenChannel;
}

/** Looks for servers by mDNS and beacon on all of this machine's networks until it is closed. Never throws: what does not work is a problem told once. */
export class ServerFinder {
  readonly counters = new Counters();
  readonly #parts: FinderParts;
  readonly #found: FoundServers;
  readonly #follower: LinkFollower<SearchedLink>;

  constructor(parts: FinderParts) {
    this.#parts = parts;
    const { timers, links, isKnown, onChange, onProblem } = parts;
    this.#found = new FoundServers({
      ...{ timers, isKnown, onChange, counters: this.counters },
      links: () => this.#follower?.links ?? [],
      onDoubt: (fingerprint) =>
        void this.#follower.each(({ browser }) => browser.askAgain(fingerprint)),
    });
    this.#follower = new LinkFollower<SearchedLink>({
      ...{ timers, links },
      open: (link) => this.#open(link),
      onProblem: ({ name }, state) => onProblem({ network: name, state }),
      onChange: () => this.#found.refresh(),
    });
  }

  /** Known ones first, then in the order in which they were heard of. */
  get servers(): FoundServer[] {
    return this.#found.servers;
  }

  find(fingerprint: Fingerprint): FoundServer | undefined {
    return this.#found.find(fingerprint);
  }

  /** This machine's networks as they were last seen. */
  get links(): readonly Link[] {
    return this.#follower.links;
  }

  /** A server that was found in another way. */
  add(sighting: Sighting): void {
    this.#found.sighted(sighting);
  }

  /** Other keys are known now. */
  refresh(): void {
    this.#found.refresh();
  }

  async close(): Promise<void> {
    this.#found.close();
    await this.#follower.close();
  }

  async #open(link: Link): Promise<SearchedLink> {
    const { timers, random, openChannel = openMulticast, onProblem } = this.#parts;
    const { counters } = this;
    const found = this.#found;
    // Nobody listens before it is there.
    const listening: { browser?: MdnsBrowser } = {};
    const channels = await openLinkChannels(link, {
      dns: (message, source) => listening.browser?.receive(message, source),
      beacon: (beacon, source) => {
        if (beacon.type === "server") {
          const { announcement } = beacon;
          found.sighted({ by: "beacon", source, announcement, lifetimeMs: BEACON_LIFETIME_MS });
        } else if (beacon.type === "gone") {
          found.farewell({ source, fingerprint: beacon.fingerprint });
        }
      },
    }, {
      ...{ timers, counters, openChannel },
      onProblem: (state) => onProblem({ network: link.name, state }),
    });
    const browser = new MdnsBrowser({
      ...{ timers, random, counters, send: channels.dns },
      onSighting: (source, announcement, lifetimeMs) =>
        found.sighted({ by: "mdns", source, announcement, lifetimeMs }),
      onFarewell: (source, fingerprint) => found.farewell({ source, fingerprint }),
    });
    listening.browser = browser;
    const seeker = new BeaconSeeker({ timers, send: channels.beacon });
    return {
      browser,
      close: async () => {
        browser.close();
        seeker.close();
        await channels.close();
      },
    };
  }
}

interface SearchedLink {
  readonly browser: MdnsBrowser;
  close(): Promise<void>;
}
