import { Refusal } from "@fusionmeet/base";
import type { ShareEnd } from "@fusionmeet/protocol";

/** Somebody who presents, or may. */
export interface Presenter {
  readonly id: number;
  readonly name: string;
}

/** One turn of presenting: from the lock's being granted to its end. */
export interface Share {
  /** Never used again. */
  readonly id: number;
  readonly holder: Presenter;
  /** The presenter's connection is lost and may come back. */
  readonly isAway: boolean;
  /** Its pictures have a connection now. */
  readonly isConnected: boolean;
  /** They had one before. */
  readonly wasConnected: boolean;
}

/** Somebody else has the lock. */
export class PresenterTaken extends Refusal {
  constructor(readonly holder: string) {
    super("presenter-taken", `${holder} is presenting`);
  }
}

/**
 * Who presents in a room: one at most. Pure: it knows no time and no messages; who is here and who is away it is told. A share that is
 * over stays over: its id is never given again, and whatever names it changes nothing.
 */
export class PresenterLock {
  readonly #nextShare: () => number;
  #share: Share | undefined;
  #lastEnd: ShareEnd | undefined;
  /** Who asked the presenter to hand over, in the order they asked. */
  #asking: Presenter[] = [];

  /** @param nextShare Gives a number it never gave before. */
  constructor(nextShare: () => number) {
    this.#nextShare = nextShare;
  }

  get share(): Share | undefined {
    return this.#share;
  }

  /** Why the share before the current one, or before nobody, is over. */
  get lastEnd(): ShareEnd | undefined {
    return this.#lastEnd;
  }

  get asking(): readonly Presenter[] {
    return this.#asking;
  }

  /** True while there is a share without pictures: its presenter is away, or the connection of the pictures is. */
  get isPaused(): boolean {
    const { isAway = false, isConnected, wasConnected } = this.#share ?? {};
    return isAway || (wasConnected === true && !isConnected);
  }

  /** Takes the lock. Asked again by who has it, nothing changes. @throws PresenterTaken */
  request(who: Presenter): void {
    const { holder } = this.#share ?? {};
    if (holder?.id === who.id) return;
    if (holder !== undefined) throw new PresenterTaken(holder.name);
    this.#start(who);
  }

  /** Asks the presenter to hand over. @returns false when they were asked before. @throws Refusal `nobody-presents`, `you-present` */
  ask(who: Presenter): boolean {
    if (this.#share === undefined) {
      throw new Refusal("nobody-presents", "Nobody is presenting: you can start at once");
    }
    if (this.#share.holder.id === who.id) throw new Refusal("you-present", "You are presenting");
    if (this.#asking.some(({ id }) => id === who.id)) return false;
    this.#asking.push(who);
    return true;
  }

  /** The presenter says yes (and hands over) or no. @throws Refusal `not-presenter`, `nobody-asked` */
  answer(who: Presenter, asker: number, accept: boolean): void {
    this.#requireHolder(who);
    const asking = this.#asking.find(({ id }) => id === asker);
    if (asking === undefined) {
      throw new Refusal("nobody-asked", "They do not ask to present, or not any more");
    }
    if (accept) this.#handOver(asking);
    else this.#asking = this.#asking.filter((each) => each !== asking);
  }

  /** The presenter makes somebody else the presenter, who has to be here. @throws Refusal `not-presenter`, `you-present` */
  give(who: Presenter, to: Presenter): void {
    this.#requireHolder(who);
    if (to.id === who.id) throw new Refusal("you-present", "You are presenting");
    this.#handOver(to);
  }

  /** That share is over, if it is not already. @returns whether it was the current one. */
  end(share: number, why: ShareEnd): boolean {
    if (this.#share?.id !== share) return false;
    this.#stop(why);
    return true;
  }

  /** Their connection is lost: a share of theirs waits, what they asked does not. @returns whether the share changed. */
  away(who: number): boolean {
    this.#forgetAsker(who);
    return this.#update({ isAway: true, isConnected: false }, this.#share?.holder.id === who);
  }

  /** They are back. @returns whether the share changed. */
  back(who: number): boolean {
    return this.#update({ isAway: false }, this.#share?.holder.id === who);
  }

  /** They are gone for good. @returns whether a share ended. */
  gone(who: number, why: ShareEnd): boolean {
    this.#forgetAsker(who);
    const isHolder = this.#share?.holder.id === who;
    if (isHolder) this.#stop(why);
    return isHolder;
  }

  /** The pictures of that share have a connection, or none any more. @returns whether the share changed. */
  connected(share: number, isConnected: boolean): boolean {
    const { isAway } = this.#share ?? {};
    const isCurrent = this.#share?.id === share && !isAway;
    return this.#update({ isConnected, ...(isConnected && { wasConnected: true }) }, isCurrent);
  }

  #requireHolder(who: Presenter): void {
    if (this.#share?.holder.id === who.id) return;
    const state = this.#share === undefined ? "nobody is" : `${this.#share.holder.name} is`;
    throw new Refusal("not-presenter", `You are not presenting: ${state}`);
  }

  #handOver(to: Presenter): void {
    this.#stop("handed-over");
    this.#start(to);
  }

  #start({ id, name }: Presenter): void {
    this.#share = {
      id: this.#nextShare(),
      holder: { id, name },
      ...{ isAway: false, isConnected: false, wasConnected: false },
    };
    this.#asking = [];
  }

  #stop(why: ShareEnd): void {
    this.#share = undefined;
    this.#lastEnd = why;
    this.#asking = [];
  }

  #forgetAsker(who: number): void {
    this.#asking = this.#asking.filter(({ id }) => id !== who);
  }

  #update(
    change: Partial<Pick<Share, "isAway" | "isConnected" | "wasConnected">>,
    isMeant: boolean,
  ): boolean {
    const before = this.#share;
    if (before === undefined || !isMeant) return false;
    const after = { ...before, ...change };
    if (
      after.isAway === before.isAway && after.isConnected === before.isConnected &&
      after.wasConnected === before.wasConnected
    ) return false;
    this.#share = after;
    return true;
  }
}
