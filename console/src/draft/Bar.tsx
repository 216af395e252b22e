import { Refused } from "../ui/parts.tsx";
import { useDraft } from "./Draft.tsx";

const WORDS = { saved: "Saved", saving: "Saving …", failed: "Not saved" } as const;

/** How the working copy stands: saved or not, what is wrong with it, one step back or forth. */
export function DraftBar() {
  const draft = useDraft();
  const errors = draft.findings.filter((one) => one.severity === "error").length;
  const warnings = draft.findings.length - errors;
  return (
    <div className="filters draft-bar">
      <output className={`pulse ${draft.saving === "saved" ? "live" : draft.saving === "failed" ? "off" : "reconnecting"}`}>{draft.mayWrite ? WORDS[draft.saving] : "To look at only: this key lacks the scope write"}</output>
      {draft.findings.length === 0
        ? <span className="badge good">nothing to fix</span>
        : <>{errors > 0 && <span className="badge bad">{errors} {errors === 1 ? "error" : "errors"}</span>}{warnings > 0 && <span className="badge warn">{warnings} {warnings === 1 ? "warning" : "warnings"}</span>}</>}
      <span className="end filters">
        <button type="button" className="button small" disabled={!draft.undo} onClick={draft.undo}>Undo</button>
        <button type="button" className="button small" disabled={!draft.redo} onClick={draft.redo}>Redo</button>
      </span>
      {draft.fault && <><Refused error={draft.fault} /><button type="button" className="button small" onClick={draft.again}>Try again</button></>}
    </div>
  );
}
