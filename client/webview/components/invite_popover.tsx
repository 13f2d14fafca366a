import type { Invitation, MeetingState } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { BarButton } from "./bar_button.tsx";
import { CopyButton } from "./copy_button.tsx";
import { Lock, TriangleAlert, UserPlus } from "./icons.ts";
import { WordList } from "./introduction_dialog.tsx";
import { Notice } from "./notice.tsx";
import { Popover } from "./popover.tsx";
import { QrCode } from "./qr_code.tsx";

/** The button that opens how others come into the room. */
export function InvitePopover({ meeting }: { meeting: MeetingState }) {
  const { strings } = useApp();
  const { invitation } = meeting;
  if (invitation === null) return null;
  return (
    <Popover
      label={strings.invite.title}
      side="above"
      button={({ isOpen, toggle }) => (
        <BarButton
          label={strings.invite.open}
          name={strings.invite.open}
          isOpen={isOpen}
          onClick={toggle}
        >
          <UserPlus size={20} />
        </BarButton>
      )}
    >
      {() => (
        <InvitePanel
          invitation={invitation}
          words={meeting.fingerprintWords}
          isLocked={meeting.locked}
        />
      )}
    </Popover>
  );
}

interface InvitePanelProps {
  readonly invitation: Invitation;
  readonly words: readonly string[];
  readonly isLocked: boolean;
}

function InvitePanel({ invitation, words, isLocked }: InvitePanelProps) {
  const { strings } = useApp();
  const text = strings.invite;
  const { link, page, isOnlyHere } = invitation;
  return (
    <div class="invite">
      {isLocked && <Notice kind="warning" icon={<Lock size={18} />}>{text.locked}</Notice>}
      {isOnlyHere && (
        <Notice kind="warning" icon={<TriangleAlert size={18} />}>{text.onlyHere}</Notice>
      )}
      <section>
        <h2>{text.link}</h2>
        <div class="invite-link">
          <code class="ellipsis" dir="ltr" title={link}>{link}</code>
          <CopyButton kind="primary" text={link} label={text.copy} />
        </div>
        <p class="hint">{text.linkHint}</p>
      </section>
      <section class="invite-phone">
        <QrCode text={page} label={text.code(page)} />
        <div>
          <h2>{text.phone}</h2>
          <p class="hint">{text.phoneHint}</p>
          <p class="invite-page" dir="ltr">{page}</p>
        </div>
      </section>
      <section>
        <h2>{strings.introduction.words}</h2>
        <WordList words={words} label={strings.introduction.words} />
        <p class="hint">{text.wordsHint}</p>
      </section>
    </div>
  );
}
