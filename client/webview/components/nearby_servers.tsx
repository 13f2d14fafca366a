import type { Nearby, NearbyServer } from "@fusionmeet/bridge";
import { useEffect, useId, useRef } from "preact/hooks";
import { useApp } from "../app.ts";
import { asSentence } from "./field.tsx";
import { Button } from "./button.tsx";
import { CircleCheck, LoaderCircle, Radar, Server, ShieldCheck } from "./icons.ts";

export interface NearbyServersProps {
  readonly nearby: Nearby;
  /** Fingerprint of the one that is picked. */
  readonly picked: string | undefined;
  /** An address stands below. */
  readonly isTyped: boolean;
  /** A join is under way. */
  readonly isReadOnly: boolean;
  readonly onPick: (server: NearbyServer) => void;
}

/** The servers of this network, to pick one instead of typing; where there is none, what can be done. */
export function NearbyServers(props: NearbyServersProps) {
  const { nearby, picked, isTyped, isReadOnly, onPick } = props;
  const { strings, announcer } = useApp();
  const text = strings.join.nearby;
  const { servers, state } = nearby;
  const titleId = useId();
  const spokenCount = useRef(0);
  useEffect(() => {
    if (servers.length > spokenCount.current) announcer.say(text.found(servers.length));
    spokenCount.current = servers.length;
  }, [servers.length]);
  if (state === "off") return null;
  return (
    <section class="nearby" aria-labelledby={titleId}>
      <div class="nearby-head">
        <h2 id={titleId}>{text.title}</h2>
        <Progress nearby={nearby} />
      </div>
      {servers.length === 0
        ? <Nobody nearby={nearby} isTyped={isTyped} />
        : (
          <div class="nearby-list" role="radiogroup" aria-labelledby={titleId}>
            {servers.map((server) => (
              <NearbyChoice
                key={server.fingerprint}
                server={server}
                isPicked={server.fingerprint === picked}
                isReadOnly={isReadOnly}
                onPick={() => onPick(server)}
              />
            ))}
          </div>
        )}
    </section>
  );
}

/** How the looking goes, and the search that is done on request. */
function Progress({ nearby: { state, servers, search } }: { nearby: Nearby }) {
  const { strings, send } = useApp();
  const text = strings.join.nearby;
  if (search !== null) {
    return (
      <p class="nearby-progress">
        <LoaderCircle class="spin" size={14} aria-hidden="true" />
        {text.searching(search.done, search.all)}
        <button type="button" class="link-button" onClick={() => send({ do: "search", on: false })}>
          {text.stopSearch}
        </button>
      </p>
    );
  }
  if (servers.length === 0) return null;
  return (
    <p class="nearby-progress">
      {state === "starting" && <LoaderCircle class="spin" size={14} aria-hidden="true" />}
      <button type="button" class="link-button" onClick={() => send({ do: "search", on: true })}>
        {text.searchMore}
      </button>
    </p>
  );
}

function Nobody({ nearby, isTyped }: { nearby: Nearby; isTyped: boolean }) {
  const { strings, send } = useApp();
  const { state, search, problem } = nearby;
  const text = strings.join.nearby;
  const advice = isTyped ? text.noneTyped : text.noneText;
  const isLooking = state === "starting" || search !== null;
  return (
    <div class="nearby-nobody">
      <span class="nearby-icon" aria-hidden="true">
        {isLooking ? <LoaderCircle class="spin" size={18} /> : <Radar size={18} />}
      </span>
      <p role="status">
        {isLooking ? text.looking : (
          <>
            <strong>{text.none}</strong>{" "}
            {problem === null ? advice : `${asSentence(problem)} ${advice}`}
          </>
        )}
      </p>
      {!isLooking && <Button onClick={() => send({ do: "search", on: true })}>{text.search}
      </Button>}
    </div>
  );
}

interface NearbyChoiceProps {
  readonly server: NearbyServer;
  readonly isPicked: boolean;
  readonly isReadOnly: boolean;
  readonly onPick: () => void;
}

function NearbyChoice({ server, isPicked, isReadOnly, onPick }: NearbyChoiceProps) {
  const { strings } = useApp();
  const text = strings.join.nearby;
  const { name, address, rooms, people, known } = server;
  return (
    <label class="nearby-server">
      <input
        type="radio"
        name="nearby"
        checked={isPicked}
        disabled={isReadOnly}
        onChange={onPick}
      />
      <span class="nearby-icon" aria-hidden="true">
        {isPicked ? <CircleCheck size={18} /> : <Server size={18} />}
      </span>
      <span class="nearby-words">
        <span class="nearby-name">
          <bdi class="ellipsis">{name}</bdi>
          {known && (
            <span class="nearby-known">
              <ShieldCheck size={13} aria-hidden="true" />
              {text.known}
            </span>
          )}
        </span>
        <span class="nearby-detail ellipsis">
          {address}
          {people !== null && rooms !== null && ` · ${text.people(people, rooms)}`}
        </span>
      </span>
    </label>
  );
}
