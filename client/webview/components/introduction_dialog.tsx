import type { Introduction } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";

export interface IntroductionDialogProps {
  readonly introduction: Introduction;
  readonly onAccept: (fingerprint: string) => void;
  readonly onDecline: () => void;
}

/** A server is met for the first time: its key as words, to be compared. */
export function IntroductionDialog(props: IntroductionDialogProps) {
  const { strings } = useApp();
  const { server, fingerprint, words } = props.introduction;
  const text = strings.introduction;
  return (
    <Dialog
      title={text.title}
      onCancel={props.onDecline}
      actions={
        <>
          <Button onClick={props.onDecline}>{text.decline}</Button>
          <Button kind="primary" onClick={() => props.onAccept(fingerprint)}>{text.accept}</Button>
        </>
      }
    >
      <p>{text.text(server)}</p>
      <WordList words={words} label={text.words} />
      <p class="hint">{text.same}</p>
      <details>
        <summary>{text.fingerprint}</summary>
        <code class="fingerprint">{fingerprint}</code>
      </details>
    </Dialog>
  );
}

/** Words of a key, numbered. */
export function WordList({ words, label }: { words: readonly string[]; label: string }) {
  return (
    <ol class="words" aria-label={label}>
      {words.map((word, index) => <li key={index}>{word}</li>)}
    </ol>
  );
}
