import { Counters, type Random, type Timers } from "@fusionmeet/base";
import { ANNOUNCED_ADDRESSES_MAX } from "@fusionmeet/protocol";
import type { Announcement } from "./announcement.ts";
import { BeaconAnnouncer } from "./beacon_announcer.ts";
import type { Link } from "./ipv4.ts";
import { LinkFollower } from "./link_follower.ts";
import { openLinkChannels } from "./link_channels.ts";
import { MdnsResponder } from "./mdns_responder.ts";
import { type OpenChannel, openMulticast } from "./multicast_socket.ts";

/** What does not work on one network: the rest goes on. */
export interface DiscoveryProblem {
  /** Name of the interface. */
  readonly network: string;
  readonly state: string;
}

/** What an announcer stands on. */
export interface AnnouncerParts {
  readonly timers: Timers;
  readonly random: Random;
  /** This machine's networks on which the server is reached, best first. */
  links(): readonly Link[];
  onProblem(problem: DiscoveryProblem): void;
  readonly openChannel?: OpenChannel;
}

/** What is announced of a server; its addresses are those of each network. */
export type ServerFacts = Omit<Announcement, "addresses">;

/** Announces one server by mDNS and beacon on all of this machine's networks until it is closed. Never throws: what does not work is a problem told once. */
export class ServerAnnouncer {
  readonly counters = new Counters();
  readonly #parts: AnnouncerParts;
  readonly #follower: LinkFollower<AnnouncedLink>;
  #facts: ServerFacts;

  constructor(facts: ServerFacts, parts: AnnouncerParts) {
    this.#facts = facts;
    this.#parts = parts;
    const { timers, links, onProblem } = parts;
    this.#follower = new LinkFollower({
      timers,
      links,
      open: (link) => this.#open(link),
      onProblem: ({ name }, state) => onProblem({ network: name, state }),
    });
  }

  /** Other numbers of rooms and people. Nothing happens where they are the same. */
  update(counts: Pick<Announcement, "rooms" | "people">): void {
    const { rooms, people } = this.#facts;
    if (rooms === counts.rooms && people === counts.people) return;
    this.#facts = { ...this.#facts, ...counts };
    void this.#follower.each((announced) => announced.update(this.#facts));
  }

  /** Says goodbye. Takes as long as it takes to hand it over. */
  async close(): Promise<void> {
    await this.#follower.close();
  }

  async #open(link: Link): Promise<AnnouncedLink> {
    const { timers, random, openChannel = openMulticast, onProblem } = this.#parts;
    // Nobody listens before both are there.
    const listening: { responder?: MdnsResponder; beacon?: BeaconAnnouncer } = {};
    const channels = await openLinkChannels(link, {
      dns: (message) => listening.responder?.receive(message),
      beacon: (message) => listening.beacon?.receive(message),
    }, {
      ...{ timers, openChannel, counters: this.counters },
      onProblem: (state) => onProblem({ network: link.name, state }),
    });
    const announcement = announcedOn(link, this.#facts);
    const responder = new MdnsResponder(announcement, { timers, random, send: channels.dns });
    const beacon = new BeaconAnnouncer(announcement, { timers, send: channels.beacon });
    Object.assign(listening, { responder, beacon });
    return {
      update: (facts) => {
        responder.update(announcedOn(link, facts));
        beacon.update(announcedOn(link, facts));
      },
      close: async () => {
        responder.close();
        beacon.close();
        await channels.close();
      },
    };
  }
}

interface AnnouncedLink {
  update(facts: ServerFacts): void;
  close(): Promise<void>;
}

/** On each network the addresses of that network: whoever hears it there reaches them there. */
function announcedOn({ addresses }: Link, facts: ServerFacts): Announcement {
  const texts = addresses.map(({ address }) => address).slice(0, ANNOUNCED_ADDRESSES_MAX);
  return { ...facts, addresses: texts };
}
