/** Name of the function by which the page's script reaches the window. */
export const WINDOW_FUNCTION = "fusionmeetWindow";

/** What the script below tells the window. */
export type PageTold =
  | readonly ["ready", origin: string]
  | readonly ["size", width: number, height: number]
  | readonly ["link", url: string];

/**
 * Runs in the page before its own scripts. It tells when the page is there; keeps the window on it: links that lead
 * elsewhere go to the browser, a dropped file and the keys that reload or go back do nothing; and leaves of the context
 * menu what belongs to text. What the page handles itself (`preventDefault`) stays with the page.
 *
 * @param sizeOf which of the page's two sizes makes the same window again (`inner`: its area, `outer`: with the frame).
 */
export function pageScript(sizeOf: "inner" | "outer"): string {
  return `(() => {
  if (window !== window.top) return;
  const tell = (...told) => window.${WINDOW_FUNCTION}(...told);
  const unhandled = (type, listener) => addEventListener(type, (event) => {
    if (!event.defaultPrevented) listener(event);
  });
  addEventListener("DOMContentLoaded", () => tell("ready", location.origin));
  addEventListener("resize", () => tell("size", ${sizeOf}Width, ${sizeOf}Height));
  const follow = (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!link || (link.target !== "_blank" && link.origin === location.origin)) return;
    event.preventDefault();
    tell("link", link.href);
  };
  unhandled("click", follow);
  unhandled("auxclick", (event) => { if (event.button === 1) follow(event); });
  unhandled("contextmenu", (event) => {
    const isText = event.target instanceof Element && event.target.closest("input, textarea");
    if (!isText && String(getSelection()) === "") event.preventDefault();
  });
  unhandled("keydown", (event) => {
    const command = event.ctrlKey || event.metaKey;
    const reloads = event.key === "F5" || (command && event.key.toLowerCase() === "r");
    const travels = event.key === "BrowserBack" || event.key === "BrowserForward" ||
      ((event.altKey || event.metaKey) && ["ArrowLeft", "ArrowRight"].includes(event.key) &&
        !(event.target instanceof Element && event.target.closest("input, textarea")));
    if (reloads || travels) event.preventDefault();
  });
  const refuseFiles = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  };
  unhandled("dragover", refuseFiles);
  unhandled("drop", refuseFiles);
})();`;
}
