import { useEffect, useRef, useState } from "preact/hooks";
import { useSignalEffect } from "@preact/signals";
import type { FileEntry, MeetingState, TransferEntry } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { isOver } from "../file_shelf.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { FileRow } from "./file_row.tsx";
import { FolderOpen } from "./icons.ts";
import { SaveAsDialog } from "./save_as_dialog.tsx";
import { SidePanel } from "./side_panel.tsx";
import { ComingRow, TransferRow } from "./transfer_row.tsx";

/** Files that are drawn at first, and more with each click. */
const SHOWN_STEP = 100;
/** From so many files on they can be searched. */
const SEARCH_FROM = 10;

/** The room's files, and those on their way. */
export function FilesPanel({ meeting, onClose }: { meeting: MeetingState; onClose: () => void }) {
  const { store, strings } = useApp();
  const { shelf } = store;
  const [wanted, setWanted] = useState("");
  const [shownMax, setShownMax] = useState(SHOWN_STEP);
  const [deleted, setDeleted] = useState<FileEntry>();
  const [saved, setSaved] = useState<FileEntry>();
  useSeen();
  const files = shelf.files.value;
  const found = files.filter(({ name, owner }) => contains(`${name} ${owner}`, wanted));
  const isHost = meeting.people.some(({ id, host }) => id === meeting.self && host);
  const coming = shelf.coming.value;
  const apart = shelf.transfers.value.filter((each) => isApart(each, files));
  return (
    <SidePanel title={strings.files.title} onClose={onClose}>
      {(files.length >= SEARCH_FROM || wanted !== "") && (
        <input
          class="files-search"
          type="search"
          aria-label={strings.files.search}
          placeholder={strings.files.search}
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      )}
      <div class="files" tabIndex={0} role="group" aria-label={strings.files.title}>
        {apart.length > 0 && (
          <ul aria-label={strings.files.sending}>
            {apart.map((each) => <TransferRow key={each.id} transfer={each} />)}
          </ul>
        )}
        {coming.length > 0 && (
          <ul aria-label={strings.files.comingList}>
            {coming.map((each) => <ComingRow key={each.id} coming={each} />)}
          </ul>
        )}
        {files.length + apart.length + coming.length === 0 && <NothingYet />}
        {found.length > 0 && (
          <ul aria-label={strings.files.list}>
            {found.slice(0, shownMax).map((file) => (
              <FileRow
                key={file.id}
                file={file}
                mayDelete={file.own || isHost}
                onDelete={() => setDeleted(file)}
                onSaveAs={() => setSaved(file)}
              />
            ))}
          </ul>
        )}
        {files.length > 0 && found.length === 0 && <p class="files-none">{strings.files.none}</p>}
        {found.length > shownMax && (
          <button
            type="button"
            class="chat-older"
            onClick={() => setShownMax(shownMax + SHOWN_STEP)}
          >
            {strings.files.more(Math.min(SHOWN_STEP, found.length - shownMax))}
          </button>
        )}
      </div>
      <AddFiles />
      {saved && <SaveAsDialog file={saved} onDone={() => setSaved(undefined)} />}
      {deleted && <DeleteDialog file={deleted} onDone={() => setDeleted(undefined)} />}
    </SidePanel>
  );
}

function AddFiles() {
  const { strings, files } = useApp();
  const input = useRef<HTMLInputElement>(null);
  const take = () => {
    const { current } = input;
    files.add([...current?.files ?? []]);
    // The same file can be chosen again.
    if (current) current.value = "";
  };
  return (
    <div class="files-add">
      <input ref={input} type="file" multiple hidden onChange={take} />
      <Button kind="primary" onClick={() => input.current?.click()}>{strings.files.add}</Button>
      <span class="hint">{strings.files.addHint}</span>
    </div>
  );
}

function NothingYet() {
  const { strings } = useApp();
  return (
    <div class="chat-empty">
      <FolderOpen size={28} aria-hidden="true" />
      <strong>{strings.files.empty}</strong>
      <span>{strings.files.emptyText}</span>
    </div>
  );
}

function DeleteDialog({ file, onDone }: { file: FileEntry; onDone: () => void }) {
  const { strings, send } = useApp();
  const { deleteTitle, deleteText, deleteYes, deleteNo } = strings.files;
  const confirm = () => {
    send({ do: "file.delete", file: file.id });
    onDone();
  };
  return (
    <Dialog
      title={deleteTitle}
      onCancel={onDone}
      actions={
        <>
          <Button onClick={onDone}>{deleteNo}</Button>
          <Button kind="danger" onClick={confirm}>{deleteYes}</Button>
        </>
      }
    >
      <p class="wrap-anywhere" dir="auto">{deleteText(file.name)}</p>
    </Dialog>
  );
}

/** What the open panel shows is seen, while anybody can see the page. */
function useSeen(): void {
  const { shelf } = useApp().store;
  const see = () => {
    if (!document.hidden) shelf.seen();
  };
  useSignalEffect(() => {
    if (shelf.unseen.value > 0) see();
  });
  useEffect(() => {
    document.addEventListener("visibilitychange", see);
    return () => document.removeEventListener("visibilitychange", see);
  }, []);
}

/** It has no file in the list that shows it: it is sent, or its file was deleted meanwhile. */
function isApart(transfer: TransferEntry, files: readonly FileEntry[]): boolean {
  if (transfer.direction === "send") return true;
  return !files.some(({ id }) => id === transfer.file) && !(isOver(transfer) && !transfer.message);
}

function contains(text: string, wanted: string): boolean {
  const plain = (each: string) => each.normalize("NFKC").toLowerCase();
  return plain(text).includes(plain(wanted.trim()));
}
