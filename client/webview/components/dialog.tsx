import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

export interface DialogProps {
  readonly title: string;
  readonly size?: "m" | "l" | "picture";
  readonly children: ComponentChildren;
  /** What has to be seen before a button is pressed, also under a long list. */
  readonly note?: ComponentChildren;
  /** The buttons, the one that goes on last. */
  readonly actions: ComponentChildren;
  /** Escape was pressed. */
  readonly onCancel: () => void;
}

/** A modal dialog, open as long as it is drawn. The focus starts at its title and goes back to where it was. */
export function Dialog({ title, size = "m", children, note, actions, onCancel }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      // What is behind an open one cannot have the focus.
      dialog.current?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={`dialog dialog-${size}`}
      aria-labelledby={titleId}
      // What it was opened from stays open.
      onKeyDown={(event) => event.key === "Escape" && event.stopPropagation()}
      onCancel={(event) => {
        event.preventDefault();
        onCancel();
      }}
    >
      <h2 id={titleId} tabIndex={-1} autofocus>{title}</h2>
      <div class="dialog-body">{children}</div>
      {note && <div class="dialog-note">{note}</div>}
      <div class="dialog-actions">{actions}</div>
    </dialog>
  );
}
