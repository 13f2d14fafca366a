import { isExecutableName } from "@fusionmeet/protocol";

/** What a file is by the end of its name: for a picture beside it, and a warning. */
export type FileKind =
  | "picture"
  | "film"
  | "sound"
  | "text"
  | "table"
  | "archive"
  | "program"
  | "other";

/** Ends of names, by kind. */
const ENDINGS: Readonly<Record<Exclude<FileKind, "program" | "other">, string>> = {
  picture: "avif bmp gif heic ico jpeg jpg png psd svg tif tiff webp",
  film: "avi m4v mkv mov mp4 mpeg mpg webm wmv",
  sound: "aac aiff flac m4a mid mp3 oga ogg opus wav wma",
  text: "doc docx epub md odp odt pdf ppt pptx rtf tex txt",
  table: "csv json ods tsv xls xlsx xml",
  archive: "7z bz2 gz rar tar tgz xz zip zst",
};
const KIND_OF = new Map(
  Object.entries(ENDINGS).flatMap(([kind, endings]) =>
    endings.split(" ").map((ending) => [ending, kind as FileKind] as const)
  ),
);

/** @param name as people see it; dots and spaces at its end do not hide what it is (Windows drops them). */
export function fileKind(name: string): FileKind {
  if (isExecutableName(name)) return "program";
  const ending = /\.([^.]+)$/.exec(name.replace(/[. ]+$/, ""))?.[1] ?? "";
  return KIND_OF.get(ending.toLowerCase()) ?? "other";
}

/** Ends of names of pictures that can be shown, also where their sharer could not make a thumbnail. */
const SHOWN_ENDING = /\.(jpe?g|png|webp|gif|avif)[. ]*$/i;

/** Whether it is worth a try to show it as a picture. */
export function isPreviewable(
  { name, thumbnail, executable }: { name: string; thumbnail: boolean; executable: boolean },
): boolean {
  return !executable && (thumbnail || SHOWN_ENDING.test(name));
}
