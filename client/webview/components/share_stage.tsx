import { useEffect, useState } from "preact/hooks";
import type { PresentingState } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import type { ScreenState } from "../media/screen_stream.ts";
import type { SharedScreen } from "../media/shared_screen.ts";
import type { ShareView } from "../share_view.ts";
import type { Strings } from "../strings.ts";
import { LoaderCircle, MonitorUp } from "./icons.ts";
import { SharePane } from "./share_pane.tsx";
import { ShareTools } from "./share_tools.tsx";

export interface ShareStageProps {
  readonly presenting: PresentingState;
  readonly isOwn: boolean;
  readonly view: ShareView;
}

/** The share as others see it: what it is, how it is looked at, and the picture. */
export function ShareStage({ presenting, isOwn, view }: ShareStageProps) {
  const { strings, media } = useApp();
  const text = strings.share;
  const screen = media.value?.screen;
  const state = useScreenState(screen, presenting.share);
  const name = presenting.name;
  const title = state?.title ?? "";
  const message = shareMessage(presenting, state, text);
  return (
    <section class="share" aria-label={isOwn ? text.yours : text.presents(name)}>
      <header class="share-header">
        <MonitorUp size={18} aria-hidden="true" />
        <p class="share-title ellipsis" title={title || undefined}>
          <strong>{isOwn ? text.yours : <Named name={name} sentence={text.presents} />}</strong>
          {title && <bdi class="share-what">{title}</bdi>}
        </p>
        {screen && state && (
          <ShareTools screen={screen} state={state} view={view} name={name} isOwn={isOwn} />
        )}
      </header>
      <div class="share-space">
        {screen && state && (
          <SharePane
            screen={screen}
            state={state}
            view={view}
            label={text.screenOf(name, title)}
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
