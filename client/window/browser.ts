import { messageOf } from "@fusionmeet/base";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Where the redirect file of `openBrowser` is kept while the browser reads it. */
export interface BrowserOptions {
  /** A folder of ours; what is made in it can be read by this user only. */
  readonly folder: string;
  /** Opens a path or an address: the default browser unless said. */
  readonly opener?: Opener;
}

/** A program that shows something in a browser. */
export interface Opener {
  readonly program: string;
  /** In front of the address. */
  readonly args: readonly string[];
  /** What the address itself begins with. */
  readonly flag?: string;
}

/** A browser that has to start first reads the file late. */
const REDIRECT_KEPT_MS = 30_000;
/** An opener that fails does so at once; one that runs longer is the browser itself. */
const OPENER_WAIT_MS = 3_000;
const REDIRECT_PREFIX = "open-";
/** The file and its folder: this user's only. */
const PRIVATE_FILE_MODE = 0o600;

/**
 * Shows a page in a browser, without its address (it carries a token) in any argument list: the browser is
 * given a file that leads there, which is removed after half a minute or with this program.
 *
 * @returns a sentence for the user when it could not.
 */
export async function openBrowser(
  url: string,
  { folder, opener = defaultOpener() }: BrowserOptions,
): Promise<string | undefined> {
  try {
    Deno.mkdirSync(folder, { recursive: true });
    removeRedirects(folder);
    const redirect = Deno.makeTempDirSync({ dir: folder, prefix: REDIRECT_PREFIX });
    const path = join(redirect, "fusionmeet.html");
    Deno.writeTextFileSync(path, redirectPage(url), { mode: PRIVATE_FILE_MODE, createNew: true });
    const remove = () => removeQuietly(redirect);
    addEventListener("unload", remove);
    Deno.unrefTimer(setTimeout(remove, REDIRECT_KEPT_MS));
    const fault = await run(opener, pathToFileURL(path).href);
    if (fault !== undefined) remove();
    return fault;
  } catch (thrown) {
    return `Cannot open the browser: ${messageOf(thrown)}`;
  }
}

/** Follows a link of the page in the default browser. @returns a sentence for the user when it could not. */
export function openLink(
  url: string,
  opener: Opener = defaultOpener(),
): Promise<string | undefined> {
  return run(opener, url);
}

/** Shows a folder as the desktop does. @returns a sentence for the user when it could not. */
export function openFolder(
  path: string,
  opener: Opener = defaultOpener(),
): Promise<string | undefined> {
  return run(opener, path, "the folder");
}

/** What each system has for it. */
export function defaultOpener(os: string = Deno.build.os): Opener {
  if (os === "windows") return { program: "rundll32", args: ["url.dll,FileProtocolHandler"] };
  if (os === "darwin") return { program: "open", args: [] };
  return { program: "xdg-open", args: [] };
}

/** What a browser is told that is to show a page as a window of its own: no tabs, no address. */
const APP_FLAG = "--app=";
/** Edge is part of Windows; the others are there where somebody installed them. */
const APP_BROWSERS = {
  windows: ["Microsoft\\Edge\\Application\\msedge.exe", "Google\\Chrome\\Application\\chrome.exe"],
  darwin: ["Microsoft Edge", "Google Chrome", "Chromium"],
  linux: ["microsoft-edge", "chromium", "chromium-browser", "google-chrome"],
} as const;

/** Browsers of this computer that show a page as a window of its own, best first. */
export function appOpeners(
  os: string,
  { variable, isFile }: {
    variable: (name: string) => string | undefined;
    isFile: (path: string) => boolean;
  },
): Opener[] {
  if (os === "darwin") {
    const isThere = (app: string) => isFile(`/Applications/${app}.app/Contents/Info.plist`);
    return APP_BROWSERS.darwin.filter(isThere)
      .map((app) => ({ program: "open", args: ["-na", app, "--args"], flag: APP_FLAG }));
  }
  const folders = os === "windows"
    ? ["ProgramFiles(x86)", "ProgramFiles", "LOCALAPPDATA"].map(variable)
    : (variable("PATH") ?? "").split(":");
  const [names, slash] = os === "windows"
    ? [APP_BROWSERS.windows, "\\"]
    : [APP_BROWSERS.linux, "/"];
  return names.flatMap((name) =>
    folders.filter((folder) => folder !== undefined && folder !== "")
      .map((folder) => `${folder}${slash}${name}`)
  ).filter(isFile).map((program) => ({ program, args: [], flag: APP_FLAG }));
}

/** A page that leads to `url` at once, in a browser without scripts too, and leaves no way back to itself. */
export function redirectPage(url: string): string {
  const escaped = url.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  return `<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=${escaped}">
<title>FusionMeet</title>
<p><a href="${escaped}">FusionMeet</a></p>
`;
}

async function run(
  { program, args, flag = "" }: Opener,
  target: string,
  what = "the browser",
): Promise<string | undefined> {
  try {
    const child = new Deno.Command(program, {
      args: [...args, flag + target],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    child.unref();
    const wait = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => wait.resolve(undefined), OPENER_WAIT_MS);
    const status = await Promise.race([child.status, wait.promise]);
    clearTimeout(timer);
    if (status === undefined || status.success) return undefined;
    return `Cannot open ${what}: ${program} ended with ${status.code}`;
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) {
      return `Cannot open ${what}: ${messageOf(thrown)}`;
    }
    return `Cannot open ${what}: ${program} is not on this computer`;
  }
}

/** Those of a program that was killed; another one's that runs now is younger. */
function removeRedirects(folder: string): void {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (!isDirectory || !name.startsWith(REDIRECT_PREFIX)) continue;
    const path = join(folder, name);
    const madeMs = Deno.statSync(path).mtime?.getTime() ?? 0;
    if (Date.now() - madeMs > REDIRECT_KEPT_MS) removeQuietly(path);
  }
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // Removed already.
  }
}
