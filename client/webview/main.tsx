import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { Announcer } from "./announcer.ts";
import type { App } from "./app.ts";
import { Connection } from "./connection.ts";
import { FileSender } from "./file_sender.ts";
import { PageMedia, testDecoders, type VoiceState } from "./media/page_media.ts";
import { Page } from "./page.tsx";
import { Store } from "./store.ts";
import { stringsFor } from "./strings.ts";
import { ThemeChoice } from "./theme.ts";

/** The link's token, taken out of the address, so that no reload, bookmark or screenshot carries it on. */
function takeToken(): string {
  const token = location.hash.slice(1);
  if (token) history.replaceState(null, "", location.pathname);
  return token;
}

const token = takeToken();
const strings = stringsFor(navigator.languages);
const store = new Store();
const media = signal<PageMedia | undefined>(undefined);
const voice = signal<VoiceState>("off");
const setTimer = (run: () => void, ms: number) => void setTimeout(run, ms);
const announcer = new Announcer({ setTimer, more: strings.chat.moreHappened });
let mediaKey = "";

function openMedia(key: string, socketUrl: string): void {
  if (key === mediaKey) return media.value?.reconnect();
  mediaKey = key;
  media.value?.close();
  const onProblem = (message: string) => connection.send({ do: "problem", message });
  const opened = new PageMedia({ key, socketUrl, decoders, onProblem });
  opened.onVoice((state) => voice.value = state);
  media.value = opened;
}

const files = new FileSender({
  send: (message) => connection.send(message),
  post: (path, init) => fetch(path, init),
  random: (bytes) => crypto.getRandomValues(bytes),
  onTooMany: (count) => store.toasts.show("warning", strings.files.tooMany(count)),
});
// A browser asks before it lets go of files that are not read yet.
addEventListener("beforeunload", (event) => {
  if (files.count > 0) event.preventDefault();
});

const app: App = {
  store,
  strings,
  theme: new ThemeChoice(
    document.documentElement,
    (theme) => connection.send({ do: "theme", theme }),
  ),
  announcer,
  media,
  voice,
  send: (message) => connection.send(message),
  files,
  takeBack: () => connection.takeBack(),
  isMac: /mac/i.test(navigator.userAgent),
};

render(<Page app={app} />, document.body);
effect(() => app.theme.show(store.theme.value));

// After a reload in a meeting nobody clicks on Join: the sound starts now, or says that it needs a click.
effect(() => {
  const isMeeting = store.screen.value === "meeting";
  if (isMeeting && voice.value === "off") void media.value?.startVoice();
});

const decoders = await testDecoders();
const connection = new Connection({
  store,
  decoders,
  onReady: (key, mediaUrl) => {
    files.key = key;
    openMedia(key, mediaUrl);
  },
  onFile: ({ type, mark }) => {
    if (type === "file.unwanted") files.unwanted(mark);
    else void files.wanted(mark);
  },
  place: {
    socketOrigin: location.origin.replace(/^http/, "ws"),
    token,
    storage: sessionStorage,
    openSocket: (url) => new WebSocket(url),
    setTimer,
    now: () => performance.now(),
  },
});
