import { useApp } from "../app.ts";
import { THEMES } from "@fusionmeet/bridge";

/** Light, dark or as the computer says. */
export function Appearance() {
  const { strings, theme } = useApp();
  return (
    <RadioGroup
      legend={strings.meeting.appearance}
      choices={THEMES.map((value) => ({ value, text: strings.meeting.themes[value] }))}
      chosen={theme.theme.value}
      onChoose={(value) => theme.choose(value)}
    />
  );
}

export interface RadioGroupProps<Value extends string> {
  readonly legend: string;
  readonly choices: readonly { readonly value: Value; readonly text: string }[];
  readonly chosen: Value;
  readonly onChoose: (value: Value) => void;
}

/** One of several, as a list of radio buttons. */
export function RadioGroup<Value extends string>(props: RadioGroupProps<Value>) {
  return (
    <fieldset class="radios">
      <legend>{props.legend}</legend>
      {props.choices.map(({ value, text }) => (
        <label key={value}>
          <input
            type="radio"
            name={props.legend}
            checked={value === props.chosen}
            onChange={() => props.onChoose(value)}
          />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}
