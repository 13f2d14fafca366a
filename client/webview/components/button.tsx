import type { ComponentChildren, Ref } from "preact";

export interface ButtonProps {
  readonly children: ComponentChildren;
  readonly kind?: "primary" | "plain" | "quiet" | "danger";
  readonly type?: "button" | "submit";
  readonly size?: "m" | "l";
  /** Still focusable, so that the focus is not lost; a click does nothing. */
  readonly isOff?: boolean;
  readonly buttonRef?: Ref<HTMLButtonElement>;
  /** Its name, where the words on it are not enough; it begins with them. */
  readonly label?: string;
  readonly onClick?: () => void;
}

/** A button with words in it. */
export function Button(props: ButtonProps) {
  const { children, kind = "plain", type = "button", size = "m", isOff = false } = props;
  return (
    <button
      type={type}
      ref={props.buttonRef}
      class={`button button-${kind} button-${size}`}
      aria-label={props.label}
      aria-disabled={isOff || undefined}
      onClick={(event) => {
        if (isOff) event.preventDefault();
        else props.onClick?.();
      }}
    >
      {children}
    </button>
  );
}

export interface IconButtonProps {
  readonly label: string;
  readonly children: ComponentChildren;
  readonly isOff?: boolean;
  /** It opens something, and that is open. */
  readonly isOpen?: boolean;
  readonly buttonRef?: Ref<HTMLButtonElement>;
  readonly onClick: () => void;
}

/** A button that is only an icon; `label` is its name and its tooltip. */
export function IconButton(props: IconButtonProps) {
  const { label, children, isOff = false, isOpen, onClick } = props;
  return (
    <button
      type="button"
      ref={props.buttonRef}
      class="icon-button"
      aria-label={label}
      title={label}
      aria-expanded={isOpen}
      aria-disabled={isOff || undefined}
      onClick={() => !isOff && onClick()}
    >
      {children}
    </button>
  );
}
