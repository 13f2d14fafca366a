import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { useApp } from "../app.ts";
import { IconButton } from "./button.tsx";
import { X } from "./icons.ts";

export interface SidePanelProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly onClose: () => void;
}

/** A column beside the pictures; over them where there is no room. Escape closes it, wherever the focus is. */
export function SidePanel({ title, children, onClose }: SidePanelProps) {
  const { strings } = useApp();
  const titleId = useId();
  return (
    <aside class="panel" aria-labelledby={titleId}>
      <div class="panel-head">
        <h2 id={titleId} tabIndex={-1}>{title}</h2>
        <IconButton label={strings.meeting.close} onClick={onClose}>
          <X size={18} aria-hidden="true" />
        </IconButton>
      </div>
      {children}
    </aside>
  );
}
