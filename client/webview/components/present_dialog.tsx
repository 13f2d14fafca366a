import { useEffect, useId, useState } from "preact/hooks";
import { useSignalEffect } from "@preact/signals";
import type { ScreenChoiceState } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { asSentence } from "./field.tsx";
import { AppWindow, CircleAlert, LoaderCircle, Monitor, TriangleAlert } from "./icons.ts";
import { Notice } from "./notice.tsx";

/** The list to pick from what can be shown, as it looks now. Nothing is picked by itself: whoever shows a screen means it. */
export function PresentDialog({ onClose }: { onClose: () => void }) {
  const { store, strings, send } = useApp();
  const text = strings.present;
  const [picked, setPicked] = useState<string>();
  const formId = useId();
  useList();
  const screens = store.screens.value;
  const list = screens?.list ?? [];
  const choice = list.find(({ id }) => id === picked);
  const groups = [
    { legend: text.screens, choices: list.filter(({ kind }) => kind !== "window") },
    { legend: text.windows, choices: list.filter(({ kind }) => kind === "window") },
  ].filter(({ choices }) => choices.length > 0);
  const present = () => {
    if (choice === undefined) return;
    send({ do: "present", source: choice.id });
    onClose();
  };
  return (
    <Dialog
      title={text.pickTitle}
      size="l"
      onCancel={onClose}
      note={choice?.isOwn && (
        <Notice kind="warning" icon={<TriangleAlert size={18} />}>{text.ownWarning}</Notice>
      )}
      actions={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button kind="primary" isOff={choice === undefined} onClick={present}>
            {text.present}
          </Button>
        </>
      }
    >
      {screens?.problem && (
        <Notice kind="problem" icon={<CircleAlert size={18} />}>
          <span dir="auto">{asSentence(screens.problem)}</span>
        </Notice>
      )}
      {screens === null && (
        <p class="screens-looking">
          <LoaderCircle class="spin" size={18} aria-hidden="true" />
          {text.looking}
        </p>
      )}
      {screens !== null && list.length === 0 && !screens.problem && <p>{text.none}</p>}
      {groups.length > 0 && (
        <form
          id={formId}
          class="screens"
          onSubmit={(event) => {
            event.preventDefault();
            present();
          }}
        >
          {groups.map(({ legend, choices }) => (
            <fieldset key={legend}>
              <legend>{legend}</legend>
              <div class="screen-grid">
                {choices.map((each) => (
                  <ScreenCard
                    key={each.id}
                    choice={each}
                    group={formId}
                    isPicked={each.id === picked}
                    onPick={() => setPicked(each.id)}
                  />
                ))}
              </div>
            </fieldset>
          ))}
          <input type="submit" hidden />
        </form>
      )}
    </Dialog>
  );
}

interface ScreenCardProps {
  readonly choice: ScreenChoiceState;
  readonly group: string;
  readonly isPicked: boolean;
  readonly onPick: () => void;
}

function ScreenCard({ choice, group, isPicked, onPick }: ScreenCardProps) {
  const { strings } = useApp();
  const text = strings.present;
  const { kind, title, width, height, isOwn, thumbnail } = choice;
  return (
    <label class="screen-card" title={title}>
      <input
        type="radio"
        name={group}
        checked={isPicked}
        onChange={onPick}
      />
      <span class="screen-picture">
        {thumbnail
          ? <img src={thumbnail} alt="" />
          : kind === "window"
          ? <AppWindow size={28} aria-hidden="true" />
          : <Monitor size={28} aria-hidden="true" />}
      </span>
      <span class="screen-words">
        <bdi class="ellipsis">{title}</bdi>
        <span class="hint">
          {text.size(width, height)}
          {isOwn && <span class="screen-own">{text.own}</span>}
        </span>
      </span>
    </label>
  );
}

/** Asks for the list as long as it is looked at; a program that was away does not remember that it was asked. */
function useList(): void {
  const { store, send } = useApp();
  useSignalEffect(() => {
    if (store.link.value === "ready") send({ do: "screens.list", on: true });
  });
  useEffect(() => () => {
    send({ do: "screens.list", on: false });
    store.screens.value = null;
  }, []);
}
