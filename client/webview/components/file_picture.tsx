import { useEffect } from "preact/hooks";
import type { FileEntry } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { Image } from "./icons.ts";

export interface FilePictureProps {
  readonly file: FileEntry;
  readonly size: "s" | "m";
}

/** The small picture of a file, as a button that shows it large; until it is there, the sign for a picture. */
export function FilePicture({ file, size }: FilePictureProps) {
  const { store: { shelf }, strings } = useApp();
  const picture = useThumbnail(file);
  const label = strings.files.look(file.name);
  return (
    <button
      type="button"
      class={`file-mark file-picture file-picture-${size}`}
      aria-label={label}
      title={label}
      onClick={() => shelf.look(file.id)}
    >
      {picture
        ? <img src={picture} alt="" draggable={false} />
        : <Image size={20} aria-hidden="true" />}
    </button>
  );
}

/** What the program has of it; asked for once, when it is to be seen. */
export function useThumbnail({ id, thumbnail }: FileEntry): string | undefined {
  const { store: { shelf }, send } = useApp();
  const picture = shelf.thumbnails.value.get(id);
  useEffect(() => {
    if (thumbnail && !shelf.thumbnails.peek().has(id)) send({ do: "file.thumbnail", file: id });
  }, [id, thumbnail]);
  return picture ?? undefined;
}
