import { OwnMixes, rampVoice, sumVoices, TalkerSelection } from "@fusionmeet/mixer";
import { FRAME_SAMPLES, MIX_TALKERS_MAX } from "@fusionmeet/protocol";
import type { Talker } from "./talker.ts";

/** Who is heard in one tick, and the two sums everyone's mix is made of. */
export interface ChosenMix {
  /** Who silent people hear. */
  readonly heard: readonly Talker[];
  /** Who a talker hears, themselves included: one more where there are that many. */
  readonly heardByTalkers: readonly Talker[];
  /** Ids of who gets a mix of their own. */
  readonly owners: ReadonlySet<number>;
}

/**
 * Chooses who is in the mix: the 8 loudest, the listener never counted. So talkers choose among 9 (`wide`) and the
 * silent hear 8 of those; with up to 8 talkers the two are the same. Whoever comes or goes mid-word is ramped.
 */
export class MixChoice {
  /** Sum of `heard`. */
  readonly sum = new Int32Array(FRAME_SAMPLES);
  /** Sum of `heardByTalkers`; subtract the listener. */
  readonly wideSum = new Int32Array(FRAME_SAMPLES);
  readonly #wide = new TalkerSelection({ talkersMax: MIX_TALKERS_MAX + 1 });
  readonly #narrow = new TalkerSelection({ talkersMax: MIX_TALKERS_MAX });
  readonly #owners = new OwnMixes({ listenersMax: MIX_TALKERS_MAX });

  /** Writes both sums. Frames of talkers who enter or leave are ramped in place. */
  choose(audible: readonly Talker[], dueMs: number): ChosenMix {
    const byId = new Map(audible.map((talker) => [talker.id, talker]));
    const find = (ids: readonly number[]): Talker[] => ids.flatMap((id) => byId.get(id) ?? []);
    const wide = this.#wide.select(audible, dueMs);
    const wideTalkers = find(wide.talkers);
    for (const { pcm } of find(wide.entering)) rampVoice(pcm, 0, 1);
    for (const { pcm } of find(wide.leaving)) rampVoice(pcm, 1, 0);
    sumVoices(wideTalkers.map(({ pcm }) => pcm), this.wideSum);

    const narrow = this.#narrow.select(wideTalkers, dueMs);
    const entering = new Set(narrow.entering);
    const leaving = new Set(narrow.leaving);
    sumVoices(
      find(narrow.talkers).map(({ id, pcm }) => {
        if (entering.has(id)) return ramped(pcm, 0, 1);
        return leaving.has(id) ? ramped(pcm, 1, 0) : pcm;
      }),
      this.sum,
    );
    const stays = (gone: readonly number[]) => ({ id }: Talker) => !gone.includes(id);
    return {
      heard: find(narrow.talkers).filter(stays([...narrow.leaving, ...wide.leaving])),
      heardByTalkers: wideTalkers.filter(stays(wide.leaving)),
      owners: new Set(this.#owners.update(narrow.talkers, dueMs)),
    };
  }

  /** Forgets someone who left. */
  remove(id: number): void {
    this.#owners.remove(id);
  }
}

function ramped(pcm: Int16Array, from: number, to: number): Int16Array {
  const copy = pcm.slice();
  rampVoice(copy, from, to);
  return copy;
}
