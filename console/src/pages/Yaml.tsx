import { useId, useState } from "react";
import { YAMLParseError, parse, stringify } from "yaml";
import { DraftBar } from "../draft/Bar.tsx";
import { type Definition, equal } from "../draft/definition.ts";
import { useDraft } from "../draft/Draft.tsx";

type Read = { definition: Definition } | { fault: string };

/** A text as a definition: `fault` says on which line it is none. */
function readIn(text: string): Read {
  try {
    const said: unknown = parse(text, { version: "1.2", schema: "core" });
    if (typeof said !== "object" || said === null || Array.isArray(said)) return { fault: "it says no keys: begin with `sequence:` and `steps:`" };
    return { definition: said as Definition };
  } catch (error) {
    if (error instanceof YAMLParseError) return { fault: `line ${error.linePos?.[0].line ?? "?"}: ${error.message.split("\n")[0]}` };
    return { fault: String(error) };
  }
}

/** In the order in which authors write; what is not named stands between. */
const FIRST = ["sequence", "id", "name", "type", "description", "trigger", "source", "window", "stop_on", "goal", "subject", "if"];
const LAST = ["body", "then", "else", "variants", "nodes", "edges", "steps", "tests"];
const rank = (key: unknown): number => {
  const name = String(key);
  return LAST.includes(name) ? 100 + LAST.indexOf(name) : FIRST.includes(name) ? FIRST.indexOf(name) : 50;
};

const written = (definition: Definition): string =>
  stringify(definition, { lineWidth: 100, version: "1.2", schema: "core", sortMapEntries: (a, b) => rank((a.key as { value: unknown }).value) - rank((b.key as { value: unknown }).value) });

/** The working copy as text; what cannot be read is kept here, and nothing of it is saved before it can. */
export function Yaml() {
  const draft = useDraft();
  const { definition } = draft;
  const id = useId();
  const [text, setText] = useState(() => written(definition));
  const [fault, setFault] = useState<string>();
  const [seen, setSeen] = useState(definition);
  // Changed elsewhere, or by a step back: the text follows, unless it says the same already.
  if (!equal(seen, definition)) {
    setSeen(definition);
    setText(written(definition));
    setFault(undefined);
  }
  function typed(next: string) {
    setText(next);
    const read = readIn(next);
    if ("fault" in read) {
      setFault(read.fault);
      return;
    }
    setFault(undefined);
    setSeen(read.definition);
    draft.change(read.definition, "yaml");
  }
  return (
    <div className="stack form">
      <DraftBar />
      {fault && <p className="note bad" role="alert">Not saved: this is no YAML yet. {fault}</p>}
      <section className="card pad stack" aria-label="YAML">
        <label htmlFor={id} className="hidden">The working copy as YAML</label>
        <textarea id={id} className="code" rows={Math.min(40, text.split("\n").length + 2)} value={text} spellCheck={false} disabled={!draft.mayWrite} onChange={(event) => typed(event.target.value)} />
        <p className="sub">What is written here is what the form and the canvas show. Comments are not kept.</p>
      </section>
      {draft.findings.length > 0 && (
        <section className="card" aria-label="Findings">
          <ul className="findings pad">
            {draft.findings.map((one) => <li key={`${one.path} ${one.message}`} className={one.severity}>{one.path && <code>{one.path}</code>} {one.message}{one.hint && <span className="sub">{one.hint}</span>}</li>)}
          </ul>
        </section>
      )}
    </div>
  );
}
