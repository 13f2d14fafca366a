import type { TransferEntry } from "@fusionmeet/bridge";
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
    <li class="file">
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

/** How far it is, how fast, and the way to break it off. */
export function TransferProgress({ transfer }: { transfer: TransferEntry }) {
  const { strings, send } = useApp();
  const { id, name, bytes, size } = transfer;
  const part = size > 0 ? bytes / size : 0;
  const words = progressWords(transfer, strings);
  return (
    <div class="transfer">
      <div
        class="transfer-bar"
        role="progressbar"
        aria-label={strings.files.progress(name)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(part * 100)}
        aria-valuetext={words}
        data-state={transfer.state}
      >
        <span style={{ width: `${part * 100}%` }} />
      </div>
      <span class="transfer-words">{words}</span>
      <IconButton
        label={strings.files.cancel(name)}
        onClick={() => send({ do: "transfer.cancel", transfer: id })}
      >
        <X size={16} aria-hidden="true" />
      </IconButton>
    </div>
  );
}

function progressWords(transfer: TransferEntry, { files }: Strings): string {
  const { state, bytes, size, bytesPerSecond, leftMs, message } = transfer;
  if (state === "waiting") {
    return message === null ? files.waiting : `${asSentence(message)} ${files.goesOn}`;
  }
  return [
    ...(state === "hashing" ? [files.hashing] : []),
    files.percent(size > 0 ? bytes / size : 0),
    ...(bytesPerSecond > 0 ? [files.rate(bytesPerSecond)] : []),
    ...(leftMs !== null && bytes < size ? [files.left(Math.ceil(leftMs / 1_000))] : []),
  ].join(" · ");
}
