import type { ChatEntry } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { splitLinks } from "../links.ts";
import { hueStyle } from "./avatar.tsx";
import { momentText, timeText } from "../times.ts";
import { asSentence } from "./field.tsx";
import { CircleAlert, Clock } from "./icons.ts";

export interface ChatLineProps {
  readonly entry: Extract<ChatEntry, { kind: "line" }>;
  readonly isFirst: boolean;
}

/** One line somebody wrote: always text, its web addresses as links. */
export function ChatLineView({ entry, isFirst }: ChatLineProps) {
  const { strings } = useApp();
  return (
    <article
      class="chat-line"
      data-first={isFirst ? "" : undefined}
      data-state={entry.state}
      data-mark={entry.mark}
    >
      {isFirst && (
        <header class="chat-from hued" style={hueStyle(entry.from)}>
          <bdi class="ellipsis" title={entry.from}>
            {entry.own ? strings.meeting.youAre(entry.from) : entry.from}
          </bdi>
          <time dateTime={new Date(entry.at).toISOString()} title={momentText(entry.at)}>
            {timeText(entry.at)}
          </time>
        </header>
      )}
      <p class="chat-text" dir="auto">
        {splitLinks(entry.text).map(({ text, href }, index) =>
          href === undefined
            ? text
            : (
              <a key={index} href={href} target="_blank" rel="noopener noreferrer nofollow">
                {text}
              </a>
            )
        )}
      </p>
      {entry.state === "sending" && (
        <p class="chat-state">
          <Clock size={12} aria-hidden="true" /> {strings.chat.sending}
        </p>
      )}
      {entry.state === "unsent" && <Unsent mark={entry.mark} problem={entry.problem} />}
    </article>
  );
}

function Unsent({ mark, problem }: { mark: string; problem: string | null }) {
  const { strings, send } = useApp();
  const { unsent, retry, discard } = strings.chat;
  return (
    <div class="chat-unsent">
      <p>
        <CircleAlert size={14} aria-hidden="true" />
        <span>{asSentence(problem ? `${unsent}: ${problem}` : unsent)}</span>
      </p>
      <button type="button" onClick={() => send({ do: "chat.retry", mark })}>{retry}</button>
      <button type="button" onClick={() => send({ do: "chat.discard", mark })}>{discard}</button>
    </div>
  );
}
