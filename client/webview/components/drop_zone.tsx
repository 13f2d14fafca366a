import { useEffect, useState } from "preact/hooks";
import { PAGE_FILES_MAX } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import type { PageFile } from "../file_sender.ts";
import { droppedFiles, fileTime, hasFiles, pastedFiles } from "../given_files.ts";
import { Upload } from "./icons.ts";

/** Takes files that are dropped anywhere on the page, or pasted; while they are dragged it says so. */
export function DropZone({ onFiles }: { onFiles: (files: readonly PageFile[]) => void }) {
  const { store, strings } = useApp();
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const take = (files: readonly PageFile[]) => {
      if (files.length > 0) onFiles(files);
    };
    const over = (event: DragEvent) => {
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      const isTaken = !isAsking();
      event.dataTransfer!.dropEffect = isTaken ? "copy" : "none";
      setOver(isTaken);
    };
    const leave = (event: DragEvent) => {
      // It left the page, not only one of its parts.
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      setOver(false);
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      if (isAsking()) return;
      void droppedFiles(event.dataTransfer!, PAGE_FILES_MAX).then((files) => {
        if (files.length === 0) store.toasts.show("warning", strings.files.nothing);
        take(files);
      });
    };
    const paste = (event: ClipboardEvent) => {
      if (isAsking()) return;
      const files = pastedFiles(event.clipboardData, strings.files.pasted(fileTime(new Date())));
      if (files.length > 0) event.preventDefault();
      take(files);
    };
    const listeners = { dragenter: over, dragover: over, dragleave: leave, drop, paste };
    const each = Object.entries(listeners) as [string, (event: Event) => void][];
    for (const [type, listener] of each) document.addEventListener(type, listener);
    return () => {
      for (const [type, listener] of each) document.removeEventListener(type, listener);
    };
  }, []);
  if (!isOver) return null;
  return (
    <div class="drop-zone">
      <p>
        <Upload size={32} aria-hidden="true" />
        <strong>{strings.files.drop}</strong>
      </p>
    </div>
  );
}

/** A question is open: it comes first. */
function isAsking(): boolean {
  return document.querySelector("dialog[open]") !== null;
}
