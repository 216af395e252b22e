import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { Schemas } from "../api/client.ts";
import * as reads from "../api/reads.ts";
import { LOGGED_STATUSES } from "../routes.tsx";
import { Filters } from "../ui/Filters.tsx";
import { type Column, Rows } from "../ui/Rows.tsx";
import { Choice, Empty, Status, When } from "../ui/parts.tsx";
import { outcome } from "../ui/words.ts";

type Logged = Schemas["LoggedStep"];

const COLUMNS: readonly Column<Logged>[] = [
  {
    head: "Contact", width: 21,
    cell: (one) => (
      <>
        <Link className="main" to="/contacts/$id" params={{ id: one.contact }}>{one.contact_name ?? one.contact}</Link>
        <span className="sub">{one.contact_email}</span>
      </>
    ),
  },
  { head: "Action", width: 18, cell: (one) => <>{one.action}<span className="sub">{one.number}. {one.step}</span></> },
  { head: "Status", width: 12, cell: (one) => <><Status of={one.status} />{one.isTest && <span className="sub">test run</span>}</> },
  { head: "Time", width: 14, cell: (one) => <><When at={one.at} /><span className="sub"><When at={one.at} day /></span></> },
  { head: "Result", width: 25, cell: (one) => <span className={one.status === "failed" ? "" : "soft"}>{outcome(one) || "–"}</span> },
  {
    head: "Open", unnamed: true, width: 10,
    cell: (one) => <Link className="button small" to="/executions/$id" params={{ id: one.enrollment_id }} aria-label={`View ${one.contact_name ?? one.contact}`}>View</Link>,
  },
];

export function Logs() {
  const { key } = useParams({ from: "/sequences/$key/logs" });
  const filter = useSearch({ from: "/sequences/$key/logs" });
  const navigate = useNavigate({ from: "/sequences/$key/logs" });
  const asked: reads.LogFilter = { sequence: key, ...filter };
  const list = useInfiniteQuery(reads.logs(asked));
  const steps = useQuery(reads.steps(key));
  const put = (next: typeof filter) => void navigate({ search: next, replace: true });
  const { status, ...rest } = filter;
  return (
    <>
      <Filters
        of={filter} onChange={put} steps={steps.data?.items.flatMap((one) => one.step ?? []) ?? []}
        end={<a className="button" href={`/flow-executions/logs.csv?${reads.asQuery(asked)}`} download>CSV</a>}
      >
        <Choice label="Any status" value={status} options={LOGGED_STATUSES} onChange={(one) => put({ ...rest, ...(one && { status: one }) })} />
      </Filters>
      <section className="card" aria-label="Execution logs">
        <Rows
          of={list} columns={COLUMNS}
          empty={Object.keys(filter).length > 0
            ? <Empty title="No step fits these filters"><button type="button" className="button" onClick={() => put({})}>Drop filters</button></Empty>
            : <Empty title="No step has run yet"><p>What each step does for each contact is listed here as it happens.</p></Empty>}
        />
      </section>
    </>
  );
}
