import { useEffect, useLayoutEffect, useState } from "preact/hooks";

/** The inner size of an element, px, as it changes. */
export function useSize(element: { readonly current: HTMLElement | null }) {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const measured = element.current!;
    const measure = () => setSize({ width: measured.clientWidth, height: measured.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(measured);
    return () => observer.disconnect();
  }, []);
  return size;
}

/** The same, and where it is on the page; a place that changes alone is seen with the next render. */
export function usePlace(element: { readonly current: HTMLElement | null }) {
  const { width, height } = useSize(element);
  const [place, setPlace] = useState({ left: 0, top: 0 });
  useLayoutEffect(() => {
    const { left, top } = element.current!.getBoundingClientRect();
    if (left !== place.left || top !== place.top) setPlace({ left, top });
  });
  return { width, height, ...place };
}

/** Pixels of this computer's screen in a CSS pixel, as it changes. */
export function usePixelRatio(): number {
  const [ratio, setRatio] = useState(devicePixelRatio);
  useEffect(() => {
    const query = matchMedia(`(resolution: ${ratio}dppx)`);
    const changed = () => setRatio(devicePixelRatio);
    query.addEventListener("change", changed);
    return () => query.removeEventListener("change", changed);
  }, [ratio]);
  return ratio;
}
