import type { ReactNode } from "react";
import type { ListFilter } from "../api/reads.ts";
import { Choice, Search } from "./parts.tsx";

type Narrow = Omit<ListFilter, "sequence">;

/** The filters that every list of a flow has; what is chosen stands in the address. */
export function Filters<F extends Narrow>({ of, onChange, steps, children, end }: {
  of: F;
  onChange: (filter: F) => void;
  steps: readonly string[];
  children?: ReactNode;
  end: ReactNode;
}) {
  function put(change: { [name in keyof Narrow]: Narrow[name] | undefined }): void {
    onChange(Object.fromEntries(Object.entries({ ...of, ...change }).filter(([, value]) => value)) as F);
  }
  const filtered = Object.keys(of).length > 0;
  return (
    <search className="filters">
      <Search label="Contact begins with" value={of.search ?? ""} onChange={(search) => put({ search })} />
      {children}
      <Choice label="Any step" value={of.step} options={steps} onChange={(step) => put({ step })} />
      <Choice label="Tests too" value={of.test} options={["without", "only"] as const} words={{ without: "Without tests", only: "Tests alone" }} onChange={(test) => put({ test })} />
      <label className="day"><span>From</span><input type="date" value={of.since ?? ""} max={of.until} onChange={(event) => put({ since: event.target.value })} /></label>
      <label className="day"><span>to</span><input type="date" value={of.until ?? ""} min={of.since} onChange={(event) => put({ until: event.target.value })} /></label>
      {filtered && <button type="button" className="button" onClick={() => onChange({} as F)}>Drop filters</button>}
      <span className="end filters">{end}</span>
    </search>
  );
}
