import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface SwitchProps {
  readonly label: string;
  /** What is switched. */
  readonly detail: string;
  readonly icon: ComponentChildren;
  readonly isOn: boolean;
  readonly exists: boolean;
  readonly onChange: (isOn: boolean) => void;
}

/** A row that is a switch. */
export function Switch({ label, detail, icon, isOn, exists, onChange }: SwitchProps) {
  const id = useId();
  return (
    <button
      type="button"
      role="switch"
      class="switch"
      aria-checked={isOn}
      aria-disabled={!exists || undefined}
      aria-labelledby={`${id}-label`}
      aria-describedby={`${id}-detail`}
      onClick={() => exists && onChange(!isOn)}
    >
      <span class="switch-icon" aria-hidden="true">{icon}</span>
      <span class="switch-text">
        <span id={`${id}-label`}>{label}</span>
        <bdi id={`${id}-detail`} class="switch-detail ellipsis" title={detail}>{detail}</bdi>
      </span>
      <span class="switch-track" aria-hidden="true" />
    </button>
  );
}
