import { type ReactNode, useId, useState } from "react";
import { type Path, at, equal, placeOf, put, textOf } from "./definition.ts";
import { type Draft, useDraft } from "./Draft.tsx";

/** The findings of `check` at a place, and below it. */
export function findingsAt(draft: Draft, path: Path, deep = true): Draft["findings"] {
  const place = placeOf(path);
  return draft.findings.filter((one) => one.path === place || (deep && (one.path.startsWith(`${place}.`) || one.path.startsWith(`${place}[`))));
}

/** What is wrong at a place, with what would be right. */
export function Findings({ of, id }: { of: Draft["findings"]; id?: string | undefined }) {
  if (of.length === 0) return null;
  return (
    <ul id={id} className="findings">
      {of.map((one) => <li key={`${one.path} ${one.message}`} className={one.severity}>{one.message}{one.hint && <span className="sub">{one.hint}</span>}</li>)}
    </ul>
  );
}

/** A labelled input at a place of the definition, with its faults beside it. */
export function Labelled({ label, hint, path, deep = true, children }: {
  label: string; hint?: ReactNode; path: Path; deep?: boolean; children: (props: { id: string; "aria-describedby": string; "aria-invalid": boolean }) => ReactNode;
}) {
  const draft = useDraft();
  const id = useId();
  const found = findingsAt(draft, path, deep);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-describedby": `${id}-hint ${id}-faults`, "aria-invalid": found.some((one) => one.severity === "error") })}
      {hint && <span id={`${id}-hint`} className="sub">{hint}</span>}
      <Findings of={found} id={`${id}-faults`} />
    </div>
  );
}

type Basics = { label: string; hint?: ReactNode; path: Path; placeholder?: string };

/** How a typed text is written down; undefined takes the key away. */
const plain = (text: string): unknown => (text === "" ? undefined : text);

export function TextField({ lines = 1, read = textOf, write = plain, list, ...basics }: Basics & {
  lines?: number; read?: (value: unknown) => string; write?: (text: string) => unknown; list?: string;
}) {
  const draft = useDraft();
  const value = at(draft.definition, basics.path);
  const [typed, setTyped] = useState<string>();
  // What is typed stays as it is typed, a comma behind the last word too, for as long as it says what the draft says.
  const shown = typed !== undefined && equal(write(typed), value) ? typed : read(value);
  function changed(text: string): void {
    setTyped(text);
    draft.change(put(draft.definition, basics.path, write(text)) as Draft["definition"], placeOf(basics.path));
  }
  return (
    <Labelled {...basics}>
      {(props) => lines > 1
        ? <textarea {...props} rows={lines} value={shown} placeholder={basics.placeholder} disabled={!draft.mayWrite} onChange={(event) => changed(event.target.value)} />
        : <input {...props} value={shown} placeholder={basics.placeholder} disabled={!draft.mayWrite} list={list} onChange={(event) => changed(event.target.value)} />}
    </Labelled>
  );
}

export function NumberField({ scale = 1, ...basics }: Basics & { scale?: number }) {
  const draft = useDraft();
  const value = at(draft.definition, basics.path);
  return (
    <Labelled {...basics}>
      {(props) => (
        <input
          {...props} type="number" value={typeof value === "number" ? Math.round(value * scale * 1000) / 1000 : ""} placeholder={basics.placeholder} disabled={!draft.mayWrite}
          onChange={(event) => draft.change(put(draft.definition, basics.path, event.target.value === "" ? undefined : event.target.valueAsNumber / scale) as Draft["definition"], placeOf(basics.path))}
        />
      )}
    </Labelled>
  );
}

/** One of a few; the first is what holds when the key is left out. */
export function ChoiceField({ options, ...basics }: Basics & { options: readonly { value: string; label: string }[] }) {
  const draft = useDraft();
  const value = at(draft.definition, basics.path);
  const known = options.some((one) => one.value === value);
  return (
    <Labelled {...basics}>
      {(props) => (
        <select
          {...props} value={known ? String(value) : ""} disabled={!draft.mayWrite}
          onChange={(event) => draft.change(put(draft.definition, basics.path, event.target.value === "" ? undefined : event.target.value) as Draft["definition"])}
        >
          {options.map((one) => <option key={one.value} value={one.value}>{one.label}</option>)}
        </select>
      )}
    </Labelled>
  );
}
