import type { ComponentChildren, Ref } from "preact";
import { useId } from "preact/hooks";
import { CircleAlert } from "./icons.ts";

export interface FieldProblem {
  readonly message: string;
  readonly advice?: string;
}

export interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly hint?: ComponentChildren;
  readonly problem?: FieldProblem;
  readonly inputRef?: Ref<HTMLInputElement>;
  readonly lengthMax?: number;
  readonly isReadOnly?: boolean;
  readonly type?: "text" | "password";
  /** Beside the input, inside its frame. */
  readonly trailing?: ComponentChildren;
  /** What a combobox adds to the input. */
  readonly inputProps?: Record<string, unknown>;
}

/** A labelled input; what is wrong with it stands right under it, else the hint. */
export function Field(props: FieldProps) {
  const id = useId();
  const { problem } = props;
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <div class="field-frame" data-invalid={problem ? "" : undefined}>
        <input
          id={id}
          ref={props.inputRef}
          type={props.type ?? "text"}
          dir="auto"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={props.value}
          maxLength={props.lengthMax}
          readOnly={props.isReadOnly}
          aria-invalid={problem ? "true" : undefined}
          aria-describedby={`${id}-hint`}
          onInput={(event) => props.onInput(event.currentTarget.value)}
          {...props.inputProps}
        />
        {props.trailing}
      </div>
      <div id={`${id}-hint`}>
        {problem ? <FieldProblemText {...problem} /> : <p class="hint">{props.hint}</p>}
      </div>
    </div>
  );
}

function FieldProblemText({ message, advice }: FieldProblem) {
  return (
    <p class="field-problem">
      <CircleAlert size={16} aria-hidden="true" />
      <span>
        {asSentence(message)} {advice && <span class="advice">{asSentence(advice)}</span>}
      </span>
    </p>
  );
}

/** With the full stop that the program leaves to whoever shows it. */
export function asSentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
