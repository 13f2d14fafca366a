import type { MeetingState } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { leads } from "../person_actions.ts";
import { Button } from "./button.tsx";
import { Lock, LockOpen, MicOff } from "./icons.ts";

/** What the host does to the whole room; to all others, whether it is locked. */
export function HostTools({ meeting }: { meeting: MeetingState }) {
  const { strings, send } = useApp();
  const text = strings.roles;
  const { locked } = meeting;
  return (
    <>
      {leads(meeting) && (
        <div class="host-tools" role="group" aria-label={text.tools}>
          <Button onClick={() => send({ do: "host.mute", participant: null })}>
            <MicOff size={16} aria-hidden="true" />
            {text.muteAll}
          </Button>
          <Button onClick={() => send({ do: "host.lock", on: !locked })}>
            {locked
              ? <LockOpen size={16} aria-hidden="true" />
              : <Lock size={16} aria-hidden="true" />}
            {locked ? text.unlock : text.lock}
          </Button>
        </div>
      )}
      {locked && (
        <p class="room-locked">
          <Lock size={14} aria-hidden="true" />
          {text.lockedText}
        </p>
      )}
    </>
  );
}

/** Who was removed; the program tells the host alone. */
export function RemovedPeople({ names }: { names: readonly string[] }) {
  const { strings, send } = useApp();
  const text = strings.roles;
  if (names.length === 0) return null;
  return (
    <section class="removed" aria-label={text.removed}>
      <h3>{text.removed}</h3>
      <ul>
        {names.map((name) => (
          <li key={name}>
            <bdi class="ellipsis" title={name}>{name}</bdi>
            <button
              type="button"
              class="link-button"
              onClick={() => send({ do: "host.readmit", name })}
            >
              {text.readmit}
              <span class="sr-only">{name}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
