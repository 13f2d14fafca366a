import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Field, type FieldProps } from "./field.tsx";
import { ChevronDown } from "./icons.ts";

export interface Choice {
  readonly value: string;
  readonly detail?: string;
}

export interface ComboboxProps extends FieldProps {
  readonly choices: readonly Choice[];
  readonly listLabel: string;
  readonly openLabel: string;
}

/** A field with suggestions: by its arrow, the arrow keys or a click; Enter takes one, Escape closes the list. */
export function Combobox({ choices, listLabel, openLabel, ...field }: ComboboxProps) {
  const listId = useId();
  const root = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const shows = isOpen && choices.length > 0;

  useEffect(() => {
    if (!isOpen) return;
    const close = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", close);
    return () => document.removeEventListener("pointerdown", close);
  }, [isOpen]);

  const open = (index: number) => {
    setOpen(true);
    setActive(index);
  };
  // The keys of the list are those of the field.
  const openByButton = () => {
    root.current?.querySelector("input")?.focus();
    if (shows) setOpen(false);
    else open(-1);
  };
  const take = (index: number) => {
    field.onInput(choices[index].value);
    setOpen(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && choices.length > 0) {
      event.preventDefault();
      if (!shows) open(step > 0 ? 0 : choices.length - 1);
      else setActive((active + step + choices.length) % choices.length);
    } else if (event.key === "Enter" && shows && active >= 0) {
      event.preventDefault();
      take(active);
    } else if (event.key === "Escape" && shows) {
      event.preventDefault();
      setOpen(false);
    } else if (event.key === "Tab") setOpen(false);
  };

  return (
    <div class="combobox" ref={root}>
      <Field
        {...field}
        trailing={choices.length > 0 && (
          <OpenButton
            label={openLabel}
            onClick={openByButton}
          />
        )}
        inputProps={{
          role: "combobox",
          "aria-expanded": shows,
          "aria-controls": listId,
          "aria-autocomplete": "none",
          "aria-activedescendant": shows && active >= 0 ? `${listId}-${active}` : undefined,
          onKeyDown,
        }}
      />
      <ul class="choices" id={listId} role="listbox" aria-label={listLabel} hidden={!shows}>
        {shows && choices.map((choice, index) => (
          <li
            key={choice.value}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === active}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => take(index)}
          >
            <bdi class="ellipsis">{choice.value}</bdi>
            {choice.detail && <span class="choice-detail">{choice.detail}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}

function OpenButton({ label, onClick }: { label: string; onClick: () => void }): ComponentChildren {
  return (
    <button type="button" class="field-button" tabIndex={-1} aria-label={label} onClick={onClick}>
      <ChevronDown size={18} aria-hidden="true" />
    </button>
  );
}
