import { useEffect, useRef, useState } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { NAME_LENGTH_MAX, PIN_LENGTH_MAX, ROOM_LENGTH_MAX } from "@fusionmeet/protocol";
import { useApp } from "../app.ts";
import { Button } from "../components/button.tsx";
import { Combobox } from "../components/combobox.tsx";
import { asSentence, Field, type FieldProblem } from "../components/field.tsx";
import { CircleAlert, LoaderCircle } from "../components/icons.ts";
import { FromLink } from "../components/from_link.tsx";
import { IntroductionDialog } from "../components/introduction_dialog.tsx";
import { NearbyServers } from "../components/nearby_servers.tsx";
import { Notice } from "../components/notice.tsx";
import { PageHeader } from "../components/page_header.tsx";
import { StartLook } from "../components/start_look.tsx";
import {
  type JoinField,
  type JoinForm,
  linkFault,
  lobbyFor,
  meantServer,
  missingField,
  type NeededField,
  ownerPinFor,
  withServer,
} from "../join_form.ts";

/** The server is asked about its rooms when nobody has typed for this long. */
const LOBBY_AFTER_MS = 400;

/** Where one says who one is and where to: the first screen. */
export function JoinScreen() {
  const { store, strings, send, media, announcer } = useApp();
  const join = store.join.value;
  const form = useSignal<JoinForm>({
    server: join.server,
    name: join.name,
    room: join.room,
    pin: join.pin,
    ownerPin: join.ownerPin,
    microphone: join.microphone,
    camera: join.camera,
    ...(join.expected ? { expected: join.expected } : {}),
  });
  const [missing, setMissing] = useState<NeededField>();
  /** A field that was changed since the failure came is not wrong any more. */
  const [mended, setMended] = useState(false);
  const inputs = useRef<Partial<Record<JoinField, HTMLInputElement | null>>>({});
  const submit = useRef<HTMLButtonElement>(null);

  const lobby = lobbyFor(join.lobby, form.value.server);
  const failure = mended ? null : join.failure;
  const asksPin = lobby?.needsPin || failure?.field === "pin" || form.value.pin !== "";
  const [leads, setLeads] = useState(false);
  const asksOwnerPin = leads || failure?.field === "ownerPin" || form.value.ownerPin !== "";
  const focusField = (field: JoinField) => inputs.current[field]?.focus();

  useEffect(() => {
    const empty = missingField(form.value, { needsPin: false });
    if (empty) focusField(empty);
    else submit.current?.focus();
  }, []);

  useEffect(() => {
    if (leads) focusField("ownerPin");
  }, [leads]);

  useEffect(() => {
    setMended(false);
    if (!join.failure) return;
    announcer.say(`${asSentence(join.failure.message)} ${asSentence(join.failure.advice)}`);
    if (join.failure.field) focusField(join.failure.field);
  }, [join.failure]);

  const { server, pin, picked, expected } = form.value;
  const fault = linkFault(server);
  // A known server is picked by itself; one that was joined at another address, where it is now.
  useEffect(() => {
    if (join.busy) return;
    const meant = meantServer(join.nearby, form.value, { isKept: server === join.server });
    if (meant) form.value = { ...form.value, server: meant.address, picked: meant.fingerprint };
  }, [join.nearby, server, picked, expected]);

  useEffect(() => {
    if (server.trim() === "" || fault !== undefined) return;
    const timer = setTimeout(
      () =>
        send({
          ...{ do: "lobby", server: server.trim(), pin },
          ...(picked ? { picked } : {}),
          ...(expected ? { expected } : {}),
        }),
      LOBBY_AFTER_MS,
    );
    return () => clearTimeout(timer);
  }, [server, pin, picked, expected]);

  const change = (changed: Partial<JoinForm>) => {
    form.value = { ...form.value, ...changed };
    setMissing(undefined);
    setMended(true);
  };
  /** What came with the first server stays with it. */
  const changeTo = (changed: Partial<JoinForm> & { server: string }) => {
    const { ownerPin } = form.value;
    change({ ...changed, ownerPin: ownerPinFor({ ownerPin, ...changed }, join) });
  };
  const changeServer = (typed: string) => {
    const { server, room, expected } = withServer(form.value, typed);
    changeTo({ server, room, picked: undefined, expected });
    if (expected) announcer.say(strings.join.linkTaken(server, room));
  };
  const sendJoin = (trust?: string) => {
    // Sound may start only inside a click or a key press.
    void media.value?.startVoice();
    const { server, name, room, ...rest } = form.value;
    const trimmed = { server: server.trim(), name: name.trim(), room: room.trim() };
    send({ do: "join", ...trimmed, ...rest, ...(trust ? { trust } : {}) });
  };
  const onSubmit = (event: Event) => {
    event.preventDefault();
    if (join.busy) return;
    const empty = missingField(form.value, { needsPin: lobby?.needsPin ?? false });
    setMissing(empty);
    if (empty) return focusField(empty);
    if (fault !== undefined) return focusField("server");
    sendJoin();
    announcer.say(strings.join.busy);
  };
  const fieldProps = (field: JoinField) => ({
    label: strings.join[field],
    value: form.value[field],
    onInput: (value: string) =>
      field === "server" ? changeServer(value) : change({ [field]: value }),
    isReadOnly: join.busy,
    problem: problemOf(field),
    inputRef: (input: HTMLInputElement | null) => {
      inputs.current[field] = input;
    },
  });
  const problemOf = (field: JoinField): FieldProblem | undefined => {
    if (missing !== undefined && missing === field) {
      return { message: strings.join.missing[missing] };
    }
    if (field === "server" && fault !== undefined) {
      return { message: fault, advice: strings.join.linkAdvice };
    }
    return failure?.field === field ? failure : undefined;
  };

  return (
    <div class="page">
      <PageHeader />
      <main class="join">
        <StartLook form={form.value} join={join} onChange={change} />
        <form class="join-form" onSubmit={onSubmit} noValidate aria-label={strings.join.title}>
          <h1>{strings.join.title}</h1>
          <NearbyServers
            nearby={join.nearby}
            picked={picked}
            isTyped={server.trim() !== ""}
            isReadOnly={join.busy}
            onPick={({ address, fingerprint }) =>
              changeTo({ server: address, picked: fingerprint, expected: undefined })}
          />
          <Combobox
            {...fieldProps("server")}
            hint={expected ? <FromLink /> : strings.join.serverHint}
            choices={join.recentServers.map((value) => ({ value }))}
            listLabel={strings.join.recentServers}
            openLabel={strings.join.showServers}
          />
          <div class="field-pair">
            <Field
              {...fieldProps("name")}
              lengthMax={NAME_LENGTH_MAX}
              hint={strings.join.nameHint}
            />
            <Combobox
              {...fieldProps("room")}
              lengthMax={ROOM_LENGTH_MAX}
              hint={<RoomHint />}
              choices={(lobby?.rooms ?? []).map(({ name, people }) => ({
                value: name,
                detail: strings.join.people(people),
              }))}
              listLabel={strings.join.rooms}
              openLabel={strings.join.showRooms}
            />
          </div>
          {asksPin && (
            <Field
              {...fieldProps("pin")}
              type="password"
              lengthMax={PIN_LENGTH_MAX}
              hint={strings.join.pinHint}
            />
          )}
          {asksOwnerPin
            ? (
              <Field
                {...fieldProps("ownerPin")}
                type="password"
                lengthMax={PIN_LENGTH_MAX}
                hint={strings.join.ownerPinHint}
              />
            )
            : (
              <p class="join-lead">
                <button type="button" class="link-button" onClick={() => setLeads(true)}>
                  {strings.join.lead}
                </button>
              </p>
            )}
          {failure && !failure.field && (
            <Notice
              kind="problem"
              icon={<CircleAlert size={18} />}
              title={asSentence(failure.message)}
            >
              {asSentence(failure.advice)}
            </Notice>
          )}
          <div class="join-actions">
            <Button kind="primary" size="l" type="submit" isOff={join.busy} buttonRef={submit}>
              {join.busy && <LoaderCircle class="spin" size={18} aria-hidden="true" />}
              {join.busy ? strings.join.busy : strings.join.submit}
            </Button>
            {join.busy && (
              <Button size="l" onClick={() => send({ do: "join.cancel" })}>
                {strings.join.cancel}
              </Button>
            )}
          </div>
        </form>
      </main>
      {join.introduction && (
        <IntroductionDialog
          introduction={join.introduction}
          onAccept={(fingerprint) => sendJoin(fingerprint)}
          onDecline={() => send({ do: "join.cancel" })}
        />
      )}
    </div>
  );

  function RoomHint() {
    if (!lobby || lobby.needsPin && lobby.rooms.length === 0) return <>{strings.join.roomHint}</>;
    if (lobby.state === "asking") return <>{strings.join.roomsAsked}</>;
    if (lobby.state === "unknown") return <>{strings.join.roomsUnknown}</>;
    const { length } = lobby.rooms;
    return <>{length === 0 ? strings.join.roomsNone : strings.join.roomsInUse(length)}</>;
  }
}
