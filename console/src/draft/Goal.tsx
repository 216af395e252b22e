import { type Definition, put, textOf } from "./definition.ts";
import { useDraft } from "./Draft.tsx";
import { Labelled } from "./Field.tsx";

const SIMPLE = ["replied", "opened", "clicked"] as const;
const TESTS = { eq: "is", ne: "is not", contains: "contains", gt: "is more than", lt: "is less than" } as const;
type Test = keyof typeof TESTS;

function comparison(of: unknown): { field: string; test: Test; value: unknown } | undefined {
  if (typeof of !== "object" || of === null || Array.isArray(of)) return undefined;
  const { field, ...rest } = of as Record<string, unknown>;
  const [[test, value] = ["", undefined], ...more] = Object.entries(rest);
  return typeof field === "string" && more.length === 0 && test in TESTS ? { field, test: test as Test, value } : undefined;
}

/** A text as a number or a truth where it is one, as YAML reads it. */
const valueOf = (text: string): unknown => (text === "true" ? true : text === "false" ? false : /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);

/** The condition that ends an enrollment as won: a plain one in fields, any other as it is written. */
export function Goal() {
  const draft = useDraft();
  const goal = draft.definition["goal"];
  const compared = comparison(goal);
  const kind = goal === undefined ? "" : compared ? "field" : SIMPLE.some((one) => one === goal) ? String(goal) : "other";
  const store = (value: unknown, what = "") => draft.change(put(draft.definition, ["goal"], value) as Definition, what);
  return (
    <>
      <Labelled label="Goal" path={["goal"]} hint="Reached, it ends the enrollment wherever it stands.">
        {(props) => (
          <select {...props} value={kind} disabled={!draft.mayWrite} onChange={(event) => store(event.target.value === "" ? undefined : event.target.value === "field" ? { field: "status", eq: "customer" } : event.target.value)}>
            <option value="">None</option>
            {SIMPLE.map((one) => <option key={one} value={one}>The contact has {one}</option>)}
            <option value="field">A field of the contact has a value</option>
            {kind === "other" && <option value="other">Another condition, see the YAML</option>}
          </select>
        )}
      </Labelled>
      {compared && (
        <div className="fields">
          <label className="field"><span>Field</span><input value={compared.field} disabled={!draft.mayWrite} onChange={(event) => store({ field: event.target.value, [compared.test]: compared.value }, "goal.field")} /></label>
          <label className="field"><span>Test</span>
            <select value={compared.test} disabled={!draft.mayWrite} onChange={(event) => store({ field: compared.field, [event.target.value]: compared.value })}>
              {Object.entries(TESTS).map(([test, words]) => <option key={test} value={test}>{words}</option>)}
            </select>
          </label>
          <label className="field"><span>Value</span><input value={textOf(compared.value)} disabled={!draft.mayWrite} onChange={(event) => store({ field: compared.field, [compared.test]: valueOf(event.target.value) }, "goal.value")} /></label>
        </div>
      )}
    </>
  );
}
