import { useApp } from "../app.ts";
import { ShieldCheck } from "./icons.ts";

/** Under the field of a server whose key a link names. */
export function FromLink() {
  const { strings } = useApp();
  return (
    <span class="field-vouched">
      <ShieldCheck size={14} aria-hidden="true" />
      {strings.join.fromLink}
    </span>
  );
}
