import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../app.ts";
import { Button } from "../components/button.tsx";
import { asSentence } from "../components/field.tsx";
import { AppWindow, CircleAlert, LogOut, Power, Unlink } from "../components/icons.ts";
import { PageHeader } from "../components/page_header.tsx";

interface QuietScreenProps {
  readonly icon: ComponentChildren;
  readonly kind?: "plain" | "problem";
  readonly title: string;
  readonly children: ComponentChildren;
}

/** One thing to say, in the middle of the page. */
function QuietScreen({ icon, kind = "plain", title, children }: QuietScreenProps) {
  const { announcer } = useApp();
  useEffect(() => announcer.say(title), []);
  return (
    <div class="page">
      <PageHeader />
      <main class="quiet">
        <span class={`quiet-icon quiet-icon-${kind}`} aria-hidden="true">{icon}</span>
        <h1>{title}</h1>
        {children}
      </main>
    </div>
  );
}

/** After a meeting: why it is over, and the way back. */
export function LeftScreen() {
  const { store, strings, send } = useApp();
  const back = useRef<HTMLButtonElement>(null);
  useEffect(() => back.current?.focus(), []);
  const { problem = null, room = "" } = store.left.value ?? {};
  return (
    <QuietScreen
      icon={problem ? <CircleAlert size={28} /> : <LogOut size={28} />}
      kind={problem ? "problem" : "plain"}
      title={problem ? strings.left.endedTitle : strings.left.title}
    >
      {problem
        ? <p>{asSentence(problem.message)} {asSentence(problem.advice)}</p>
        : <p dir="auto">{strings.left.room(room)}</p>}
      <Button kind="primary" size="l" buttonRef={back} onClick={() => send({ do: "again" })}>
        {strings.left.again}
      </Button>
    </QuietScreen>
  );
}

/** The program behind the page has ended. */
export function GoneScreen() {
  const { strings } = useApp();
  return (
    <QuietScreen icon={<Power size={28} />} title={strings.link.goneTitle}>
      <p>{strings.link.goneText}</p>
      <p class="hint">{strings.link.goneTrying}</p>
    </QuietScreen>
  );
}

/** The link does not open the program (any more). */
export function RefusedScreen() {
  const { store, strings } = useApp();
  return (
    <QuietScreen icon={<Unlink size={28} />} title={strings.link.refusedTitle}>
      <p>{strings.link.refusedText}</p>
      {store.refusal.value && <p class="hint">{asSentence(store.refusal.value)}</p>}
    </QuietScreen>
  );
}

/** Another page shows the program now. */
export function ElsewhereScreen() {
  const { strings, takeBack } = useApp();
  return (
    <QuietScreen icon={<AppWindow size={28} />} title={strings.link.elsewhereTitle}>
      <p>{strings.link.elsewhereText}</p>
      <Button kind="primary" size="l" onClick={takeBack}>{strings.link.takeBack}</Button>
    </QuietScreen>
  );
}
