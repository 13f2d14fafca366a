import { useEffect, useRef, useState } from "preact/hooks";
import { type Signal, useSignal, useSignalEffect } from "@preact/signals";
import type { MeetingState, PersonState, PresentingState } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { gridLayout, pageOf, TILES_MAX } from "../grid_layout.ts";
import { type ShareView, stripLayout } from "../share_view.ts";
import { IconButton } from "./button.tsx";
import { CopyButton } from "./copy_button.tsx";
import { ChevronLeft, ChevronRight } from "./icons.ts";
import { OwnShare } from "./own_share.tsx";
import { ShareStage } from "./share_stage.tsx";
import { StageNotices } from "./stage_notices.tsx";
import { Tile } from "./tile.tsx";
import { useSize } from "./use_size.ts";

/** `--gap-tiles`, px. */
const GAP = 10;

export interface StageProps {
  readonly meeting: MeetingState;
  /** Page of people that is asked for, from 0; may be past the last. */
  readonly page: Signal<number>;
  /** How many people are on a page, as the stage has room for. */
  readonly pageSize: Signal<number>;
  readonly view: ShareView;
}

/** The people in a grid, nine to a page; or a shared screen, and of the people as many as there is room for. */
export function Stage({ meeting, page, pageSize, view }: StageProps) {
  const { strings } = useApp();
  const { presenting } = meeting;
  const isSeen = useSignal(false);
  const isOwn = presenting !== null && presenting.participant === meeting.self;
  const isShared = presenting !== null && (!isOwn || isSeen.value);
  useOwnView(isOwn ? presenting.share : undefined, isSeen);
  usePresentingTold(presenting, isOwn);
  const space = useRef<HTMLDivElement>(null);
  const size = useSize(space);
  const strip = stripLayout(meeting.people.length, size, GAP);
  const isFull = view.isFull.value;
  const people = isShared ? presenterFirst(meeting.people, presenting.participant) : meeting.people;
  const onPage = isShared ? strip.count : TILES_MAX;
  useEffect(() => void (pageSize.value = onPage), [onPage]);
  const { page: shownPage, pages, shown } = pageOf(people, page.value, onPage);
  useWatch(isFull ? [] : shown);
  const isShowing = !["turn", "starting", undefined].includes(meeting.ownShare?.state);
  const grid = gridLayout({ count: shown.length, ...size, gap: GAP });
  const isAlone = meeting.people.length === 1 && !meeting.comingBack;
  const tile = isShared ? strip : grid;
  const tiles = shown.map((person) => (
    <Tile
      key={person.id}
      person={person}
      isSelf={person.id === meeting.self}
      width={tile.tileWidth}
      height={tile.tileHeight}
    />
  ));
  return (
    <main class="stage">
      <h1 class="sr-only" tabIndex={-1} ref={useFirstFocus()}>{meeting.room}</h1>
      <StageNotices meeting={meeting} />
      {isOwn && isShowing && !isSeen.value && <OwnShare isSeen={isSeen} />}
      <div class="stage-space" ref={space}>
        {isShared
          ? (
            <div class="shared" data-strip={strip.side}>
              {!isFull && <ul class="strip" aria-label={strings.meeting.stage}>{tiles}</ul>}
              <ShareStage
                key={presenting.share}
                presenting={presenting}
                view={view}
                onHide={isOwn ? () => isSeen.value = false : undefined}
              />
            </div>
          )
          : (
            <ul
              class="grid"
              aria-label={strings.meeting.stage}
              style={{ width: `${grid.columns * grid.tileWidth + (grid.columns - 1) * GAP}px` }}
            >
              {tiles}
            </ul>
          )}
        {isAlone && (
          <p class="alone">
            <strong>{strings.meeting.aloneTitle}</strong>
            <span dir="auto">{strings.meeting.alone(meeting.server, meeting.room)}</span>
            {meeting.invitation && (
              <CopyButton text={meeting.invitation.link} label={strings.invite.copy} />
            )}
          </p>
        )}
      </div>
      {pages > 1 && !isFull && (
        <Pages
          page={shownPage}
          pages={pages}
          onPage={(next) => page.value = next}
        />
      )}
    </main>
  );
}

function presenterFirst(people: readonly PersonState[], presenter: number): PersonState[] {
  const isPresenter = ({ id }: PersonState) => id === presenter;
  return [...people.filter(isPresenter), ...people.filter((person) => !isPresenter(person))];
}

interface PagesProps {
  readonly page: number;
  readonly pages: number;
  readonly onPage: (page: number) => void;
}

function Pages({ page, pages, onPage }: PagesProps) {
  const { strings } = useApp();
  const text = strings.meeting;
  return (
    <nav class="pages" aria-label={text.pages}>
      <IconButton
        label={text.previousPage}
        isOff={page === 0}
        onClick={() => onPage(page - 1)}
      >
        <ChevronLeft size={18} aria-hidden="true" />
      </IconButton>
      <span>{text.page(page + 1, pages)}</span>
      <IconButton
        label={text.nextPage}
        isOff={page === pages - 1}
        onClick={() => onPage(page + 1)}
      >
        <ChevronRight size={18} aria-hidden="true" />
      </IconButton>
    </nav>
  );
}

/** Asks for one's own share as long as it is to be seen; each share begins without. */
function useOwnView(share: number | undefined, isSeen: Signal<boolean>): void {
  const { store, send } = useApp();
  useEffect(() => void (isSeen.value = false), [share]);
  const on = share !== undefined && isSeen.value;
  const wasOn = useRef(false);
  useEffect(() => {
    if (on !== wasOn.current) send({ do: "screen.view", on });
    wasOn.current = on;
  }, [on]);
  // A program that was away does not remember.
  useSignalEffect(() => {
    if (store.link.value === "ready" && wasOn.current) send({ do: "screen.view", on: true });
  });
}

/** Screen readers are told who else begins to present, and who stops; not who did so before one came. */
function usePresentingTold(presenting: PresentingState | null, isOwn: boolean): void {
  const { strings, announcer } = useApp();
  const before = useRef(presenting);
  useEffect(() => {
    const { presents, stopped } = strings.share;
    if (presenting?.share === before.current?.share) return;
    if (presenting && !isOwn) announcer.say(presents(presenting.name));
    else if (before.current) announcer.say(stopped(before.current.name));
    before.current = presenting;
  }, [presenting?.share]);
}

/** Tells the program whose tiles can be seen: nobody's while the whole page is hidden. */
function useWatch(shown: readonly PersonState[]): void {
  const { store, send } = useApp();
  const [isHidden, setHidden] = useState(document.hidden);
  useEffect(() => {
    const changed = () => setHidden(document.hidden);
    document.addEventListener("visibilitychange", changed);
    return () => document.removeEventListener("visibilitychange", changed);
  }, []);
  const participants = isHidden ? [] : shown.map(({ id }) => id);
  const tell = () => send({ do: "watch", participants });
  useEffect(tell, [participants.join()]);
  // A program that was away does not remember.
  useSignalEffect(() => {
    if (store.link.value === "ready") tell();
  });
}

/** The focus starts at the meeting's title: whoever hears the page learns where they are. */
function useFirstFocus() {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  return title;
}
