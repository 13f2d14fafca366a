import type { ComingEntry, TransferEntry } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { fileKind } from "../file_kinds.ts";
import { isOver } from "../file_shelf.ts";
import type { Strings } from "../strings.ts";
import { IconButton } from "./button.tsx";
import { asSentence } from "./field.tsx";
import { Failed, FileName, KindMark } from "./file_row.tsx";
import { X } from "./icons.ts";

/** A file on its way that the list of the room does not have. */
export function TransferRow({ transfer }: { transfer: TransferEntry }) {
  const { strings, send } = useApp();
  const { id, name, state, size } = transfer;
  return (
    <li class="file" data-kind={fileKind(name)}>
      <KindMark kind={fileKind(name)} />
      <div class="file-text">
        <FileName name={name} />
        <span class="file-facts">
          <span>{size > 0 && strings.files.size(size)}</span>
        </span>
      </div>
      {isOver(transfer) && (
        <div class="file-actions">
          <IconButton
            label={strings.files.forget(name)}
            onClick={() => send({ do: "transfer.forget", transfer: id })}
          >
            <X size={18} aria-hidden="true" />
          </IconButton>
        </div>
      )}
      {state === "failed" && <Failed message={transfer.message} />}
      {!isOver(transfer) && <TransferProgress transfer={transfer} />}
    </li>
  );
}

/** A file that somebody else sends: it cannot be saved yet. */
export function ComingRow({ coming }: { coming: ComingEntry }) {
  const { strings } = useApp();
  const { name, from, size } = coming;
  return (
    <li class="file" data-kind={fileKind(name)}>
      <KindMark kind={fileKind(name)} />
      <div class="file-text">
        <FileName name={name} />
        <span class="file-facts">
          <span>{strings.files.size(size)}</span>
          <bdi class="ellipsis" title={from}>{strings.files.of(from)}</bdi>
        </span>
      </div>
      <div class="transfer">
        <Progress of={coming} words={comingWords(coming, strings)} />
      </div>
    </li>
  );
}

/** How far it is, how fast, and the way to break it off. */
export function TransferProgress({ transfer }: { transfer: TransferEntry }) {
  const { strings, send } = useApp();
  const { id, name } = transfer;
  return (
    <div class="transfer">
      <Progress of={transfer} words={progressWords(transfer, strings)} />
      <IconButton
        label={strings.files.cancel(name)}
        onClick={() => send({ do: "transfer.cancel", transfer: id })}
      >
        <X size={16} aria-hidden="true" />
      </IconButton>
    </div>
  );
}

/** The bar, and what it says. */
function Progress({ of, words }: { of: TransferEntry | ComingEntry; words: string }) {
  const { strings } = useApp();
  const { name, state, bytes, size } = of;
  const part = size > 0 ? bytes / size : 0;
  return (
    <>
      <div
        class="transfer-bar"
        role="progressbar"
        aria-label={strings.files.progress(name)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(part * 100)}
        aria-valuetext={words}
        data-state={state}
      >
        <span style={{ width: `${part * 100}%` }} />
      </div>
      <span class="transfer-words">{words}</span>
    </>
  );
}

function progressWords(transfer: TransferEntry, strings: Strings): string {
  const { files } = strings;
  const { state, message } = transfer;
  if (state === "waiting") {
    return message === null ? files.waiting : `${asSentence(message)} ${files.goesOn}`;
  }
  return [...(state === "hashing" ? [files.hashing] : []), ...paceWords(transfer, strings)]
    .join(" · ");
}

function comingWords(coming: ComingEntry, strings: Strings): string {
  const { files } = strings;
  const { bytes, size } = coming;
  if (coming.state === "moving") return [files.coming, ...paceWords(coming, strings)].join(" · ");
  return [files.paused, files.percent(size > 0 ? bytes / size : 0)].join(" · ");
}

/** How far, how fast, how long. */
function paceWords(
  { bytes, size, bytesPerSecond, leftMs }: TransferEntry | ComingEntry,
  { files }: Strings,
): string[] {
  return [
    files.percent(size > 0 ? bytes / size : 0),
    ...(bytesPerSecond > 0 ? [files.rate(bytesPerSecond)] : []),
    ...(leftMs !== null && bytes < size ? [files.left(Math.ceil(leftMs / 1_000))] : []),
  ];
}
