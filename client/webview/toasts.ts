import { signal } from "@preact/signals";

export type ToastKind = "info" | "warning" | "problem";

export interface Toast {
  readonly id: number;
  readonly kind: ToastKind;
  /** What happened and what to do: sentences. */
  readonly message: string;
}

/** More push the oldest out. */
export const TOASTS_MAX = 3;

/** How long a toast stays when nobody points at it, ms; `undefined`: until it is closed. */
export const TOAST_MS: Readonly<Record<ToastKind, number | undefined>> = {
  info: 6_000,
  warning: 12_000,
  problem: undefined,
};

/** What happened lately, the newest last. */
export class Toasts {
  readonly shown = signal<readonly Toast[]>([]);
  #lastId = 0;

  /** The same message again takes the place of the one that is shown. */
  show(kind: ToastKind, message: string): void {
    const others = this.shown.value.filter((toast) => toast.message !== message);
    const toast = { id: ++this.#lastId, kind, message };
    this.shown.value = [...others, toast].slice(-TOASTS_MAX);
  }

  close(id: number): void {
    this.shown.value = this.shown.value.filter((toast) => toast.id !== id);
  }
}
