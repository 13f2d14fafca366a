import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { PersonState } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import type { PageMedia } from "../media/page_media.ts";
import { Avatar, hueStyle } from "./avatar.tsx";
import { Crown, MicOff, WifiOff } from "./icons.ts";
import { LevelBars } from "./level_bars.tsx";
import { PersonMenu } from "./person_menu.tsx";

export interface TileProps {
  readonly person: PersonState;
  readonly isSelf: boolean;
  /** Whole px. */
  readonly width: number;
  readonly height: number;
}

/** One person: their picture or initials, name and state. */
export function Tile({ person, isSelf, width, height }: TileProps) {
  const { strings, media } = useApp();
  const text = strings.meeting;
  const states = [
    person.host && strings.roles.isHost,
    person.speaking && text.speaking,
    person.microphone ? text.unmuted : text.muted,
    person.camera ? text.picture : text.noPicture,
  ].filter(Boolean);
  return (
    <li
      class="tile hued"
      style={{ ...hueStyle(person.name), width: `${width}px`, height: `${height}px` }}
      data-participant={person.id}
      data-speaking={person.speaking && !person.away ? "" : undefined}
      data-away={person.away ? "" : undefined}
      data-self={isSelf ? "" : undefined}
    >
      <Avatar name={person.name} size="l" />
      {person.camera && media.value && (
        <Picture key={person.id} participant={person.id} media={media.value} />
      )}
      <span class="name-pill">
        {person.microphone
          ? <LevelBars person={isSelf ? undefined : person.id} />
          : <MicOff size={14} class="off-icon" aria-hidden="true" />}
        {person.host && (
          <span class="tile-host" title={strings.roles.host}>
            <Crown size={14} aria-hidden="true" />
          </span>
        )}
        <bdi class="ellipsis" title={person.name}>{person.name}</bdi>
        {isSelf && <span class="name-you">{text.you}</span>}
        <span class="sr-only">, {states.join(", ")}</span>
      </span>
      <PersonMenu person={person} />
      {person.away && (
        <span class="tile-away" title={text.away}>
          <WifiOff size={16} aria-hidden="true" />
          <span aria-hidden="true">{text.away}</span>
          <span class="sr-only">{text.away}</span>
        </span>
      )}
    </li>
  );
}

/** The canvas that PageMedia draws to; seen as soon as there is a picture on it. */
function Picture({ participant, media }: { participant: number; media: PageMedia }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hasPicture, setHasPicture] = useState(false);
  useEffect(() => {
    setHasPicture(media.hasPicture(participant));
    return media.onPicture((id, has) => id === participant && setHasPicture(has));
  }, [media]);
  useLayoutEffect(() => media.attach(participant, canvas.current!), [media]);
  return (
    <canvas
      class="tile-picture"
      ref={canvas}
      data-shown={hasPicture ? "" : undefined}
      aria-hidden="true"
    />
  );
}
