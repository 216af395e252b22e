import { DraftBar } from "../draft/Bar.tsx";
import { type Definition, type Day, WEEK, at, daysOf, daysWritten, put, textOf, wordsIn } from "../draft/definition.ts";
import { useDraft } from "../draft/Draft.tsx";
import { ChoiceField, Findings, Labelled, NumberField, TextField, findingsAt } from "../draft/Field.tsx";
import { Goal } from "../draft/Goal.tsx";

const DAY_NAMES: Readonly<Record<Day, string>> = { mon: "Mon", tue: "Tue", wed: "Wed", thu: "Thu", fri: "Fri", sat: "Sat", sun: "Sun" };
const STOPS = [
  { value: "reply", label: "They answer" },
  { value: "unsubscribe", label: "They unsubscribe" },
  { value: "bounce", label: "A message bounces" },
] as const;
const listed = (text: string): unknown => { const words = wordsIn(text); return words.length > 1 ? words : words[0]; };

/** What holds for the whole sequence; each fault stands beside its field, and each change is saved. */
export function Settings() {
  const draft = useDraft();
  const { definition } = draft;
  const graph = Array.isArray(definition["nodes"]);
  return (
    <div className="stack form">
      <DraftBar />
      <section className="card" aria-labelledby="f-name">
        <header><h2 id="f-name">Name</h2></header>
        <div className="pad stack">
          <TextField label="Name" path={["name"]} hint="What people read." placeholder={textOf(definition["sequence"])} />
          <TextField label="Description" path={["description"]} lines={3} hint="A note for the authors." />
          {!graph && <TextField label="Triggers" path={["trigger"]} write={listed} hint="Names of what brings contacts in, with commas between them." placeholder="none" />}
        </div>
      </section>
      <section className="card" aria-labelledby="f-window">
        <header><h2 id="f-window">Allowed hours</h2></header>
        <div className="pad stack">
          <Days />
          <div className="fields">
            <TextField label="From" path={["window", "from"]} placeholder="00:00" />
            <TextField label="To" path={["window", "to"]} placeholder="24:00" hint="That minute itself is outside." />
            <TextField label="By whose clock" path={["window", "timezone"]} placeholder="contact" list="zones" hint="contact, tenant, or a time zone." />
            <datalist id="zones">{["contact", "tenant", ...Intl.supportedValuesOf("timeZone")].map((zone) => <option key={zone} value={zone}>{zone}</option>)}</datalist>
            <TextField label="Holidays" path={["window", "holidays"]} write={listed} placeholder="none" hint="US, US-FL, DE-BY, or dates." />
            <TextField label="Spread over" path={["window", "spread"]} placeholder="0s" hint="Messages that had to wait go up to this much later: 15m, 1h." />
          </div>
          <Findings of={findingsAt(draft, ["window"], false)} />
        </div>
      </section>
      <section className="card" aria-labelledby="f-ends">
        <header><h2 id="f-ends">When it ends</h2></header>
        <div className="pad stack"><StopOn /><Goal /></div>
      </section>
      <section className="card" aria-labelledby="f-rules">
        <header><h2 id="f-rules">Rules</h2></header>
        <div className="pad fields halves">
          <ChoiceField label="What is it for?" path={["purpose"]} options={[{ value: "", label: "Marketing: texts keep to the law's hours" }, { value: "service", label: "Service: at any hour that its window allows" }]} />
          <ChoiceField label="May the same contact come again?" path={["reenroll"]} options={[{ value: "", label: "After the enrollment before has ended" }, { value: "never", label: "Never" }]} />
          <ChoiceField label="May contacts share an address?" path={["shared_addresses"]} options={[{ value: "", label: "No: the second stays out" }, { value: "allow", label: "Yes" }]} />
          <ChoiceField label="A message can never be sent" path={["on_failure"]} options={[{ value: "", label: "The enrollment ends as failed" }, { value: "continue", label: "Go on with the next step" }]} />
          <ChoiceField label="Nobody knows whether it was sent" path={["on_ambiguous"]} options={[{ value: "", label: "As the workspace has it" }, { value: "hold", label: "Hold until a person decides" }, { value: "resend", label: "Send it again" }, { value: "assume_sent", label: "Assume that it was sent" }]} />
        </div>
      </section>
      <Brake />
    </div>
  );
}

function Days() {
  const draft = useDraft();
  const days = daysOf(at(draft.definition, ["window", "days"]));
  if (days === null) return <TextField label="Days" path={["window", "days"]} hint="mon-fri, mon,wed, or all." />;
  const toggled = (day: Day) => draft.change(put(draft.definition, ["window", "days"], daysWritten(WEEK.filter((one) => days.includes(one) !== (one === day)))) as Definition);
  return (
    <fieldset className="field">
      <legend>Days</legend>
      <div className="filters days">
        {WEEK.map((day) => (
          <label key={day} className="tick">
            <input type="checkbox" checked={days.includes(day)} disabled={!draft.mayWrite || (days.length === 1 && days.includes(day))} onChange={() => toggled(day)} />{DAY_NAMES[day]}
          </label>
        ))}
      </div>
      <Findings of={findingsAt(draft, ["window", "days"])} />
    </fieldset>
  );
}

function StopOn() {
  const draft = useDraft();
  const written = draft.definition["stop_on"];
  const given = Array.isArray(written) ? written.map(String) : typeof written === "string" ? [written] : undefined;
  const own = given?.includes("own_channel") ?? false;
  const named = given?.filter((one) => one !== "own_channel");
  const chosen: readonly string[] = named === undefined || (named.length === 0 && own) ? STOPS.map((one) => one.value) : named;
  function store(next: readonly string[], ownChannel: boolean): void {
    const whole = next.length === STOPS.length;
    const value = whole && !ownChannel ? undefined : whole ? ["own_channel"] : [...next, ...(ownChannel ? ["own_channel"] : [])];
    draft.change(put(draft.definition, ["stop_on"], value) as Definition);
  }
  return (
    <fieldset className="field">
      <legend>It stops when</legend>
      {STOPS.map((one) => (
        <label key={one.value} className="tick">
          <input type="checkbox" checked={chosen.includes(one.value)} disabled={!draft.mayWrite} onChange={() => store(STOPS.map((each) => each.value).filter((each) => chosen.includes(each) !== (each === one.value)), own)} />{one.label}
        </label>
      ))}
      <label className="tick"><input type="checkbox" checked={own} disabled={!draft.mayWrite} onChange={() => store(chosen, !own)} /><span>Answers count only on channels that this sequence uses</span></label>
      <Findings of={findingsAt(draft, ["stop_on"])} />
    </fieldset>
  );
}

function Brake() {
  const draft = useDraft();
  const brake = draft.definition["brake"];
  const kind = brake === undefined ? "" : brake === "off" ? "off" : "own";
  return (
    <section className="card" aria-labelledby="f-brake">
      <header><h2 id="f-brake">Brake</h2></header>
      <div className="pad stack">
        <Labelled label="It pauses itself" path={["brake"]} deep={false} hint="A list that was bought, a domain that is blocked: most messages fail, and nobody else is tried.">
          {(props) => (
            <select {...props} value={kind} disabled={!draft.mayWrite} onChange={(event) => draft.change(put(draft.definition, ["brake"], { "": undefined, off: "off", own: { failures: 0.5 } }[event.target.value]) as Definition)}>
              <option value="">When half of the last 50 messages failed</option>
              <option value="own">By figures of its own</option>
              <option value="off">Never</option>
            </select>
          )}
        </Labelled>
        {kind === "own" && (
          <div className="fields">
            <NumberField label="Failed, in percent" path={["brake", "failures"]} scale={100} placeholder="50" />
            <NumberField label="Of the last" path={["brake", "of"]} placeholder="50" hint="messages" />
            <NumberField label="At least" path={["brake", "at_least"]} placeholder="20" hint="Of fewer nobody judges." />
          </div>
        )}
      </div>
    </section>
  );
}
