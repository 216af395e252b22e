import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import * as reads from "../api/reads.ts";
import { LOGGED_STATUSES } from "../routes.tsx";
import { Choice, Empty, List, Search, Status, When } from "../ui/parts.tsx";

/** The words of a result that tell most, in one line. */
function told(result: Record<string, unknown>): string {
  return Object.entries(result)
    .filter(([, value]) => typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    .slice(0, 3)
    .map(([name, value]) => `${name.replaceAll("_", " ")}: ${String(value)}`)
    .join(", ");
}

export function Logs() {
  const { key } = useParams({ from: "/sequences/$key/logs" });
  const { search = "", status } = useSearch({ from: "/sequences/$key/logs" });
  const navigate = useNavigate({ from: "/sequences/$key/logs" });
  const list = useInfiniteQuery(reads.logs({ sequence: key, ...(search && { search }), ...(status && { status }) }));
  const csv = new URLSearchParams({ sequence: key, ...(search && { search }), ...(status && { status }) });
  return (
    <>
      <div className="filters">
        <Search label="Contact begins with" value={search} onChange={(text) => void navigate({ search: { ...(text && { search: text }), ...(status && { status }) } })} />
        <Choice label="Any status" value={status} options={LOGGED_STATUSES} onChange={(one) => void navigate({ search: { ...(search && { search }), ...(one && { status: one }) } })} />
        <a className="button end" href={`/flow-executions/logs.csv?${csv}`} download>CSV</a>
      </div>
      <section className="card" aria-label="Execution logs">
        <List of={list} empty={<Empty title={search || status ? "No step fits these filters" : "No step has run yet"} />}>
          {(items) => (
            <table>
              <thead><tr><th>Contact</th><th>Action</th><th>Status</th><th>When</th><th>Result</th><th><span className="hidden">Open</span></th></tr></thead>
              <tbody>
                {items.map((one) => (
                  <tr key={one.id}>
                    <td>
                      <Link className="main" to="/contacts/$id" params={{ id: one.contact }}>{one.contact_name ?? one.contact}</Link>
                      <span className="sub">{one.contact_email}</span>
                    </td>
                    <td className="nowrap">{one.action}<span className="sub">{one.number}. {one.step}</span></td>
                    <td><Status of={one.status} /></td>
                    <td><When at={one.at} /></td>
                    <td className="soft">{told(one.result)}</td>
                    <td><Link className="button small" to="/executions/$id" params={{ id: one.enrollment_id }}>View</Link></td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </List>
      </section>
    </>
  );
}
