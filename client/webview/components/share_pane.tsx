import { useLayoutEffect, useRef } from "preact/hooks";
import type { SharedScreen } from "../media/shared_screen.ts";
import type { ScreenState } from "../media/screen_stream.ts";
import { fitScale, placeShare, type ShareView } from "../share_view.ts";
import { usePixelRatio, usePlace } from "./use_size.ts";

/** One press of an arrow key, px. */
const PAN_STEP = 80;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export interface SharePaneProps {
  readonly screen: SharedScreen;
  readonly state: ScreenState;
  readonly view: ShareView;
  /** What it is, for who cannot see it. */
  readonly label: string;
  /** What it is when it can be moved. */
  readonly paneLabel: string;
  /** Is not what is there just now. */
  readonly isOld: boolean;
}

/** The shared picture at its scale; what does not fit is reached by dragging, wheel and arrow keys. */
export function SharePane({ screen, state, view, label, paneLabel, isOld }: SharePaneProps) {
  const pane = useRef<HTMLDivElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  const space = usePlace(pane);
  const pixelRatio = usePixelRatio();
  const inPixels = { width: space.width * pixelRatio, height: space.height * pixelRatio };
  const fitted = fitScale(state, inPixels);
  const isFit = view.zoom.value === "fit";
  const scale = view.zoom.value === "fit" ? fitted : view.zoom.value;
  const place = placeShare(state, space, { scale, pixelRatio });
  const isLarger = !isFit && (place.width > space.width || place.height > space.height);

  useLayoutEffect(() => void (view.fitted.value = fitted), [fitted]);
  useLayoutEffect(() => holder.current!.replaceChildren(...screen.canvases), [screen, state.share]);
  const pointer = useAnchor(pane, place);
  useWheel(pane, (event) => {
    pointer.current = within(pane.current!, event);
    view.turn(event.deltaY);
  });
  return (
    <div
      class="share-pane"
      ref={pane}
      tabIndex={isLarger ? 0 : undefined}
      role={isLarger ? "group" : undefined}
      aria-label={isLarger ? paneLabel : undefined}
      data-larger={isLarger ? "" : undefined}
      data-fit={isFit ? "" : undefined}
      onKeyDown={(event) => {
        const arrow = ARROWS[event.key];
        if (!arrow || !isLarger || event.ctrlKey || event.altKey || event.metaKey) return;
        event.preventDefault();
        pane.current!.scrollBy(PAN_STEP * arrow[0], PAN_STEP * arrow[1]);
      }}
      onPointerDown={(event) => isLarger && drag(pane.current!, event)}
      onDblClick={() => view.zoom.value = isFit ? 1 : "fit"}
    >
      <div
        class="share-picture"
        ref={holder}
        role="img"
        aria-label={label}
        data-shown={state.hasPicture ? "" : undefined}
        data-old={isOld ? "" : undefined}
        // Between 1 and 2, whole pixels would come out in two sizes.
        data-sharp={scale === 1 || scale >= 2 ? "" : undefined}
        style={{
          width: `${place.width}px`,
          height: `${place.height}px`,
          marginLeft: `${place.left}px`,
          marginTop: `${place.top}px`,
        }}
      />
    </div>
  );
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function within(pane: HTMLElement, { clientX, clientY }: MouseEvent): Point {
  const { left, top } = pane.getBoundingClientRect();
  return { x: clientX - left, y: clientY - top };
}

/** Keeps what is under the pointer, else what is in the middle, where it is when the scale changes. */
function useAnchor(
  pane: { readonly current: HTMLElement | null },
  place: ReturnType<typeof placeShare>,
) {
  const pointer = useRef<Point | undefined>(undefined);
  const before = useRef(place);
  useLayoutEffect(() => {
    const { clientWidth, clientHeight, scrollLeft, scrollTop } = pane.current!;
    const old = before.current;
    before.current = place;
    const { x, y } = pointer.current ?? { x: clientWidth / 2, y: clientHeight / 2 };
    pointer.current = undefined;
    if (old.width === 0 || old.height === 0) return;
    const across = (scrollLeft + x - old.left) / old.width;
    const down = (scrollTop + y - old.top) / old.height;
    pane.current!.scrollTo(
      across * place.width + place.left - x,
      down * place.height + place.top - y,
    );
  }, [place.width, place.height]);
  return pointer;
}

/** With Control, which is also what two fingers on a touchpad say; without, the wheel pans. */
function useWheel(
  element: { readonly current: HTMLElement | null },
  turned: (event: WheelEvent) => void,
): void {
  const latest = useRef(turned);
  latest.current = turned;
  useLayoutEffect(() => {
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      latest.current(event);
    };
    const listened = element.current!;
    // Not by an attribute: a passive listener could not keep the page from being zoomed.
    listened.addEventListener("wheel", onWheel, { passive: false });
    return () => listened.removeEventListener("wheel", onWheel);
  }, []);
}

function drag(pane: HTMLElement, start: PointerEvent): void {
  if (start.button !== 0 || start.pointerType === "touch") return;
  const { scrollLeft, scrollTop } = pane;
  const end = new AbortController();
  const { signal } = end;
  pane.setPointerCapture(start.pointerId);
  pane.dataset.dragged = "";
  const moved = ({ clientX, clientY }: PointerEvent) =>
    pane.scrollTo(scrollLeft + start.clientX - clientX, scrollTop + start.clientY - clientY);
  const stop = () => {
    delete pane.dataset.dragged;
    end.abort();
  };
  pane.addEventListener("pointermove", moved, { signal });
  for (const name of ["pointerup", "pointercancel"] as const) {
    pane.addEventListener(name, stop, { signal });
  }
}
