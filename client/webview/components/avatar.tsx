import { hueOf, initials } from "../people_looks.ts";

/** The initials of `name` in its colour. Says nothing to screen readers: the name stands beside it. */
export function Avatar({ name, size }: { name: string; size: "s" | "l" }) {
  return (
    <span class={`avatar avatar-${size} hued`} style={hueStyle(name)} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

/** The custom property that `.hued` takes its colours from. */
export function hueStyle(name: string): Record<string, string> {
  return { "--hue": String(hueOf(name)) };
}
