import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import type { FileEntry } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { type FileKind, fileKind, isPreviewable } from "../file_kinds.ts";
import { isOver } from "../file_shelf.ts";
import { momentText, timeText } from "../times.ts";
import { IconButton } from "./button.tsx";
import { asSentence } from "./field.tsx";
import { FilePicture } from "./file_picture.tsx";
import {
  Archive,
  CircleAlert,
  CircleCheck,
  Download,
  EllipsisVertical,
  File,
  FileText,
  FileWarning,
  Film,
  Image,
  Music,
  Sheet,
  TriangleAlert,
} from "./icons.ts";
import { TransferProgress } from "./transfer_row.tsx";

const ICONS = {
  picture: Image,
  film: Film,
  sound: Music,
  text: FileText,
  table: Sheet,
  archive: Archive,
  program: FileWarning,
  other: File,
} satisfies Record<FileKind, unknown>;

/** Characters of a long name's end that stay in sight. */
const END_LENGTH = 8;

export interface FileRowProps {
  readonly file: FileEntry;
  readonly mayDelete: boolean;
  readonly onDelete: () => void;
  readonly onSaveAs: () => void;
}

/** A file of the room, with what can be done with it and how that goes. */
export function FileRow({ file, mayDelete, onDelete, onSaveAs }: FileRowProps) {
  const { store, strings, send } = useApp();
  const [isOpen, setOpen] = useState(false);
  const more = useRef<HTMLButtonElement>(null);
  const text = strings.files;
  const choose = (run: () => void) => {
    // The words that were chosen go; a dialog gives the focus back to what had it before.
    more.current?.focus();
    setOpen(false);
    run();
  };
  const kind = file.executable ? "program" : fileKind(file.name);
  const fetch = store.shelf.fetchOf(file.id);
  const isUnderWay = fetch !== undefined && !isOver(fetch);
  const owner = file.own ? text.own : text.of(file.owner);
  return (
    <li class="file" data-kind={kind}>
      {isPreviewable(file) ? <FilePicture file={file} size="s" /> : <KindMark kind={kind} />}
      <div class="file-text">
        <FileName name={file.name} />
        <span class="file-facts">
          <span>{text.size(file.size)}</span>
          <bdi class="ellipsis" title={file.owner}>{owner}</bdi>
          <time dateTime={new Date(file.at).toISOString()} title={momentText(file.at)}>
            {timeText(file.at)}
          </time>
        </span>
      </div>
      <div class="file-actions">
        {!isUnderWay && (
          <IconButton
            label={text.save(file.name)}
            onClick={() => send({ do: "file.save", file: file.id })}
          >
            <Download size={18} aria-hidden="true" />
          </IconButton>
        )}
        <IconButton
          label={text.moreOf(file.name)}
          isOpen={isOpen}
          buttonRef={more}
          onClick={() => setOpen(!isOpen)}
        >
          <EllipsisVertical size={18} aria-hidden="true" />
        </IconButton>
      </div>
      {kind === "program" && !file.own && (
        <p class="file-line file-warning">
          <TriangleAlert size={14} aria-hidden="true" />
          <span>
            <strong>{text.program}.</strong> {asSentence(text.programAdvice(file.owner))}
          </span>
        </p>
      )}
      {isUnderWay && <TransferProgress transfer={fetch} />}
      {fetch?.state === "failed" && <Failed message={fetch.message} />}
      {fetch?.state === "done" && fetch.folder !== null && (
        <p class="file-line file-saved">
          <CircleCheck size={14} aria-hidden="true" />
          <bdi class="ellipsis" title={fetch.folder}>{text.saved(lastPart(fetch.folder))}</bdi>
          <LineButton
            label={text.folderOf(file.name)}
            onClick={() => send({ do: "transfer.folder", transfer: fetch.id })}
          >
            {text.openFolder}
          </LineButton>
        </p>
      )}
      {isOpen && (
        <p class="file-line">
          <LineButton label={text.saveAsOf(file.name)} onClick={() => choose(onSaveAs)}>
            {text.saveAs}
          </LineButton>
          {mayDelete && (
            <LineButton label={text.delete(file.name)} onClick={() => choose(onDelete)}>
              {text.deleteShort}
            </LineButton>
          )}
        </p>
      )}
    </li>
  );
}

/** What a file is, for the eye. */
export function KindMark({ kind }: { kind: FileKind }) {
  const Icon = ICONS[kind];
  return (
    <span class="file-mark" aria-hidden="true">
      <Icon size={20} />
    </span>
  );
}

/** A name whose end, which says what it is, stays in sight. */
export function FileName({ name }: { name: string }) {
  const characters = Array.from(name);
  const at = characters.length > END_LENGTH + 4 ? characters.length - END_LENGTH : name.length;
  const [start, end] = [characters.slice(0, at).join(""), characters.slice(at).join("")];
  return (
    <bdi class="file-name" title={name}>
      <span class="ellipsis">{start}</span>
      {end !== "" && <span class="file-name-end">{end}</span>}
    </bdi>
  );
}

/** Why a file did not come through. */
export function Failed({ message }: { message: string | null }) {
  return (
    <p class="file-line file-failed">
      <CircleAlert size={14} aria-hidden="true" />
      <span dir="auto">{asSentence(message ?? "")}</span>
    </p>
  );
}

interface LineButtonProps {
  /** What it does, with the name of the file. */
  readonly label: string;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}

/** A button among words. */
export function LineButton({ label, onClick, children }: LineButtonProps) {
  return (
    <button type="button" class="line-button" aria-label={label} title={label} onClick={onClick}>
      {children}
    </button>
  );
}

function lastPart(folder: string): string {
  return folder.split(/[/\\]/).findLast((part) => part !== "") ?? folder;
}
