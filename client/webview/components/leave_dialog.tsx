import { useApp } from "../app.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { asSentence } from "./field.tsx";

/** Asks before leaving breaks something off. */
export function LeaveDialog() {
  const { store, strings, send } = useApp();
  const question = store.leaveQuestion.value;
  if (question === null) return null;
  const stay = () => send({ do: "stay" });
  return (
    <Dialog
      title={strings.leave.title}
      onCancel={stay}
      actions={
        <>
          <Button onClick={stay}>{strings.leave.stay}</Button>
          <Button kind="danger" onClick={() => send({ do: "leave", sure: true })}>
            {strings.leave.leave}
          </Button>
        </>
      }
    >
      <p>{asSentence(question)}</p>
    </Dialog>
  );
}
