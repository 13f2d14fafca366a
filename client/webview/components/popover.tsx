import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

export interface PopoverProps {
  readonly label: string;
  /** Where it opens, seen from its button. */
  readonly side: "above" | "below";
  /** Over the middle of its button, not along its end. */
  readonly align?: "center";
  readonly button: (props: { isOpen: boolean; toggle: () => void }) => ComponentChildren;
  /** `stay`: the panel stays open, with the focus at its button, for what had it goes. */
  readonly children: (props: { close: () => void; stay: () => void }) => ComponentChildren;
}

/** A small panel at a button; Escape, a click elsewhere or the focus going elsewhere closes it. */
export function Popover({ label, side, align, button, children }: PopoverProps) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const stay = () => root.current?.querySelector<HTMLElement>(":scope > button")?.focus();
  const close = () => {
    setOpen(false);
    stay();
  };
  useLayoutEffect(() => {
    if (!isOpen) return;
    const first = panel.current?.querySelector<HTMLElement>("input:checked, input, button");
    first?.focus();
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, [isOpen]);
  return (
    <div
      class="popover-root"
      ref={root}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !isOpen) return;
        event.stopPropagation();
        close();
      }}
    >
      {button({ isOpen, toggle: () => setOpen(!isOpen) })}
      {isOpen && (
        <div
          class={`popover popover-${side} ${align ? `popover-${align}` : ""}`}
          ref={panel}
          role="dialog"
          aria-label={label}
        >
          {children({ close, stay })}
        </div>
      )}
    </div>
  );
}
