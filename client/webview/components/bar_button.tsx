import type { ComponentChildren } from "preact";
import { useApp } from "../app.ts";
import { keyNames, type ShortcutAction, SHORTCUTS } from "../shortcuts.ts";

export interface BarButtonProps {
  readonly action: ShortcutAction;
  /** The word under the icon. */
  readonly label: string;
  /** What it does, for the tooltip and for screen readers. */
  readonly name: string;
  readonly state?: string;
  readonly isPressed?: boolean;
  readonly isOff?: boolean;
  /** It opens something: whether that is open. */
  readonly isOpen?: boolean;
  readonly badge: { readonly text: string; readonly kind: "plain" | "accent" | "warning" } | null;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}

/** A button of the bar with its keys. */
export function BarButton(props: BarButtonProps) {
  const { isMac } = useApp();
  const shortcut = SHORTCUTS.find(({ action }) => action === props.action);
  const keys = shortcut ? keyNames(shortcut, { isMac }).join("+") : "";
  return (
    <button
      type="button"
      class="bar-button"
      data-action={props.action}
      data-state={props.state}
      aria-label={props.name}
      aria-pressed={props.isPressed}
      aria-expanded={props.isOpen}
      aria-disabled={props.isOff || undefined}
      aria-keyshortcuts={keys.replace("Ctrl", "Control").replace("⌘", "Meta").replace("⌥", "Alt")}
      title={`${props.name} (${keys})`}
      onClick={() => !props.isOff && props.onClick()}
    >
      <span class="bar-icon" aria-hidden="true">{props.children}</span>
      <span aria-hidden="true">{props.label}</span>
      {props.badge && (
        // Drawn by the style sheet: what it says is in the button's name, and is not said twice.
        <span class={`badge badge-${props.badge.kind}`} data-text={props.badge.text} />
      )}
    </button>
  );
}
