import { useComputed } from "@preact/signals";
import { type App, AppContext, useApp } from "./app.ts";
import { LeaveDialog } from "./components/leave_dialog.tsx";
import { LoaderCircle } from "./components/icons.ts";
import { ToastList } from "./components/toast_list.tsx";
import { JoinScreen } from "./screens/join_screen.tsx";
import { MeetingScreen } from "./screens/meeting_screen.tsx";
import {
  ElsewhereScreen,
  GoneScreen,
  LeftScreen,
  RefusedScreen,
} from "./screens/quiet_screens.tsx";

/** All of the page. */
export function Page({ app }: { app: App }) {
  return (
    <AppContext.Provider value={app}>
      <Screen />
      <LeaveDialog />
      <ToastList />
      <LostStrip />
      <div class="sr-only" role="status" aria-live="polite">{app.announcer.text}</div>
    </AppContext.Provider>
  );
}

function Screen() {
  const { store, strings } = useApp();
  const screen = useComputed(() => {
    const link = store.link.value;
    return link === "lost" || link === "ready" ? store.screen.value : link;
  });
  switch (screen.value) {
    case "connecting":
      return (
        <main class="quiet">
          <LoaderCircle class="spin" size={28} aria-hidden="true" />
          <p>{strings.link.connecting}</p>
        </main>
      );
    case "refused":
      return <RefusedScreen />;
    case "elsewhere":
      return <ElsewhereScreen />;
    case "gone":
      return <GoneScreen />;
    case "join":
      return <JoinScreen />;
    case "left":
      return <LeftScreen />;
    case "meeting":
      return <MeetingScreen />;
  }
}

/** The program does not answer just now. */
function LostStrip() {
  const { store, strings } = useApp();
  if (store.link.value !== "lost") return null;
  return (
    <div class="lost-strip">
      <LoaderCircle class="spin" size={16} aria-hidden="true" />
      {strings.link.lost}
    </div>
  );
}
