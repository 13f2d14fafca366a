import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app.ts";
import { type Toast, TOAST_MS, type ToastKind } from "../toasts.ts";
import { IconButton } from "./button.tsx";
import { asSentence } from "./field.tsx";
import { CircleAlert, Info, TriangleAlert, X } from "./icons.ts";

const ICONS = { info: Info, warning: TriangleAlert, problem: CircleAlert } satisfies Record<
  ToastKind,
  unknown
>;

/** The messages at the corner; each goes by itself unless it is a problem or somebody points at it. */
export function ToastList() {
  const { store, strings } = useApp();
  const { shown } = store.toasts;
  if (shown.value.length === 0) return null;
  return (
    <section class="toasts" aria-label={strings.toasts.title}>
      {shown.value.map((toast) => <ToastView key={toast.id} toast={toast} />)}
    </section>
  );
}

function ToastView({ toast }: { toast: Toast }) {
  const { store, strings, announcer } = useApp();
  const [isHeld, setHeld] = useState(false);
  const stayMs = TOAST_MS[toast.kind];
  useEffect(() => announcer.say(toast.message), []);
  useEffect(() => {
    if (isHeld || stayMs === undefined) return;
    const timer = setTimeout(() => store.toasts.close(toast.id), stayMs);
    return () => clearTimeout(timer);
  }, [isHeld]);
  const Icon = ICONS[toast.kind];
  return (
    <div
      class={`toast toast-${toast.kind}`}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocusIn={() => setHeld(true)}
      onFocusOut={() => setHeld(false)}
    >
      <Icon size={18} aria-hidden="true" />
      <p>
        <span class="sr-only">{strings.toasts.kinds[toast.kind]}:</span> {asSentence(toast.message)}
      </p>
      <IconButton label={strings.toasts.close} onClick={() => store.toasts.close(toast.id)}>
        <X size={16} aria-hidden="true" />
      </IconButton>
    </div>
  );
}
