import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { EllipsisVertical } from "./icons.ts";

export interface MenuItem {
  readonly key: string;
  readonly label: string;
  readonly icon: ComponentChildren;
  readonly isDanger?: boolean;
  readonly onChoose: () => void;
}

export interface MenuProps {
  /** Of the button and of the list. */
  readonly label: string;
  readonly items: readonly MenuItem[];
}

/** Between the button and its menu, and between that and the edge of the window, px. */
const GAP = 4;

/** A button with three dots and the list it opens, above all else, so that nothing cuts it off. */
export function Menu({ label, items }: MenuProps) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  // Whom it was about may be gone: the focus goes to the title of what is around it.
  useLayoutEffect(() => () => {
    if (document.activeElement !== button.current) return;
    button.current?.closest("main, aside")?.querySelector<HTMLElement>("h1, h2")?.focus();
  }, []);
  useLayoutEffect(() => {
    if (!isOpen) return;
    list.current!.showPopover();
    place(list.current!, button.current!);
    list.current!.querySelector("button")?.focus();
    const outside = (event: Event) => {
      const isInside = [button, list].some(({ current }) =>
        current?.contains(event.target as Node)
      );
      if (!isInside) setOpen(false);
    };
    const shut = () => setOpen(false);
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    document.addEventListener("scroll", outside, true);
    globalThis.addEventListener("resize", shut);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
      document.removeEventListener("scroll", outside, true);
      globalThis.removeEventListener("resize", shut);
    };
  }, [isOpen]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (!isOpen) return;
    const buttons = [...list.current!.querySelectorAll("button")];
    const index = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const steps: Record<string, () => void> = {
      ArrowDown: () => buttons[(index + 1) % buttons.length].focus(),
      ArrowUp: () => buttons.at(index <= 0 ? -1 : index - 1)!.focus(),
      Home: () => buttons[0].focus(),
      End: () => buttons.at(-1)!.focus(),
      Escape: close,
      Tab: close,
    };
    if (steps[event.key] === undefined) return;
    // Tab goes on from the button.
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
    steps[event.key]();
  };
  return (
    <span class="menu-root" data-open={isOpen ? "" : undefined} onKeyDown={onKeyDown}>
      <button
        type="button"
        ref={button}
        class="icon-button"
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <EllipsisVertical size={18} aria-hidden="true" />
      </button>
      {isOpen && (
        <div class="menu" popover="manual" ref={list} role="menu" aria-label={label}>
          {items.map((item) => (
            <button
              key={item.key}
              type="button"
              role="menuitem"
              tabIndex={-1}
              class={`popover-item ${item.isDanger ? "menu-danger" : ""}`}
              onClick={() => {
                close();
                item.onChoose();
              }}
            >
              {item.icon}
              {item.label}
            </button>
          ))}
        </div>
      )}
    </span>
  );
}

/** Under the button, or above it where there is no room; inside the window. */
function place(list: HTMLElement, button: HTMLElement): void {
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = list;
  const { innerWidth, innerHeight } = globalThis;
  const below = at.bottom + GAP;
  const top = below + height + GAP <= innerHeight ? below : at.top - GAP - height;
  const left = Math.min(at.right - width, innerWidth - width - GAP);
  list.style.top = `${Math.max(GAP, top)}px`;
  list.style.left = `${Math.max(GAP, left)}px`;
}
