import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app.ts";
import { Button } from "./button.tsx";
import { Check, Copy } from "./icons.ts";

/** How long the button says that it was done. */
const DONE_MS = 2_500;

export interface CopyButtonProps {
  readonly text: string;
  readonly label: string;
  readonly kind?: "primary" | "plain";
}

/** Puts a text on the clipboard, and says whether that worked. */
export function CopyButton({ text, label, kind }: CopyButtonProps) {
  const { strings, announcer } = useApp();
  const [outcome, setOutcome] = useState<"copied" | "failed">();
  useEffect(() => {
    if (outcome === undefined) return;
    announcer.say(strings.copy[outcome]);
    const timer = setTimeout(() => setOutcome(undefined), DONE_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  return (
    <Button
      kind={kind}
      onClick={() => void copy(text).then((isDone) => setOutcome(isDone ? "copied" : "failed"))}
    >
      {outcome === "copied"
        ? <Check size={18} aria-hidden="true" />
        : <Copy size={18} aria-hidden="true" />}
      {outcome === undefined ? label : strings.copy[outcome]}
    </Button>
  );
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** For a webview that gives no clipboard to its page. */
function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "sr-only";
  document.body.append(field);
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isDone;
}
