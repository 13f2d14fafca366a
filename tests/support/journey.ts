/** What the network did with the RTP packets of one direction. */
export class Journey {
  readonly #packets: { ssrc: number; arrivals: number }[] = [];

  /** A packet was sent that will arrive `arrivals` times: 0 (lost), 1 or 2. */
  note(ssrc: number, arrivals: number): void {
    this.#packets.push({ ssrc, arrivals });
  }

  get sent(): number {
    return this.#packets.length;
  }

  get lost(): number {
    return this.#packets.filter(({ arrivals }) => arrivals === 0).length;
  }

  /** Copies that arrived on top of the first. */
  get doubles(): number {
    return this.#packets.filter(({ arrivals }) => arrivals === 2).length;
  }

  /**
   * Lost packets whose absence shows: one of their ssrc arrived before and one after them.
   *
   * @param isShared Others get packets of this ssrc too while another one is sent here, so only a gap within one run
   * of it shows.
   */
  missed(isShared: (ssrc: number) => boolean = () => false): number {
    const since = new Map<number, number>();
    let before: number | undefined;
    let missed = 0;
    for (const { ssrc, arrivals } of this.#packets) {
      if (ssrc !== before && isShared(ssrc)) since.delete(ssrc);
      before = ssrc;
      const open = since.get(ssrc);
      if (arrivals === 0) {
        if (open !== undefined) since.set(ssrc, open + 1);
        continue;
      }
      missed += open ?? 0;
      since.set(ssrc, 0);
    }
    return missed;
  }
}
