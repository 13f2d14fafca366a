import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { AskingState, MeetingState, OwnShareState } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { secondsUntil } from "../times.ts";
import { Button } from "./button.tsx";
import { asSentence } from "./field.tsx";
import { Hand, LoaderCircle, MonitorUp } from "./icons.ts";
import { Notice } from "./notice.tsx";

/** More who ask at once are counted. */
const ASKING_SHOWN_MAX = 3;

export interface PresentRegionProps {
  readonly meeting: MeetingState;
  /** Opens the list to pick from. */
  readonly onPick: () => void;
}

/** Above everything, for the presenter: that they present and what; that it is their turn; who asks for it. */
export function PresentRegion({ meeting, onPick }: PresentRegionProps) {
  const { strings } = useApp();
  const { ownShare, askingToPresent } = meeting;
  useAnnouncements(meeting);
  if (ownShare === null && askingToPresent.length === 0) return null;
  const isTurn = ownShare?.state === "turn";
  return (
    <section class="present" aria-label={strings.present.region}>
      {ownShare !== null && !isTurn && (
        <PresentBar
          share={ownShare}
          isPaused={meeting.comingBack !== null || (meeting.presenting?.paused ?? false)}
          onPick={onPick}
        />
      )}
      {isTurn && <YourTurn share={ownShare} onPick={onPick} />}
      {askingToPresent.length > 0 && (
        <div class="present-asking">
          {askingToPresent.slice(0, ASKING_SHOWN_MAX).map((asker) => (
            <Request key={asker.participant} asker={asker} />
          ))}
          {askingToPresent.length > ASKING_SHOWN_MAX && (
            <p class="present-more">
              {strings.present.moreAsk(askingToPresent.length - ASKING_SHOWN_MAX)}
            </p>
          )}
        </div>
      )}
    </section>
  );
}

interface PresentBarProps {
  readonly share: OwnShareState;
  readonly isPaused: boolean;
  readonly onPick: () => void;
}

function PresentBar({ share, isPaused, onPick }: PresentBarProps) {
  const { strings, send } = useApp();
  const text = strings.present;
  const state = isPaused ? text.paused : text.states[share.state];
  const waits = isPaused || share.state === "starting";
  return (
    <div class="present-bar" data-waiting={state ? "" : undefined}>
      {waits
        ? <LoaderCircle class="spin" size={18} aria-hidden="true" />
        : <MonitorUp size={18} aria-hidden="true" />}
      <p class="ellipsis" title={share.title ?? undefined}>
        <strong>{text.yours}</strong> <bdi>{share.title}</bdi>
        {state && <span class="present-state">{state}</span>}
      </p>
      <button type="button" class="present-change" onClick={onPick}>{text.change}</button>
      <button
        type="button"
        class="present-stop"
        onClick={() => send({ do: "present.stop" })}
      >
        {text.stopName}
      </button>
    </div>
  );
}

function YourTurn({ share, onPick }: { share: OwnShareState; onPick: () => void }) {
  const { strings, send } = useApp();
  const text = strings.present;
  return (
    <Notice
      kind="accent"
      icon={<MonitorUp size={20} />}
      title={asSentence(text.yourTurnTitle)}
      action={
        <Actions>
          <Button onClick={() => send({ do: "present.stop" })}>{text.notNow}</Button>
          <Button kind="primary" onClick={onPick}>{text.choose}</Button>
        </Actions>
      }
    >
      {text.yourTurn} {share.endsAt !== null && <TurnEnds at={share.endsAt} />}
    </Notice>
  );
}

/** Counts down for the eye alone. */
function TurnEnds({ at }: { at: number }) {
  const { strings } = useApp();
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  return (
    <span class="countdown">{asSentence(strings.present.turnEnds(secondsUntil(at, now)))}</span>
  );
}

function Request({ asker: { participant, name } }: { asker: AskingState }) {
  const { strings, send } = useApp();
  const text = strings.present;
  const answer = (accept: boolean) => send({ do: "present.answer", participant, accept });
  return (
    <Notice
      kind="accent"
      icon={<Hand size={20} />}
      action={
        <Actions>
          <Button label={text.notNowTo(name)} onClick={() => answer(false)}>{text.notNow}</Button>
          <Button kind="primary" label={text.handOverTo(name)} onClick={() => answer(true)}>
            {text.handOver}
          </Button>
        </Actions>
      }
    >
      <strong dir="auto">{asSentence(text.asks(name))}</strong>
    </Notice>
  );
}

function Actions({ children }: { children: ComponentChildren }) {
  return <span class="present-actions">{children}</span>;
}

/** Screen readers are told who asks, that it is one's turn, and when others begin or cease to see what one shows. */
function useAnnouncements({ askingToPresent, ownShare }: MeetingState): void {
  const { strings, announcer } = useApp();
  const text = strings.present;
  const known = useRef<readonly number[]>([]);
  const stage = ownShare?.state;
  const before = useRef(stage);
  useEffect(() => {
    for (const { participant, name } of askingToPresent) {
      if (!known.current.includes(participant)) announcer.say(text.asks(name));
    }
    known.current = askingToPresent.map(({ participant }) => participant);
  }, [askingToPresent]);
  useEffect(() => {
    if (stage === "turn") announcer.say(`${text.yourTurnTitle}. ${text.yourTurn}`);
    if (stage === "showing") announcer.say(text.announced(ownShare?.title ?? ""));
    if (stage === undefined && before.current !== undefined) announcer.say(text.over);
    before.current = stage;
  }, [stage, ownShare?.title]);
}
