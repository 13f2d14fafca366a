import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../app.ts";
import { chatRows } from "../chat_rows.ts";
import { dayText } from "../times.ts";
import { ChatLineView } from "./chat_line.tsx";
import { Composer } from "./composer.tsx";
import { FilePicture } from "./file_picture.tsx";
import { LineButton } from "./file_row.tsx";
import { MessagesSquare, MoveDown } from "./icons.ts";
import { SidePanel } from "./side_panel.tsx";

/** So near to the end counts as there, px. */
const END_SLACK = 24;
/** Older entries are asked for when so little is left above, px. */
const OLDER_AT = 120;

/** The room's chat. */
export function ChatPanel({ onClose }: { onClose: () => void }) {
  const { store, strings, send } = useApp();
  const { chat } = store;
  const scroll = useChatScroll();
  const entries = chat.entries.value;
  const unseen = chat.unseen.value;
  const askOlder = () => {
    const mark = chat.older();
    if (mark !== undefined) send({ do: "chat.older", mark });
  };
  const onScroll = () => {
    scroll.moved();
    if (scroll.list.current!.scrollTop < OLDER_AT) askOlder();
  };
  return (
    <SidePanel title={strings.chat.title} onClose={onClose}>
      <div class="chat">
        <div
          class="chat-scroll"
          ref={scroll.list}
          role="log"
          aria-live="off"
          aria-label={strings.chat.title}
          tabIndex={0}
          onScroll={onScroll}
        >
          {entries.length === 0 && <NothingYet />}
          {chat.hasOlder.value && (
            <button type="button" class="chat-older" onClick={askOlder}>
              {chat.isLoadingOlder.value ? strings.chat.older : strings.chat.showOlder}
            </button>
          )}
          {chatRows(entries).map((row) => {
            if (row.kind === "line") {
              return <ChatLineView key={row.key} entry={row.entry} isFirst={row.isFirst} />;
            }
            if (row.kind === "day") {
              return (
                <p class="chat-day" key={row.key}>
                  <span>{dayText(row.at, Date.now(), strings)}</span>
                </p>
              );
            }
            const { notice, name, file } = row.entry;
            return (
              <div class="chat-notice" key={row.key} dir="auto">
                {strings.chat.notices[notice](name, file?.name, row.more)}
                {file && row.more === 0 && <SaveButton file={file.id} />}
                {file && row.more === 0 && <SharedPicture file={file.id} />}
              </div>
            );
          })}
        </div>
        {unseen > 0 && !scroll.isAtEnd && (
          <button type="button" class="chat-fresh" onClick={scroll.toEnd}>
            <MoveDown size={14} aria-hidden="true" />
            {strings.chat.fresh(unseen)}
          </button>
        )}
      </div>
      <Composer onSent={scroll.toEnd} />
    </SidePanel>
  );
}

/** The small picture of a file that a notice tells of, while it is there. */
function SharedPicture({ file }: { file: number }) {
  const entry = useApp().store.shelf.byId(file);
  return entry?.thumbnail && !entry.executable ? <FilePicture file={entry} size="m" /> : null;
}

/** Saves a file that a notice tells of, while it is there. */
function SaveButton({ file }: { file: number }) {
  const { store, strings, send } = useApp();
  const entry = store.shelf.byId(file);
  if (entry === undefined || entry.own) return null;
  return (
    <LineButton
      label={strings.files.save(entry.name)}
      onClick={() => send({ do: "file.save", file })}
    >
      {strings.files.saveShort}
    </LineButton>
  );
}

function NothingYet() {
  const { strings } = useApp();
  return (
    <div class="chat-empty">
      <MessagesSquare size={28} aria-hidden="true" />
      <strong>{strings.chat.empty}</strong>
      <span>{strings.chat.emptyText}</span>
    </div>
  );
}

/**
 * Keeps the end in sight while it is in sight, and otherwise what the reader sees where it is, also when older
 * entries come above it.
 */
function useChatScroll() {
  const { chat } = useApp().store;
  const list = useRef<HTMLDivElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const kept = useRef({ isAtEnd: true, top: 0, height: 0, first: "" });
  const entries = chat.entries.value;

  const seeEnd = () => {
    if (kept.current.isAtEnd && !document.hidden) chat.seen();
  };
  const moved = (heightSeen = Infinity) => {
    const { scrollTop, scrollHeight, clientHeight } = list.current!;
    const end = Math.min(scrollHeight, heightSeen) - clientHeight;
    kept.current.isAtEnd = end - scrollTop <= END_SLACK;
    kept.current.top = scrollTop;
    setAtEnd(kept.current.isAtEnd);
    seeEnd();
  };
  const toEnd = () => {
    list.current!.scrollTop = list.current!.scrollHeight;
    moved();
  };

  useLayoutEffect(() => {
    const element = list.current!;
    const { top, height, first } = kept.current;
    // The browser tells of scrolling a frame later: entries may come in between.
    if (element.scrollTop !== top) moved(height);
    const firstNow = entries[0]?.mark ?? "";
    if (kept.current.isAtEnd) toEnd();
    else if (firstNow !== first) {
      element.scrollTop += element.scrollHeight - height;
      kept.current.top = element.scrollTop;
    }
    kept.current.height = element.scrollHeight;
    kept.current.first = firstNow;
  }, [entries]);

  useEffect(() => {
    const observer = new ResizeObserver(() => kept.current.isAtEnd && toEnd());
    observer.observe(list.current!);
    document.addEventListener("visibilitychange", seeEnd);
    return () => {
      observer.disconnect();
      document.removeEventListener("visibilitychange", seeEnd);
    };
  }, []);
  return { list, isAtEnd, moved, toEnd };
}
