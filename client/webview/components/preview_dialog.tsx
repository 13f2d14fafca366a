import { useEffect } from "preact/hooks";
import type { FileEntry } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { isPreviewable } from "../file_kinds.ts";
import { isOver } from "../file_shelf.ts";
import { Button, IconButton } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { asSentence } from "./field.tsx";
import { useThumbnail } from "./file_picture.tsx";
import { ChevronLeft, ChevronRight, CircleAlert, CircleCheck } from "./icons.ts";

/** One picture of the room, large; with the arrow keys the next one. */
export function PreviewDialog({ file }: { file: FileEntry }) {
  const { store: { shelf }, strings, send } = useApp();
  const text = strings.files;
  const pictures = shelf.files.value.filter(isPreviewable);
  const at = pictures.findIndex(({ id }) => id === file.id);
  const turn = (step: number) => {
    // Keys may come faster than pages are drawn.
    const now = shelf.looked.peek();
    const next = pictures[pictures.findIndex(({ id }) => id === now) + step];
    if (next) shelf.look(next.id);
  };
  useEffect(() => {
    shelf.preview.value = null;
    send({ do: "file.preview", file: file.id });
  }, [file.id]);
  useEffect(() => () => send({ do: "file.preview.stop" }), []);
  useEffect(() => {
    const onKeyDown = ({ key }: KeyboardEvent) => {
      if (key === "ArrowLeft") turn(-1);
      if (key === "ArrowRight") turn(1);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  });
  const close = () => shelf.look(null);
  return (
    <Dialog
      title={file.name}
      size="picture"
      onCancel={close}
      actions={
        <>
          <div class="preview-turn">
            <IconButton label={text.previous} isOff={at <= 0} onClick={() => turn(-1)}>
              <ChevronLeft size={18} aria-hidden="true" />
            </IconButton>
            <span class="preview-count">{text.pictureCount(at + 1, pictures.length)}</span>
            <IconButton
              label={text.next}
              isOff={at >= pictures.length - 1}
              onClick={() => turn(1)}
            >
              <ChevronRight size={18} aria-hidden="true" />
            </IconButton>
            <bdi class="ellipsis preview-facts" title={file.owner}>
              {text.size(file.size)} · {file.own ? text.own : file.owner}
            </bdi>
          </div>
          <Button onClick={close}>{text.closePicture}</Button>
          <SaveFile file={file} />
        </>
      }
    >
      <Picture file={file} />
    </Dialog>
  );
}

/** The picture; until it is here its thumbnail, and where it cannot be shown, why. */
function Picture({ file }: { file: FileEntry }) {
  const { store: { shelf }, strings } = useApp();
  const text = strings.files;
  const small = useThumbnail(file);
  const { value } = shelf.preview;
  const preview = value?.file === file.id ? value : null;
  if (preview?.state === "none") {
    return (
      <div class="preview" role="status">
        <p class="preview-none">
          <CircleAlert size={24} aria-hidden="true" />
          <span dir="auto">
            {asSentence(preview.problem ?? "")} {text.noPicture}
          </span>
        </p>
      </div>
    );
  }
  const picture = preview?.picture ?? small;
  const isThere = preview?.state === "there";
  const part = preview?.part ?? 0;
  return (
    <div class="preview" data-state={isThere ? "there" : "coming"} aria-busy={!isThere}>
      {picture && (
        <img src={picture} alt={text.pictureOf(file.name, file.owner)} draggable={false} />
      )}
      {!isThere && (
        <div class="preview-progress">
          <div
            class="transfer-bar"
            role="progressbar"
            aria-label={text.pictureComes}
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={Math.floor(100 * part)}
          >
            <span style={{ width: `${100 * part}%` }} />
          </div>
        </div>
      )}
    </div>
  );
}

function SaveFile({ file }: { file: FileEntry }) {
  const { store: { shelf }, strings, send } = useApp();
  const text = strings.files;
  const fetch = shelf.fetchOf(file.id);
  if (fetch?.state === "done") {
    return (
      <span class="preview-saved" role="status">
        <CircleCheck size={16} aria-hidden="true" /> {text.savedShort}
      </span>
    );
  }
  const isUnderWay = fetch !== undefined && !isOver(fetch);
  return (
    <Button
      kind="primary"
      isOff={isUnderWay}
      label={text.save(file.name)}
      onClick={() => send({ do: "file.save", file: file.id })}
    >
      {text.saveShort}
    </Button>
  );
}
