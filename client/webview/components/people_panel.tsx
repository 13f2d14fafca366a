import type { ComponentChildren } from "preact";
import type { MeetingState, PersonState } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { figuresOf } from "../figures.ts";
import { Avatar } from "./avatar.tsx";
import { HostTools, RemovedPeople } from "./host_tools.tsx";
import { Crown, MicOff, ScreenShare, ShieldCheck, Video, VideoOff, WifiOff } from "./icons.ts";
import { WordList } from "./introduction_dialog.tsx";
import { LevelBars } from "./level_bars.tsx";
import { PersonMenu } from "./person_menu.tsx";
import { SidePanel } from "./side_panel.tsx";

/** Who is here, with what they have on. */
export function PeoplePanel({ meeting, onClose }: { meeting: MeetingState; onClose: () => void }) {
  const { strings, store } = useApp();
  const rttMs = store.statistics.value?.rttMs;
  return (
    <SidePanel title={strings.people.title(meeting.people.length)} onClose={onClose}>
      <HostTools meeting={meeting} />
      <ul class="people">
        {meeting.people.map((person) => (
          <Person key={person.id} person={person} isSelf={person.id === meeting.self} />
        ))}
      </ul>
      <RemovedPeople names={meeting.removed} />
      <div class="trust">
        <details>
          <summary>
            <ShieldCheck size={16} aria-hidden="true" />
            {strings.people.encrypted}
          </summary>
          <p>{strings.people.compare}</p>
          <WordList words={meeting.fingerprintWords} label={strings.introduction.words} />
        </details>
        {rttMs !== undefined && <p class="figures">{strings.people.network(Math.round(rttMs))}</p>}
      </div>
    </SidePanel>
  );
}

function Person({ person, isSelf }: { person: PersonState; isSelf: boolean }) {
  const { strings, store } = useApp();
  const text = strings.meeting;
  const figures = figuresOf(person.id, store.statistics.value, strings);
  return (
    <li data-away={person.away ? "" : undefined}>
      <Avatar name={person.name} size="s" />
      <div class="person-text">
        <span class="person-name">
          <bdi class="ellipsis" title={person.name}>{person.name}</bdi>
          {isSelf && <span class="name-you">{text.you}</span>}
        </span>
        {(person.host || person.presenter) && (
          <span class="person-roles">
            {person.host && <RoleMark icon={<Crown size={12} />}>{strings.roles.host}</RoleMark>}
            {person.presenter && (
              <RoleMark icon={<ScreenShare size={12} />}>
                {store.meeting.value?.presenting?.paused
                  ? strings.roles.presentsPaused
                  : strings.roles.presents}
              </RoleMark>
            )}
          </span>
        )}
        {person.away
          ? (
            <span class="figures figures-away">
              <WifiOff size={12} aria-hidden="true" /> {text.away}
            </span>
          )
          : figures.length > 0 && (
            <span class="figures">
              {figures.map((figure) => <span key={figure}>{figure}</span>)}
            </span>
          )}
      </div>
      {person.speaking && <span class="sr-only">{text.speaking},</span>}
      <State isOn={person.microphone} label={person.microphone ? text.unmuted : text.muted}>
        {person.microphone
          ? <LevelBars person={isSelf ? undefined : person.id} />
          : <MicOff size={18} aria-hidden="true" />}
      </State>
      <State isOn={person.camera} label={person.camera ? text.picture : text.noPicture}>
        {person.camera
          ? <Video size={18} aria-hidden="true" />
          : <VideoOff size={18} aria-hidden="true" />}
      </State>
      <PersonMenu person={person} />
    </li>
  );
}

function RoleMark({ icon, children }: { icon: ComponentChildren; children: ComponentChildren }) {
  return (
    <span class="role-mark">
      <span aria-hidden="true">{icon}</span>
      {children}
    </span>
  );
}

function State(
  { isOn, label, children }: { isOn: boolean; label: string; children: ComponentChildren },
) {
  return (
    <span class="person-state" data-on={isOn ? "" : undefined} title={label}>
      {children}
      <span class="sr-only">{label}</span>
    </span>
  );
}
