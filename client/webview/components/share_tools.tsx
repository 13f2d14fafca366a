import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app.ts";
import type { ScreenState } from "../media/screen_stream.ts";
import type { SharedScreen } from "../media/shared_screen.ts";
import type { ShareView } from "../share_view.ts";
import { IconButton } from "./button.tsx";
import { Check, ChevronDown, Maximize, Minimize, ZoomIn, ZoomOut } from "./icons.ts";
import { Popover } from "./popover.tsx";

/** The figures are looked at so often. */
const FIGURES_MS = 500;

export interface ShareToolsProps {
  readonly screen: SharedScreen;
  readonly state: ScreenState;
  readonly view: ShareView;
  /** What is shown is what is there. */
  readonly isCurrent: boolean;
  /** Whose it is; null: one's own. */
  readonly name: string | null;
}

/** How exact and how late it is, and how large. */
export function ShareTools({ screen, state, view, isCurrent, name }: ShareToolsProps) {
  const { strings } = useApp();
  const text = strings.share;
  const isFull = view.isFull.value;
  const percent = Math.round(view.scale * 100);
  const isFit = view.zoom.value === "fit";
  const { up, down } = view.canStep;
  const isExact = state.exact && isCurrent;
  const figures = useFigures(screen, text);
  const why = state.scaled ? text.exactScaled : text.exactWhy(name);
  return (
    <>
      <span class="share-figures figures">{figures}</span>
      <span
        class="share-exact"
        data-on={isExact ? "" : undefined}
        aria-hidden={isExact ? undefined : "true"}
        title={why}
      >
        <Check size={14} aria-hidden="true" />
        {text.exact}
      </span>
      <div class="share-tools" role="group" aria-label={text.view}>
        <IconButton label={text.zoomOut} isOff={!down} onClick={() => view.step(-1)}>
          <ZoomOut size={18} aria-hidden="true" />
        </IconButton>
        <Popover
          label={text.view}
          side="below"
          button={({ isOpen, toggle }) => (
            <button
              type="button"
              class="share-scale"
              aria-expanded={isOpen}
              aria-label={text.scale(percent, isFit)}
              onClick={toggle}
            >
              <span class="figures">{isFit ? text.fitted : text.percent(percent)}</span>
              <ChevronDown size={14} aria-hidden="true" />
            </button>
          )}
        >
          {() => (
            <>
              <fieldset class="radios">
                <legend>{text.view}</legend>
                {(["fit", 1, 2] as const).map((zoom) => (
                  <label key={zoom}>
                    <input
                      type="radio"
                      name="share-zoom"
                      checked={view.zoom.value === zoom}
                      onChange={() => view.zoom.value = zoom}
                    />
                    {zoom === "fit" ? text.fit : text.times(100 * zoom)}
                  </label>
                ))}
              </fieldset>
              <p class="share-explained">
                {why}
              </p>
              <p class="share-explained figures">
                {text.size(state.width, state.height)}
                {figures && ` · ${figures}`}
              </p>
            </>
          )}
        </Popover>
        <IconButton label={text.zoomIn} isOff={!up} onClick={() => view.step(1)}>
          <ZoomIn size={18} aria-hidden="true" />
        </IconButton>
        <IconButton
          label={isFull ? text.leaveFull : text.full}
          onClick={() => view.isFull.value = !isFull}
        >
          {isFull
            ? <Minimize size={18} aria-hidden="true" />
            : <Maximize size={18} aria-hidden="true" />}
        </IconButton>
      </div>
    </>
  );
}

/** Pictures a second and delay, in words. */
function useFigures(screen: SharedScreen, text: ReturnType<typeof useApp>["strings"]["share"]) {
  const [words, setWords] = useState("");
  useEffect(() => {
    const look = () => {
      const { fps, delayMs } = screen.figures ?? { fps: 0, delayMs: null };
      const delay = delayMs === null ? [] : [text.delay(Math.round(delayMs))];
      // Nothing moves: there is nothing to tell.
      setWords(fps === 0 ? "" : [text.rate(fps), ...delay].join(" · "));
    };
    look();
    const timer = setInterval(look, FIGURES_MS);
    return () => clearInterval(timer);
  }, [screen]);
  return words;
}
