import { useLayoutEffect, useRef } from "preact/hooks";
import { CHAT_TEXT_LENGTH_MAX } from "@fusionmeet/protocol";
import { useApp } from "../app.ts";
import { SendHorizontal } from "./icons.ts";

/** The field for a message: Enter sends, Shift+Enter begins a new line; it grows with its text. */
export function Composer({ onSent }: { onSent: () => void }) {
  const { store, strings, send } = useApp();
  const { draft } = store.chat;
  const field = useRef<HTMLTextAreaElement>(null);
  const over = draft.value.length - CHAT_TEXT_LENGTH_MAX;
  const canSend = draft.value.trim() !== "" && over <= 0 && store.link.value === "ready";

  useLayoutEffect(() => field.current?.focus(), []);
  useLayoutEffect(() => {
    const { style } = field.current!;
    style.height = "auto";
    style.height = `${field.current!.scrollHeight}px`;
  }, [draft.value]);

  const post = () => {
    if (!canSend) return;
    send({ do: "chat.post", text: draft.value });
    draft.value = "";
    onSent();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        post();
      }}
    >
      <div class="composer-frame">
        <textarea
          ref={field}
          rows={1}
          dir="auto"
          value={draft.value}
          placeholder={strings.chat.field}
          aria-label={strings.chat.field}
          aria-invalid={over > 0 ? "true" : undefined}
          onInput={(event) => draft.value = event.currentTarget.value}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            post();
          }}
        />
        <button
          type="submit"
          class="composer-send"
          aria-label={strings.chat.send}
          title={strings.chat.send}
          aria-disabled={!canSend || undefined}
        >
          <SendHorizontal size={18} aria-hidden="true" />
        </button>
      </div>
      {over > 0 && <p class="field-problem">{strings.chat.tooLong(over)}</p>}
    </form>
  );
}
