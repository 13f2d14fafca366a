import type { ComponentChildren } from "preact";
import type { Signal } from "@preact/signals";
import type { MeetingState, SourceState } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { BarButton, type BarButtonProps } from "./bar_button.tsx";
import {
  FolderOpen,
  Lock,
  LogOut,
  MessageSquare,
  Mic,
  MicOff,
  Settings2,
  Users,
  Video,
  VideoOff,
} from "./icons.ts";
import { InvitePopover } from "./invite_popover.tsx";
import { LevelBars } from "./level_bars.tsx";
import { Popover } from "./popover.tsx";
import { PresentButton } from "./present_button.tsx";
import { SettingsPanel } from "./settings_panel.tsx";

/** The panel at the side, one at a time. */
export type Panel = "people" | "chat" | "files" | null;

export interface ControlBarProps {
  readonly meeting: MeetingState;
  readonly panel: Signal<Panel>;
  readonly onShortcuts: () => void;
  /** Somebody wants to choose what to show. */
  readonly onPick: () => void;
}

/** Everything one does in a meeting, at the lower edge. */
export function ControlBar({ meeting, panel, onShortcuts, onPick }: ControlBarProps) {
  const { store, strings, send } = useApp();
  const text = strings.meeting;
  const unseen = store.chat.unseen.value;
  const newFiles = store.shelf.unseen.value;
  const toggle = (which: Panel) => panel.value = panel.value === which ? null : which;
  return (
    <footer class="bar" role="toolbar" aria-label={text.controls}>
      <p class="bar-room">
        <span class="bar-name">
          {meeting.locked && (
            <span class="bar-lock" title={strings.roles.lockedText}>
              <Lock size={14} aria-hidden="true" />
              <span class="sr-only">{strings.roles.lockedText}</span>
            </span>
          )}
          <bdi class="ellipsis" title={meeting.room}>{meeting.room}</bdi>
        </span>
        <bdi class="bar-server ellipsis">{meeting.server}</bdi>
      </p>
      <div class="bar-group">
        <SourceButton
          kind="microphone"
          source={meeting.microphone}
          label={meeting.microphone.on ? text.muteMicrophone : text.unmuteMicrophone}
          missing={text.noMicrophone}
        >
          {meeting.microphone.on
            ? (
              <>
                <Mic size={20} />
                <LevelBars />
              </>
            )
            : <MicOff size={20} />}
        </SourceButton>
        <SourceButton
          kind="camera"
          source={meeting.camera}
          label={meeting.camera.on ? text.cameraOff : text.cameraOn}
          missing={text.noCamera}
        >
          {meeting.camera.on ? <Video size={20} /> : <VideoOff size={20} />}
        </SourceButton>
        <PresentButton meeting={meeting} onPick={onPick} />
        <BarButton
          label={text.leave}
          name={text.leave}
          isDanger
          onClick={() => send({ do: "leave", sure: false })}
        >
          <LogOut size={20} />
        </BarButton>
      </div>
      <div class="bar-group bar-end">
        <BarButton
          action="people"
          label={text.people}
          name={text.openPeople(meeting.people.length)}
          isPressed={panel.value === "people"}
          badge={{ text: String(meeting.people.length), kind: "plain" }}
          onClick={() => toggle("people")}
        >
          <Users size={20} />
        </BarButton>
        <BarButton
          action="chat"
          label={text.chat}
          name={text.openChat(unseen)}
          isPressed={panel.value === "chat"}
          badge={newBadge(unseen)}
          onClick={() => toggle("chat")}
        >
          <MessageSquare size={20} />
        </BarButton>
        <BarButton
          action="files"
          label={text.files}
          name={text.openFiles(newFiles)}
          isPressed={panel.value === "files"}
          badge={newBadge(newFiles)}
          onClick={() => toggle("files")}
        >
          <FolderOpen size={20} />
        </BarButton>
        <InvitePopover meeting={meeting} />
        <Popover
          label={text.settings}
          side="above"
          button={({ isOpen, toggle }) => (
            <BarButton label={text.settings} name={text.settings} isOpen={isOpen} onClick={toggle}>
              <Settings2 size={20} />
            </BarButton>
          )}
        >
          {({ close }) => (
            <SettingsPanel
              meeting={meeting}
              onShortcuts={() => {
                close();
                onShortcuts();
              }}
            />
          )}
        </Popover>
      </div>
    </footer>
  );
}

interface SourceButtonProps {
  readonly kind: "microphone" | "camera";
  readonly source: SourceState;
  readonly label: string;
  /** Said where there is nothing to switch on. */
  readonly missing: string;
  readonly children: ComponentChildren;
}

function SourceButton({ kind, source, label, missing, children }: SourceButtonProps) {
  const { strings, send } = useApp();
  const { microphoneShort } = strings.meeting;
  const word = !source.exists ? "missing" : source.on ? "on" : "off";
  const state = !source.exists ? "missing" : source.on ? source.problem ? "problem" : "on" : "off";
  return (
    <BarButton
      action={kind}
      label={kind === "microphone" ? microphoneShort[word] : strings.join.camera}
      name={source.exists ? label : missing}
      state={state}
      isOff={!source.exists}
      badge={state === "problem" ? { text: "!", kind: "warning" } : null}
      onClick={() => send({ do: "source", kind, on: !source.on })}
    >
      {children}
    </BarButton>
  );
}

function newBadge(count: number): BarButtonProps["badge"] {
  return count > 0 ? { text: count > 99 ? "99+" : String(count), kind: "accent" } : null;
}
