import type { ComponentChildren } from "preact";

export interface NoticeProps {
  readonly kind: "accent" | "warning" | "problem";
  readonly icon: ComponentChildren;
  readonly title?: string;
  readonly children?: ComponentChildren;
  readonly action?: ComponentChildren;
}

/** A strip that says what is the matter, and what can be done about it. */
export function Notice({ kind, icon, title, children, action }: NoticeProps) {
  return (
    <div class={`notice notice-${kind}`}>
      <span class="notice-icon" aria-hidden="true">{icon}</span>
      <p>
        {title && <strong>{title}</strong>} {children}
      </p>
      {action}
    </div>
  );
}
