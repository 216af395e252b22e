import { useState } from "react";
import schema from "../../../schema/sequence.schema.json";
import { type Definition, type Path, at, placeOf, put, textOf } from "../draft/definition.ts";
import { useDraft } from "../draft/Draft.tsx";
import { ChoiceField, Findings, Labelled, NumberField, TextField, findingsAt } from "../draft/Field.tsx";
import { type Box, END, type Outline, START, connected, isGraph, renamed } from "./outline.ts";

type Shape = Readonly<{
  type?: string; const?: string; enum?: readonly string[]; $ref?: string; description?: string;
  anyOf?: readonly Shape[]; oneOf?: readonly Shape[]; items?: Shape; additionalProperties?: unknown;
  properties?: Readonly<Record<string, Shape>>;
}>;
const DEFS = schema.$defs as unknown as Readonly<Record<string, Shape>>;
const STEPS: Readonly<Record<string, string>> = {
  email: "EmailStep", sms: "SmsStep", whatsapp: "WhatsappStep", delay: "DelayStep", condition: "ConditionStep", wait_for: "WaitForStep",
  split: "SplitStep", webhook: "WebhookStep", task: "TaskStep", goto: "GotoStep", exit: "ExitStep",
};
const ACTIONS: Readonly<Record<string, string>> = {
  update_status: "UpdateStatus", tag_lead: "TagLead", mark_qualified: "MarkQualified", assign_to_user: "AssignToUser", notify_user: "NotifyUser",
  add_to_campaign: "AddToCampaign", set_attribute: "SetAttribute", enroll: "Enroll", stop: "Stop",
};
const WORDS = new Set(["always", "replied", "not_replied", "opened", "not_opened", "clicked", "bounced", "unsubscribed"]);
const LONG = new Set(["body", "html", "instructions", "message", "text"]);
/** The author writes these in the canvas: as branches, or by connecting. */
const DRAWN = new Set(["id", "type", "action", "then", "else", "completed", "skipped", "lapsed", "variants"]);

const FIRST = ["label", "title", "subject", "body", "if", "event", "timeout", "url", "days", "hours", "minutes", "step", "times", "template"];
const LAST = new Set(["window", "on_failure"]);
function rank(name: string): number {
  const first = FIRST.indexOf(name);
  return first >= 0 ? first : LAST.has(name) ? 99 : 50;
}

const NAMES: Readonly<Record<string, string>> = { html: "HTML", url: "URL", media_url: "Media URL", step: "Back to", times: "At most so often", thread: "In the thread of" };
/** A name of the format in words. */
const worded = (name: string): string => NAMES[name] ?? (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll("_", " ");

/** What is said of a value, whether or not it may be null. */
function plain(shape: Shape): Shape {
  const kinds = (shape.anyOf ?? []).filter((one) => one.type !== "null");
  return shape.anyOf && kinds.length === 1 && kinds[0] ? { ...shape, ...kinds[0] } : shape;
}

/** Whatever has no form of its own, as JSON; kept as typed until it can be read. */
function JsonField({ label, path }: { label: string; path: Path }) {
  const draft = useDraft();
  const value = at(draft.definition, path);
  const [typed, setTyped] = useState<string>();
  function changed(text: string) {
    setTyped(text);
    try {
      const read: unknown = text.trim() === "" ? undefined : JSON.parse(text);
      draft.change(put(draft.definition, path, read) as Definition, placeOf(path));
    } catch {
      // Not yet: it is being typed.
    }
  }
  return (
    <Labelled label={label} path={path} hint={typed === undefined ? "As JSON." : "As JSON; what cannot be read is not saved."}>
      {(props) => <textarea {...props} className="code" rows={3} spellCheck={false} value={typed ?? (value === undefined ? "" : JSON.stringify(value, null, 1))} disabled={!draft.mayWrite} onChange={(event) => changed(event.target.value)} onBlur={() => setTyped(undefined)} />}
    </Labelled>
  );
}

const linesOf = (pairs: unknown): string => Object.entries((pairs ?? {}) as Record<string, unknown>).map(([name, of]) => `${name}: ${textOf(of)}`).join("\n");

function pairsIn(text: string): unknown {
  const pairs = text.split("\n").flatMap((line) => (line.includes(":") ? [[line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()] as const] : []));
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

/** `name: value` in lines. */
function PairsField({ label, path }: { label: string; path: Path }) {
  return <TextField label={label} path={path} lines={3} read={linesOf} write={pairsIn} hint="One a line: name: value" />;
}

function Condition({ label, path }: { label: string; path: Path }) {
  const draft = useDraft();
  const value = at(draft.definition, path);
  const word = typeof value === "string" && WORDS.has(value) ? value : "";
  return (
    <>
      <Labelled label={label} path={path} deep={false} hint="What decides the way.">
        {(props) => (
          <select {...props} value={word} disabled={!draft.mayWrite} onChange={(event) => draft.change(put(draft.definition, path, event.target.value || { field: "status", eq: "customer" }) as Definition)}>
            {[...WORDS].map((one) => <option key={one} value={one}>{one === "always" ? "Always" : `The contact has ${one.replaceAll("_", " ")}`}</option>)}
            <option value="">Something else</option>
          </select>
        )}
      </Labelled>
      {word === "" && <JsonField label="Condition" path={path} />}
    </>
  );
}

function FieldOf({ name, shape, path }: { name: string; shape: Shape; path: Path }) {
  const of = plain(shape);
  const label = worded(name);
  const basics = { label, path, ...(of.description && { hint: of.description }) };
  if (name === "if") return <Condition label="If" path={path} />;
  if (of.enum) return <ChoiceField {...basics} options={[{ value: "", label: "As it is by default" }, ...of.enum.map((one) => ({ value: one, label: worded(one) }))]} />;
  if (of.type === "string") return <TextField {...basics} lines={LONG.has(name) ? (name === "body" ? 7 : 4) : 1} />;
  if (of.type === "integer" || of.type === "number") return <NumberField {...basics} />;
  if (of.type === "object" && typeof of.additionalProperties === "object" && !of.properties) return <PairsField label={label} path={path} />;
  const kinds = [...(of.anyOf ?? []), ...(of.oneOf ?? [])];
  if (of.type === "array" || kinds.some((one) => one.type === "array" || Object.keys(one).length === 0)) {
    return <TextField {...basics} hint="Several with commas between them." write={(text) => { const words = text.split(",").map((one) => one.trim()).filter(Boolean); return words.length === 0 ? undefined : of.type === "array" || words.length > 1 ? words : words[0]; }} />;
  }
  return <JsonField label={label} path={path} />;
}

function Variants({ path }: { path: Path }) {
  const draft = useDraft();
  const variants = (at(draft.definition, path) ?? []) as Readonly<Record<string, unknown>>[];
  const store = (next: unknown) => draft.change(put(draft.definition, path, next) as Definition);
  return (
    <fieldset className="field">
      <legend>Variants</legend>
      {variants.map((_, n) => (
        // oxlint-disable-next-line react/no-array-index-key -- its place is what it is known by
        <div key={n} className="fields variant">
          <TextField label="Id" path={[...path, n, "id"]} />
          <NumberField label="Weight" path={[...path, n, "weight"]} />
          {variants.length > 2 && draft.mayWrite && <button type="button" className="button small" onClick={() => store(variants.toSpliced(n, 1))}>Take away</button>}
        </div>
      ))}
      {draft.mayWrite && <button type="button" className="button small" onClick={() => store([...variants, { id: String.fromCharCode(97 + variants.length), weight: 50 }])}>Add a variant</button>}
      <Findings of={findingsAt(draft, path, false)} />
    </fieldset>
  );
}

/** The ways out of a node, each to the node that it leads to: what connecting on the canvas does. */
function Leads({ box, outline }: { box: Box; outline: Outline }) {
  const draft = useDraft();
  const ways = box.ways.length > 0 ? box.ways : box.type === "exit" ? [] : [""];
  if (ways.length === 0) return null;
  return (
    <fieldset className="field">
      <legend>Leads to</legend>
      {ways.map((way) => {
        const to = outline.lines.find((line) => line.from === box.id && line.label === way)?.to ?? "";
        return (
          <label key={way} className="field">
            {way && <span>{way}</span>}
            <select aria-label={`Leads to${way && ` by ${way}`}`} value={to} disabled={!draft.mayWrite} onChange={(event) => draft.change(connected(draft.definition, box.id, way || null, event.target.value))}>
              <option value="">Nowhere</option>
              {outline.boxes.filter((one) => one.id !== box.id && one.type !== "trigger").map((one) => <option key={one.id} value={one.id}>{one.id}</option>)}
            </select>
          </label>
        );
      })}
    </fieldset>
  );
}

/** The form of one step, made of the schema of the format; each fault stands beside its field. */
export function Inspector({ box, outline, onRename }: { box: Box; outline: Outline; onRename: (id: string) => void }) {
  const draft = useDraft();
  if (box.id === START || box.id === END) return <p className="pad soft">{box.id === START ? "Contacts enter here; Settings says by what triggers." : "Whoever comes here has completed the sequence."}</p>;
  const graph = isGraph(draft.definition);
  const path = graph ? [...box.path, "data"] : box.path;
  const action = textOf(at(draft.definition, [...path, "action"]));
  const shape = DEFS[box.type === "action" ? (ACTIONS[action] ?? "") : (STEPS[box.type] ?? "")];
  const names = Object.entries(shape?.properties ?? {})
    .filter(([name]) => !DRAWN.has(name) && !(graph && name === "step"))
    .toSorted(([one], [other]) => rank(one) - rank(other));
  return (
    <div className="pad stack inspector">
      <Findings of={findingsAt(draft, box.path, false)} />
      {box.type !== "trigger" && (
        <Labelled label="Id" path={[...box.path, "id"]} hint="Records refer to it: leave it once the step has run.">
          {(props) => <input {...props} value={box.title} disabled={!draft.mayWrite} onChange={(event) => { draft.change(renamed(draft.definition, box, event.target.value), `${placeOf(box.path)}.id`); onRename(event.target.value); }} />}
        </Labelled>
      )}
      {graph && <TextField label="Label" path={[...path, "label"]} />}
      {box.type === "trigger" && <TextField label="Triggers" path={[...path, "trigger"]} hint="Names of what brings contacts in, with commas between them." write={(text) => { const words = text.split(",").map((one) => one.trim()).filter(Boolean); return words.length > 1 ? words : words[0]; }} />}
      {box.type === "action" && <ChoiceField label="Action" path={[...path, "action"]} options={Object.keys(ACTIONS).map((one) => ({ value: one, label: worded(one) }))} />}
      {names.map(([name, of]) => <FieldOf key={`${box.path.join("/")} ${name}`} name={name} shape={of} path={[...path, name]} />)}
      {box.type === "split" && <Variants path={[...path, "variants"]} />}
      {graph && <Leads box={box} outline={outline} />}
    </div>
  );
}
