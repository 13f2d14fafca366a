/** What libwebview does not offer of the GTK 4 window and the WebKitGTK 6.0 view it makes. Linux only. */
import { cString, readCString } from "./webview_library.ts";
import type { WindowSize } from "./webview_lines.ts";

/** What happens to the window. */
export interface GtkWindowListener {
  /** The user wants to close it; it stays. */
  closeAsked(): void;
  resized(size: WindowSize): void;
  /** Something leads away from the page; the page stays. */
  leads(url: string): void;
  pageNotLoaded(detail: string): void;
  pageDied(detail: string): void;
}

/** Name of the program to the desktop: window class, and the icon's name. */
export const DESKTOP_NAME = "fusionmeet-client";

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;
const TRUE = 1;
const FALSE = 0;
/** `WEBKIT_POLICY_DECISION_TYPE_…`: the first two are about going somewhere, in this window or a new one. */
const POLICY_NEW_WINDOW = 1;
/** `WebKitWebProcessTerminationReason`. */
const TERMINATION_REASONS = ["crashed", "needed too much memory", "was ended"];
/** Offset of `message` in a `GError`. */
const ERROR_MESSAGE_OFFSET = 8;

/** Before the window is made: this process ends when the thread that started it does, and has a name. */
export function prepareProcess(): void {
  const libc = Deno.dlopen("libc.so.6", {
    prctl: { parameters: ["i32", "u64"], result: "i32" },
  });
  libc.symbols.prctl(PR_SET_PDEATHSIG, BigInt(SIGKILL));
  const glib = Deno.dlopen("libglib-2.0.so.0", {
    g_set_prgname: { parameters: ["buffer"], result: "void" },
  });
  glib.symbols.g_set_prgname(cString(DESKTOP_NAME));
}

/** The window and view that libwebview made, with our handlers on their signals. Lives as long as the process. */
export class GtkWindow {
  readonly #gtk = Deno.dlopen("libgtk-4.so.1", {
    gtk_window_get_default_size: { parameters: ["pointer", "buffer", "buffer"], result: "void" },
    gtk_window_set_default_icon_name: { parameters: ["buffer"], result: "void" },
    gdk_display_get_default: { parameters: [], result: "pointer" },
    gtk_icon_theme_get_for_display: { parameters: ["pointer"], result: "pointer" },
    gtk_icon_theme_add_search_path: { parameters: ["pointer", "buffer"], result: "void" },
  }).symbols;
  readonly #gobject = Deno.dlopen("libgobject-2.0.so.0", {
    g_signal_connect_data: {
      parameters: ["pointer", "buffer", "function", "pointer", "pointer", "i32"],
      result: "u64",
    },
  }).symbols;
  readonly #webkit = Deno.dlopen("libwebkitgtk-6.0.so.4", {
    webkit_navigation_policy_decision_get_navigation_action: {
      parameters: ["pointer"],
      result: "pointer",
    },
    webkit_navigation_action_get_request: { parameters: ["pointer"], result: "pointer" },
    webkit_uri_request_get_uri: { parameters: ["pointer"], result: "pointer" },
    webkit_policy_decision_ignore: { parameters: ["pointer"], result: "void" },
  }).symbols;
  readonly #window: Deno.PointerValue;
  readonly #listener: GtkWindowListener;
  /** GTK has their addresses: they must not be collected. */
  readonly #handlers: { close(): void }[] = [];
  /** Where the page is from; everything else is elsewhere. */
  readonly #origin: string;

  constructor(
    { window, view }: { window: Deno.PointerValue; view: Deno.PointerValue },
    { origin, listener }: { origin: string; listener: GtkWindowListener },
  ) {
    this.#window = window;
    this.#listener = listener;
    this.#origin = origin;
    this.#onClose();
    this.#onResize();
    this.#onNavigation(view);
    this.#onTrouble(view);
  }

  /** @param folder an icon theme's: `hicolor/<size>/apps/` in it. */
  setIcon(folder: string): void {
    const theme = this.#gtk.gtk_icon_theme_get_for_display(this.#gtk.gdk_display_get_default());
    this.#gtk.gtk_icon_theme_add_search_path(theme, cString(folder));
    this.#gtk.gtk_window_set_default_icon_name(cString(DESKTOP_NAME));
  }

  #onClose(): void {
    const handler = new Deno.UnsafeCallback(
      { parameters: ["pointer", "pointer"], result: "i32" },
      () => {
        this.#listener.closeAsked();
        return TRUE;
      },
    );
    this.#connect(this.#window, "close-request", handler);
  }

  /** GTK keeps `default-width` and `-height` at the size that gives the same window again, maximized or not. */
  #onResize(): void {
    const handler = new Deno.UnsafeCallback(
      { parameters: ["pointer", "pointer", "pointer"], result: "void" },
      () => {
        const width = new Int32Array(1);
        const height = new Int32Array(1);
        this.#gtk.gtk_window_get_default_size(this.#window, width, height);
        this.#listener.resized({ width: width[0], height: height[0] });
      },
    );
    this.#connect(this.#window, "notify::default-width", handler);
    this.#connect(this.#window, "notify::default-height", handler);
  }

  #onNavigation(view: Deno.PointerValue): void {
    const handler = new Deno.UnsafeCallback(
      { parameters: ["pointer", "pointer", "u32", "pointer"], result: "i32" },
      (_view, decision, type) => {
        if (type > POLICY_NEW_WINDOW) return FALSE;
        const url = this.#urlOf(decision);
        if (type < POLICY_NEW_WINDOW && originOf(url) === this.#origin) return FALSE;
        this.#webkit.webkit_policy_decision_ignore(decision);
        this.#listener.leads(url);
        return TRUE;
      },
    );
    this.#connect(view, "decide-policy", handler);
  }

  #urlOf(decision: Deno.PointerValue): string {
    const action = this.#webkit.webkit_navigation_policy_decision_get_navigation_action(decision);
    const request = this.#webkit.webkit_navigation_action_get_request(action);
    return readCString(this.#webkit.webkit_uri_request_get_uri(request));
  }

  #onTrouble(view: Deno.PointerValue): void {
    const notLoaded = new Deno.UnsafeCallback(
      { parameters: ["pointer", "u32", "pointer", "pointer", "pointer"], result: "i32" },
      (_view, _event, _url, error) => {
        const message = error &&
          new Deno.UnsafePointerView(error).getPointer(ERROR_MESSAGE_OFFSET);
        this.#listener.pageNotLoaded(readCString(message));
        return TRUE;
      },
    );
    this.#connect(view, "load-failed", notLoaded);
    const died = new Deno.UnsafeCallback(
      { parameters: ["pointer", "u32", "pointer"], result: "void" },
      (_view, reason) => this.#listener.pageDied(TERMINATION_REASONS[reason] ?? "ended"),
    );
    this.#connect(view, "web-process-terminated", died);
  }

  #connect(
    instance: Deno.PointerValue,
    signal: string,
    handler: { readonly pointer: Deno.PointerObject; close(): void },
  ): void {
    this.#handlers.push(handler);
    this.#gobject.g_signal_connect_data(instance, cString(signal), handler.pointer, null, null, 0);
  }
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : "";
}
