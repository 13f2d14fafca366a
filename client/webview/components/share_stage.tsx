import { useEffect, useRef, useState } from "preact/hooks";
import type { PresentingState } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import type { ScreenState } from "../media/screen_stream.ts";
import type { SharedScreen } from "../media/shared_screen.ts";
import type { ShareView } from "../share_view.ts";
import type { Strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { Info, LoaderCircle, MonitorUp } from "./icons.ts";
import { SharePane } from "./share_pane.tsx";
import { ShareTools } from "./share_tools.tsx";

export interface ShareStageProps {
  readonly presenting: PresentingState;
  readonly view: ShareView;
  /** Takes one's own share off the stage again; there where it is one's own. */
  readonly onHide?: () => void;
}

/** The share as others see it: what it is, how it is looked at, and the picture. */
export function ShareStage({ presenting, view, onHide }: ShareStageProps) {
  const { strings, media, store } = useApp();
  const text = strings.share;
  const isCutOff = store.meeting.value?.comingBack !== null;
  const isOwn = onHide !== undefined;
  const screen = media.value?.screen;
  const state = useScreenState(screen, presenting.share);
  const name = presenting.name;
  const title = state?.title ?? "";
  const message = isCutOff && state?.hasPicture
    ? { text: text.cutOff, waits: true }
    : shareMessage(presenting, state, text);
  useEffect(() => view.begin(), [view]);
  useTold(message?.text);
  return (
    <section class="share" aria-label={isOwn ? text.yours : text.presents(name)}>
      <header class="share-header">
        <MonitorUp size={18} aria-hidden="true" />
        <p class="share-title ellipsis" title={title || undefined}>
          <strong>{isOwn ? text.yours : <Named name={name} sentence={text.presents} />}</strong>
          {title && <bdi class="share-what">{title}</bdi>}
        </p>
        {screen && state && (
          <ShareTools
            screen={screen}
            state={state}
            view={view}
            isCurrent={message === undefined}
            name={isOwn ? null : name}
          />
        )}
        {onHide && <Button kind="quiet" onClick={onHide}>{text.hideOwn}</Button>}
      </header>
      {state?.showsMoves === false && (
        <p class="share-note">
          <Info size={16} aria-hidden="true" />
          <span>
            <strong>{text.stillsOnly}</strong> {text.stillsOnlyText}
          </span>
        </p>
      )}
      <div class="share-space">
        {screen && state && (
          <SharePane
            screen={screen}
            state={state}
            view={view}
            label={text.screenOf(name, title)}
            paneLabel={text.pane}
            isOld={message !== undefined}
          />
        )}
        {message && (
          <p class="share-message" data-alone={state?.hasPicture ? undefined : ""}>
            {message.waits && <LoaderCircle class="spin" size={18} aria-hidden="true" />}
            <span dir="auto">{message.text}</span>
          </p>
        )}
      </div>
    </section>
  );
}

/** Screen readers are told when the picture is not what is there; not that it is being waited for at first. */
function useTold(message: string | undefined): void {
  const { announcer } = useApp();
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current && message) announcer.say(message);
    isFirst.current = false;
  }, [message]);
}

/** A name within a sentence of another direction stays in its place. */
function Named({ name, sentence }: { name: string; sentence: (name: string) => string }) {
  const [before, after] = sentence("\u0000").split("\u0000");
  return (
    <>
      {before}
      <bdi>{name}</bdi>
      {after}
    </>
  );
}

/** What is to be said instead of, or over, the picture; undefined where it is the screen as it is now. */
function shareMessage(
  { name, paused }: PresentingState,
  state: ScreenState | undefined,
  text: Strings["share"],
): { readonly text: string; readonly waits: boolean } | undefined {
  if (paused) return { text: text.paused(name), waits: true };
  if (state?.status === "hidden") return { text: text.hidden(name), waits: false };
  if (state?.status === "failed") return { text: text.failed(name), waits: false };
  if (state?.hasPicture) return undefined;
  return { text: text.waiting(name), waits: true };
}

/** What is known of the screen of this share; undefined before it comes. */
function useScreenState(screen: SharedScreen | undefined, share: number): ScreenState | undefined {
  const [state, setState] = useState(screen?.state);
  useEffect(() => {
    const look = () => setState(screen?.state);
    look();
    return screen?.onChange(look);
  }, [screen]);
  // A share that is over takes no more memory.
  useEffect(() => () => screen?.end(share), [screen, share]);
  return state?.share === share ? state : undefined;
}
