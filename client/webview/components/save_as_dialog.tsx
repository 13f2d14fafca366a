import { useEffect, useState } from "preact/hooks";
import type { FileEntry } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { Button } from "./button.tsx";
import { Combobox } from "./combobox.tsx";
import { Dialog } from "./dialog.tsx";

/** Asks where a file goes: a path on this computer, with its folders as suggestions. */
export function SaveAsDialog({ file, onDone }: { file: FileEntry; onDone: () => void }) {
  const { store, strings, send } = useApp();
  const text = strings.files;
  const [typed, setTyped] = useState<string>();
  const ask = (place: string) => send({ do: "place", file: file.id, place });
  useEffect(() => ask(""), []);
  const { value } = store.shelf.place;
  const answer = value?.file === file.id ? value : null;
  const place = typed ?? (answer?.asked === "" ? answer.place : "");
  const problem = answer?.asked === typed ? answer?.problem : null;
  const type = (now: string) => {
    setTyped(now);
    ask(now);
  };
  const browse = () => {
    send({ do: "file.browse", file: file.id });
    onDone();
  };
  const save = () => {
    if (place.trim() === "" || problem) return;
    send({ do: "file.save", file: file.id, place });
    onDone();
  };
  return (
    <Dialog
      title={text.saveAsTitle}
      onCancel={onDone}
      actions={
        <>
          <Button onClick={onDone}>{text.cancelSave}</Button>
          {value?.browses && <Button onClick={browse}>{text.browse}</Button>}
          <Button kind="primary" onClick={save}>{text.saveShort}</Button>
        </>
      }
    >
      <form
        class="save-as"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <Combobox
          label={text.place}
          value={place}
          onInput={type}
          hint={text.placeHint}
          problem={problem ? { message: problem } : undefined}
          choices={(answer?.folders ?? []).map((value) => ({ value }))}
          listLabel={text.folders}
          openLabel={text.showFolders}
        />
      </form>
    </Dialog>
  );
}
