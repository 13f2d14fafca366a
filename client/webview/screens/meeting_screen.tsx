import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useSignal, useSignalEffect } from "@preact/signals";
import type { ChatEntry } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { isFromOthers } from "../chat_column.ts";
import { ChatPanel } from "../components/chat_panel.tsx";
import { ControlBar, type Panel } from "../components/control_bar.tsx";
import { DropZone } from "../components/drop_zone.tsx";
import { FilesPanel } from "../components/files_panel.tsx";
import { PresentDialog } from "../components/present_dialog.tsx";
import { PresentRegion } from "../components/present_region.tsx";
import { PeoplePanel } from "../components/people_panel.tsx";
import { PreviewDialog } from "../components/preview_dialog.tsx";
import { ShortcutsDialog } from "../components/shortcuts_dialog.tsx";
import { Stage } from "../components/stage.tsx";
import { useFullScreen } from "../components/use_full_screen.ts";
import { pageOf, TILES_MAX } from "../grid_layout.ts";
import { keepFocus } from "../kept_focus.ts";
import { ShareView } from "../share_view.ts";
import { type ShortcutAction, shortcutOf } from "../shortcuts.ts";

/** The meeting: people, panels and what one does. */
export function MeetingScreen() {
  const { store, send, files } = useApp();
  const panel = useSignal<Panel>(null);
  const page = useSignal(0);
  const pageSize = useSignal(TILES_MAX);
  const view = useMemo(() => new ShareView(), []);
  const [showsShortcuts, setShowsShortcuts] = useState(false);
  const [picks, setPicks] = useState(false);
  useFullScreen(view);
  useEffect(() => keepFocus(), []);
  useAnnouncements();
  useRoleAnnouncements();
  useSignalEffect(() => send({ do: "unread", count: store.chat.unseen.value }));

  const act = (action: ShortcutAction) => {
    const meeting = store.meeting.value;
    if (!meeting) return;
    const turn = (step: number) => {
      const { page: shown, pages } = pageOf(meeting.people, page.value, pageSize.value);
      page.value = Math.min(pages - 1, Math.max(0, shown + step));
    };
    const toggle = (which: Panel) => panel.value = panel.value === which ? null : which;
    const flip = (kind: "microphone" | "camera") => {
      if (meeting[kind].exists) send({ do: "source", kind, on: !meeting[kind].on });
    };
    const actions: Record<ShortcutAction, () => void> = {
      microphone: () => flip("microphone"),
      camera: () => flip("camera"),
      chat: () => toggle("chat"),
      people: () => toggle("people"),
      present: () => {
        const button = document.querySelector<HTMLElement>('.bar [data-action="present"]');
        button?.focus();
        button?.click();
      },
      files: () => toggle("files"),
      previousPage: () => turn(-1),
      nextPage: () => turn(1),
      fullScreen: () => view.isFull.value = !view.isFull.value,
      zoomIn: () => view.step(1),
      zoomOut: () => view.step(-1),
      fit: () => view.zoom.value = "fit",
      actualSize: () => view.zoom.value = 1,
      shortcuts: () => setShowsShortcuts(true),
    };
    actions[action]();
  };
  const close = () => {
    const closed = panel.value;
    panel.value = null;
    document.querySelector<HTMLElement>(`.bar [data-action="${closed}"]`)?.focus();
  };
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (document.querySelector("dialog[open]")) return;
      if (event.key === "Escape" && !event.defaultPrevented) {
        if (view.isFull.value) view.isFull.value = false;
        else if (panel.value !== null) close();
        return;
      }
      const action = shortcutOf(event, {
        isTyping: isTextField(event.target),
        isOnShare: view.isShown.value && isOnStage(event.target),
      });
      if (!action) return;
      event.preventDefault();
      act(action);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);

  const meeting = store.meeting.value;
  if (!meeting) return null;
  const { presenting, ownShare, self } = meeting;
  const mayPresent = presenting === null || presenting.participant === self;
  const shows = ownShare !== null && ownShare.state !== "turn";
  const pick = () => setPicks(true);
  const looked = store.shelf.byId(store.shelf.looked.value ?? NaN);
  return (
    <div
      class="meeting"
      data-presenting={shows ? "" : undefined}
      data-full={view.isFull.value ? "" : undefined}
    >
      <PresentRegion meeting={meeting} onPick={pick} />
      <Stage meeting={meeting} page={page} pageSize={pageSize} view={view} />
      {panel.value === "people" && <PeoplePanel meeting={meeting} onClose={close} />}
      {panel.value === "files" && <FilesPanel meeting={meeting} onClose={close} />}
      {panel.value === "chat" && <ChatPanel onClose={close} />}
      <DropZone
        onFiles={(given) => {
          files.add(given);
          panel.value = "files";
        }}
      />
      <ControlBar
        meeting={meeting}
        panel={panel}
        onShortcuts={() => setShowsShortcuts(true)}
        onPick={pick}
      />
      {picks && mayPresent && <PresentDialog onClose={() => setPicks(false)} />}
      {looked && <PreviewDialog file={looked} />}
      {showsShortcuts && <ShortcutsDialog onClose={() => setShowsShortcuts(false)} />}
    </div>
  );
}

/** Screen readers are told what others write and share, who comes and goes, and when a file is through. */
function useAnnouncements(): void {
  const { store, strings, announcer } = useApp();
  const sentence = (entry: ChatEntry): string | undefined => {
    if (entry.kind === "notice") {
      return strings.chat.notices[entry.notice](entry.name, entry.file?.name);
    }
    return isFromOthers(entry) ? strings.chat.said(entry.from, entry.text) : undefined;
  };
  useSignalEffect(() => {
    for (const entry of store.chat.fresh.value) {
      const said = sentence(entry);
      if (said !== undefined) announcer.say(said);
    }
  });
  useSignalEffect(() => {
    const { savedNews, failedNews } = strings.files;
    for (const { state, name } of store.shelf.ended.value) {
      announcer.say(state === "done" ? savedNews(name) : failedNews(name));
    }
  });
}

/**
 * Screen readers are told who leads from now on, and whether people still come in; not what was so at first. That somebody's
 * role came to oneself everybody sees.
 */
function useRoleAnnouncements(): void {
  const { store, strings, announcer } = useApp();
  const text = strings.roles;
  const meeting = store.meeting.value;
  const host = meeting?.people.find((person) => person.host);
  const before = useRef(host?.id);
  useNews(host?.id, () => {
    if (!host) return;
    const wasLed = before.current !== undefined;
    before.current = host.id;
    if (host.id !== meeting?.self) announcer.say(text.hostIs(host.name));
    else if (wasLed) store.toasts.show("info", text.youAreHost);
    else announcer.say(text.youAreHost);
  });
  useNews(meeting?.locked, () => announcer.say(meeting?.locked ? text.locked : text.unlocked));
}

/** Runs `tell` whenever `value` is another one than before. */
function useNews(value: unknown, tell: () => void): void {
  const before = useRef(value);
  useEffect(() => {
    if (value === before.current) return;
    before.current = value;
    tell();
  }, [value]);
}

/** The focus is there, or nowhere. */
function isOnStage(target: EventTarget | null): boolean {
  return target === document.body || target instanceof Element && target.closest(".stage") !== null;
}

function isTextField(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && target.type !== "radio" ||
    target instanceof HTMLTextAreaElement;
}
