import type { ComponentChildren } from "preact";
import { useApp } from "../app.ts";
import { keyNames, type ShortcutAction, SHORTCUTS } from "../shortcuts.ts";

export interface BarButtonProps {
  /** What its keys do, where it has any. */
  readonly action?: ShortcutAction;
  /** The word under the icon. */
  readonly label: string;
  /** What it does, for the tooltip and for screen readers. */
  readonly name: string;
  readonly state?: string;
  readonly isPressed?: boolean;
  /** It ends the meeting for this person. */
  readonly isDanger?: boolean;
  readonly isOff?: boolean;
  /** It opens something: whether that is open. */
  readonly isOpen?: boolean;
  readonly badge?: { readonly text: string; readonly kind: "plain" | "accent" | "warning" } | null;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}

/** A button of the bar with its keys. In a narrow window its icon is all of it; the tooltip says the rest. */
export function BarButton(props: BarButtonProps) {
  const { isMac } = useApp();
  const shortcut = SHORTCUTS.find(({ action }) => action === props.action);
  const keys = shortcut ? keyNames(shortcut, { isMac }).join("+") : undefined;
  return (
    <button
      type="button"
      class={`bar-button ${props.isDanger ? "bar-leave" : ""}`}
      data-action={props.action}
      data-state={props.state}
      aria-label={props.name}
      aria-pressed={props.isPressed}
      aria-expanded={props.isOpen}
      aria-disabled={props.isOff || undefined}
      aria-keyshortcuts={keys?.replace("Ctrl", "Control").replace("⌘", "Meta").replace("⌥", "Alt")}
      title={keys ? `${props.name} (${keys})` : props.name}
      onClick={() => !props.isOff && props.onClick()}
    >
      <span class="bar-icon" aria-hidden="true">{props.children}</span>
      <span class="bar-word" aria-hidden="true">{props.label}</span>
      {props.badge && (
        // Drawn by the style sheet: what it says is in the button's name, and is not said twice.
        <span class={`badge badge-${props.badge.kind}`} data-text={props.badge.text} />
      )}
    </button>
  );
}
