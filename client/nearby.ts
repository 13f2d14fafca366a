import {
  addressesToSearch,
  type FoundServer,
  type OpenChannel,
  ServerFinder,
} from "@fusionmeet/discovery";
import type { Nearby, NearbyServer } from "@fusionmeet/bridge";
import { lanInterfaces, systemRandom, systemTimers, type Timers } from "@fusionmeet/net";
import {
  CONTROL_PORT,
  type Fingerprint,
  SCAN_ADDRESSES_MAX,
  SCAN_ANSWER_MS,
} from "@fusionmeet/protocol";
import type { PinStore } from "@fusionmeet/store";
import { addressText } from "./failures.ts";
import { askAnybody } from "./lobby.ts";
import { searchNetwork } from "./network_search.ts";
import type { ServerAddress } from "./options.ts";

/** Servers that are there have been heard by now. */
const STARTING_MS = 2_500;
/** Who was found by asking is listed so long: until the next search, or as long as anybody looks at a list. */
const SEARCHED_LIFETIME_MS = 10 * 60_000;

/** What the looking for servers stands on. */
export interface NearbyMeans {
  /** The keys that were accepted; `undefined` where they cannot be read. */
  pins(): Pick<PinStore, "knows" | "addressesOf"> | undefined;
  /** What there is is different now. */
  onChange(nearby: Nearby): void;
  /** What does not work, for the terminal: a sentence. */
  onProblem(sentence: string): void;
  readonly timers?: Timers;
  readonly links?: typeof lanInterfaces;
  readonly openChannel?: OpenChannel;
  readonly ask?: typeof askAnybody;
  /** TCP port that a search asks. */
  readonly port?: number;
}

/** Looks for the servers on this computer's networks while somebody may want to join one. */
export class NearbyServers {
  readonly #means: NearbyMeans;
  readonly #timers: Timers;
  #finder: ServerFinder | undefined;
  #isStarting = false;
  #cancelStarting = () => {};
  #search: { stop: AbortController; done: number; all: number } | undefined;
  #problem: string | null = null;

  constructor(means: NearbyMeans) {
    this.#means = means;
    this.#timers = means.timers ?? systemTimers;
  }

  get state(): Nearby {
    const servers = this.#finder?.servers ?? [];
    return {
      state: this.#finder === undefined ? "off" : this.#isStarting ? "starting" : "listening",
      servers: servers.map((server) => this.#shown(server)),
      search: this.#search ? { done: this.#search.done, all: this.#search.all } : null,
      problem: this.#problem,
    };
  }

  /** Begins to look; nothing where it does already. */
  start(): void {
    if (this.#finder !== undefined) return;
    const { links = lanInterfaces, openChannel, pins, onProblem } = this.#means;
    this.#problem = null;
    this.#isStarting = true;
    this.#cancelStarting = this.#timers.after(STARTING_MS, () => {
      this.#isStarting = false;
      this.#changed();
    });
    this.#finder = new ServerFinder({
      ...{ timers: this.#timers, random: systemRandom, openChannel },
      links: () => links(),
      isKnown: (fingerprint) => pins()?.knows(fingerprint) ?? false,
      onChange: () => this.#changed(),
      onProblem: ({ network, state }) => {
        this.#problem = `Cannot look for servers on ${network}: ${state}`;
        onProblem(this.#problem);
        this.#changed();
      },
    });
    this.#changed();
  }

  /** Looks no more, and forgets what was found. */
  async stop(): Promise<void> {
    const finder = this.#finder;
    this.#finder = undefined;
    this.#cancelStarting();
    this.#search?.stop.abort();
    this.#search = undefined;
    await finder?.close();
  }

  /** The keys that are known are others. */
  refresh(): void {
    this.#finder?.refresh();
    this.#changed();
  }

  /** The server with that key, as it is announced now. */
  find(fingerprint: Fingerprint): FoundServer | undefined {
    return this.#finder?.find(fingerprint);
  }

  /** Asks the addresses of this computer's networks one by one. It ends by itself in half a minute at most. */
  async search(): Promise<void> {
    const finder = this.#finder;
    if (finder === undefined || this.#search !== undefined) return;
    const addresses = addressesToSearch(finder.links, SCAN_ADDRESSES_MAX);
    const search = { stop: new AbortController(), done: 0, all: addresses.length };
    this.#search = search;
    this.#changed();
    try {
      await searchNetwork(addresses, {
        timers: this.#timers,
        signal: search.stop.signal,
        ask: (address, signal) => this.#ask(address, signal, finder),
        onProgress: (done) => {
          search.done = done;
          this.#changed();
        },
      });
    } finally {
      if (this.#search === search) this.#search = undefined;
      this.#changed();
    }
  }

  stopSearch(): void {
    this.#search?.stop.abort();
  }

  async #ask(address: string, signal: AbortSignal, finder: ServerFinder): Promise<void> {
    const { ask = askAnybody, port = CONTROL_PORT } = this.#means;
    const patience = AbortSignal.any([signal, AbortSignal.timeout(SCAN_ANSWER_MS)]);
    const answer = await ask({ hostname: address, port }, patience);
    const isOpen = !answer.needsPin;
    finder.add({
      ...{ by: "scan", source: address, lifetimeMs: SEARCHED_LIFETIME_MS },
      announcement: {
        fingerprint: answer.fingerprint,
        name: answer.name ?? address,
        version: "?",
        port,
        rooms: isOpen ? answer.rooms.length : undefined,
        people: isOpen ? answer.rooms.reduce((sum, { people }) => sum + people, 0) : undefined,
        addresses: [],
      },
    });
  }

  #shown({ fingerprint, name, endpoints, rooms, people, isKnown }: FoundServer): NearbyServer {
    const pins = isKnown ? this.#means.pins() : undefined;
    return {
      ...{ fingerprint, name, address: typedAddress(endpoints[0]), known: isKnown },
      rooms: rooms ?? null,
      people: people ?? null,
      formerly: pins?.addressesOf(fingerprint) ?? [],
    };
  }

  #changed(): void {
    this.#means.onChange(this.state);
  }
}

/** An address as people type it: the port only where it is not the usual one. */
export function typedAddress(server: ServerAddress): string {
  return server.port === CONTROL_PORT && !server.hostname.includes(":")
    ? server.hostname
    : addressText(server);
}
