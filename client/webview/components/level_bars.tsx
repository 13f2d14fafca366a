import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../app.ts";

/** Three bars that move with a voice: one's own without `person`. Written to the DOM directly. */
export function LevelBars({ person }: { person?: number }) {
  const { store } = useApp();
  const bars = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const show = (height: number) => bars.current?.style.setProperty("--level", height.toFixed(2));
    return person === undefined ? store.levels.onOwn(show) : store.levels.onPerson(person, show);
  }, [person]);
  return (
    <span class="level-bars" ref={bars} aria-hidden="true">
      <span />
      <span />
      <span />
    </span>
  );
}
