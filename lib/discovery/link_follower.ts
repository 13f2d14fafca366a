import { every, messageOf, type Timers } from "@fusionmeet/base";
import { LINKS_MAX, LINKS_POLL_MS } from "@fusionmeet/protocol";
import type { Link } from "./ipv4.ts";

/** A network on which something could not be opened is tried again after this. */
const RETRY_MS = 30_000;

/** What is open on one network. */
export interface OnLink {
  close(): Promise<void>;
}

/** What a follower stands on. */
export interface FollowerParts<T extends OnLink> {
  readonly timers: Timers;
  /** This machine's networks now, best first. */
  links(): readonly Link[];
  /** @throws what the system says when it cannot. */
  open(link: Link): Promise<T>;
  /** A network on which it cannot be opened, each time once. */
  onProblem(link: Link, state: string): void;
  /** The networks are others. */
  onChange?(): void;
}

interface Held<T> {
  readonly link: Link;
  readonly opened: Promise<T | undefined>;
  /** When it is tried again; never where it is open. */
  retryMs: number;
}

/** Keeps something open on each of this machine's networks, as they come, go and change their addresses. */
export class LinkFollower<T extends OnLink> {
  readonly #parts: FollowerParts<T>;
  readonly #stop = new AbortController();
  /** By the name of the interface. */
  readonly #held = new Map<string, Held<T>>();
  #links: readonly Link[] = [];

  constructor(parts: FollowerParts<T>) {
    this.#parts = parts;
    this.#look();
    every(LINKS_POLL_MS, () => this.#look(), { timers: parts.timers, signal: this.#stop.signal });
  }

  /** This machine's networks as they were last seen. */
  get links(): readonly Link[] {
    return this.#links;
  }

  /** Does something with all that is open. */
  async each(use: (opened: T) => void): Promise<void> {
    for (const { opened } of this.#held.values()) {
      const held = await opened;
      if (held !== undefined) use(held);
    }
  }

  /** Closes all; takes as long as that takes. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#held.keys()].map((name) => this.#let(name)));
  }

  #look(): void {
    const links = this.#parts.links().slice(0, LINKS_MAX);
    const nowMs = this.#parts.timers.nowMs();
    const isSame = JSON.stringify(links) === JSON.stringify(this.#links);
    this.#links = links;
    for (const [name, { link, retryMs }] of this.#held) {
      const now = links.find((each) => each.name === name);
      const isChanged = JSON.stringify(now) !== JSON.stringify(link);
      if (isChanged || nowMs >= retryMs) void this.#let(name);
    }
    for (const link of links) if (!this.#held.has(link.name)) this.#hold(link);
    if (!isSame) this.#parts.onChange?.();
  }

  #hold(link: Link): void {
    const held: Held<T> = { link, opened: this.#open(link, () => held), retryMs: Infinity };
    this.#held.set(link.name, held);
  }

  async #open(link: Link, held: () => Held<T>): Promise<T | undefined> {
    try {
      return await this.#parts.open(link);
    } catch (thrown) {
      held().retryMs = this.#parts.timers.nowMs() + RETRY_MS;
      this.#parts.onProblem(link, messageOf(thrown));
      return undefined;
    }
  }

  async #let(name: string): Promise<void> {
    const { opened } = this.#held.get(name)!;
    this.#held.delete(name);
    await (await opened)?.close();
  }
}
