import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { type Schemas, answered, api } from "../api/client.ts";
import * as reads from "../api/reads.ts";
import { EXECUTION_STATUSES } from "../routes.tsx";
import { Bulk } from "../ui/Bulk.tsx";
import { useMayWrite } from "../ui/Command.tsx";
import { Filters } from "../ui/Filters.tsx";
import { type Column, Rows } from "../ui/Rows.tsx";
import { Choice, Empty, Status, When, count } from "../ui/parts.tsx";
import { HELD } from "../ui/words.ts";

type Execution = Schemas["Execution"];
const nameOf = (one: Execution): string => one.contact_name ?? one.contact;

const COLUMNS: readonly Column<Execution>[] = [
  {
    head: "Contact", width: 20,
    cell: (one) => (
      <>
        <Link className="main" to="/contacts/$id" params={{ id: one.contact }}>{nameOf(one)}</Link>
        <span className="sub">{one.contact_email ?? one.contact_phone}</span>
      </>
    ),
  },
  { head: "Reason", width: 9, cell: (one) => <>{one.enrollment_reason}{one.isTest && <span className="sub">test run</span>}</> },
  { head: "Enrolled", width: 15, cell: (one) => <><When at={one.enrolled_at} /><span className="sub"><When at={one.enrolled_at} day /></span></> },
  { head: "Current action", width: 14, cell: (one) => <>{one.current_action ?? "–"}<span className="sub">{one.step}</span></> },
  { head: "Status", width: 14, cell: (one) => <><Status of={one.status} />{(one.error ?? one.reason) && <span className="sub few" title={one.error ?? one.reason ?? ""}>{one.error ?? one.reason}</span>}</> },
  {
    head: "Next execution", width: 19,
    cell: (one) => one.ended_at ? <span className="soft">–</span> : (
      <>
        <When at={one.next_run_at} />
        {one.next_run_at && <span className="sub"><When at={one.next_run_at} zone={one.zone} day /> there</span>}
        {one.gate && <span className="sub" title={one.held_by ?? ""}>{HELD[one.gate] ?? one.held_by}</span>}
      </>
    ),
  },
  {
    head: "Open", unnamed: true, width: 9,
    cell: (one) => <Link className="button small" to="/executions/$id" params={{ id: one.id }} aria-label={`View ${nameOf(one)}`}>View</Link>,
  },
];

export function History() {
  const { key } = useParams({ from: "/sequences/$key/history" });
  const filter = useSearch({ from: "/sequences/$key/history" });
  const navigate = useNavigate({ from: "/sequences/$key/history" });
  const asked: reads.HistoryFilter = { sequence: key, ...filter };
  const list = useInfiniteQuery(reads.history(asked));
  const counted = useQuery(reads.counts(asked));
  const steps = useQuery(reads.steps(key));
  const mayWrite = useMayWrite();
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const put = (next: typeof filter) => { setPicked(new Set()); void navigate({ search: next, replace: true }); };
  const byStatus = counted.data?.by_status ?? [];
  const reasons = [...new Set(byStatus.flatMap((one) => one.reason ?? []))];
  const total = byStatus.filter((one) => !filter.reason || one.reason === filter.reason).reduce((sum, one) => sum + one.enrollments, 0);
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = Object.keys(filter).length > 0;
  return (
    <>
      <Filters
        of={filter} onChange={put} steps={steps.data?.items.flatMap((one) => one.step ?? []) ?? []}
        end={<>{!filter.step && counted.data && <span className="soft num">{count(total)} {total === 1 ? "enrollment" : "enrollments"}</span>}<a className="button" href={`/flow-executions/history.csv?${reads.asQuery(asked)}`} download>CSV</a></>}
      >
        <Choice label="Any status" value={filter.status} options={EXECUTION_STATUSES} onChange={(status) => put({ ...without(filter, "status"), ...(status && { status }) })} />
        {(reasons.length > 0 || filter.reason) && (
          <Choice label="Any ending" value={filter.reason} options={filter.reason && !reasons.includes(filter.reason) ? [...reasons, filter.reason] : reasons} onChange={(reason) => put({ ...without(filter, "reason"), ...(reason && { reason }) })} />
        )}
      </Filters>
      {mayWrite && picked.size > 0 && <Picked items={items.filter((one) => picked.has(one.id))} drop={() => setPicked(new Set())} />}
      <section className="card" aria-label="Enrollment history">
        <Rows
          of={list} columns={COLUMNS}
          {...(mayWrite && { picks: { picked, onPick: setPicked, nameOf: (id: string) => { const one = items.find((each) => each.id === id); return one ? nameOf(one) : id; } } })}
          empty={filtered
            ? <Empty title="Nobody fits these filters"><button type="button" className="button" onClick={() => put({})}>Drop filters</button></Empty>
            : <Empty title="Nobody was enrolled yet"><code>./touchline enroll {key} --csv contacts.csv</code></Empty>}
        />
      </section>
    </>
  );
}

function without<T extends object>(of: T, name: keyof T): T {
  const rest = { ...of };
  delete rest[name];
  return rest;
}

const people = (n: number): string => (n === 1 ? "1 enrollment" : `${count(n)} enrollments`);

/** What can be done to those that were chosen; each command for those that it fits. */
function Picked({ items, drop }: { items: readonly Execution[]; drop: () => void }) {
  const live = items.filter((one) => one.ended_at === null);
  const paused = live.filter((one) => one.status === "paused");
  const running = live.filter((one) => one.status !== "paused");
  const failed = items.filter((one) => one.status === "failed" && one.step !== null);
  const path = (one: Execution) => ({ params: { path: { id: one.id } } });
  return (
    <section className="picked-bar" aria-label="Selection">
      <strong>{count(items.length)} selected</strong>
      <Bulk label="Pause" items={running} then={drop} title={(n) => `Pause ${people(n)}?`} run={(one) => answered(api.POST("/enrollments/{id}/pause", path(one)))} ask={<p>Nothing is sent to them until they are resumed; what is left of their waits is kept.</p>} />
      <Bulk label="Resume" items={paused} then={drop} title={(n) => `Resume ${people(n)}?`} run={(one) => answered(api.POST("/enrollments/{id}/resume", path(one)))} ask={<p>Each goes on with what was left of its wait.</p>} />
      <Bulk label="Stop" look="bad" items={live} then={drop} title={(n) => `Stop ${people(n)} for good?`} text={{ label: "Reason", initial: "manual" }} run={(one, reason) => answered(api.POST("/enrollments/{id}/stop", { ...path(one), body: { reason } }))} ask={<p>Nothing more is sent to them from that moment on. It cannot be undone.</p>} />
      <Bulk label="Retry" items={failed} then={drop} title={(n) => `Retry ${people(n)}?`} run={(one) => answered(api.POST("/enrollments/{id}/steps/{step}/retry", { params: { path: { id: one.id, step: one.step ?? "" } } }))} ask={<p>Each failed step is composed anew and tried again, and those behind it follow. Nothing that was sent is sent again.</p>} />
      <button type="button" className="button small right" onClick={drop}>Clear</button>
    </section>
  );
}
