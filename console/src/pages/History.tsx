import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import * as reads from "../api/reads.ts";
import { EXECUTION_STATUSES } from "../routes.tsx";
import { Choice, Empty, List, Search, Status, When } from "../ui/parts.tsx";

export function History() {
  const { key } = useParams({ from: "/sequences/$key/history" });
  const { search = "", status } = useSearch({ from: "/sequences/$key/history" });
  const navigate = useNavigate({ from: "/sequences/$key/history" });
  const list = useInfiniteQuery(reads.history({ sequence: key, ...(search && { search }), ...(status && { status }) }));
  const csv = new URLSearchParams({ sequence: key, ...(search && { search }), ...(status && { status }) });
  return (
    <>
      <div className="filters">
        <Search label="Contact begins with" value={search} onChange={(text) => void navigate({ search: { ...(text && { search: text }), ...(status && { status }) } })} />
        <Choice label="Any status" value={status} options={EXECUTION_STATUSES} onChange={(one) => void navigate({ search: { ...(search && { search }), ...(one && { status: one }) } })} />
        <a className="button end" href={`/flow-executions/history.csv?${csv}`} download>CSV</a>
      </div>
      <section className="card" aria-label="Enrollment history">
        <List of={list} empty={<Empty title={search || status ? "Nobody fits these filters" : "Nobody was enrolled yet"}>
          {!search && !status && <code>./touchline enroll {key} contacts.csv</code>}
        </Empty>}>
          {(items) => (
            <table>
              <thead><tr><th>Contact</th><th>Reason</th><th>Enrolled</th><th>Current action</th><th>Status</th><th>Next</th><th><span className="hidden">Open</span></th></tr></thead>
              <tbody>
                {items.map((one) => (
                  <tr key={one.id}>
                    <td>
                      <Link className="main" to="/contacts/$id" params={{ id: one.contact }}>{one.contact_name ?? one.contact}</Link>
                      <span className="sub">{one.contact_email ?? one.contact_phone}</span>
                    </td>
                    <td>{one.enrollment_reason}{one.isTest && <span className="sub">test run</span>}</td>
                    <td><When at={one.enrolled_at} /></td>
                    <td className="nowrap">{one.current_action}<span className="sub">{one.step}</span></td>
                    <td><Status of={one.status} />{(one.error ?? one.reason) && <span className="sub">{one.error ?? one.reason}</span>}</td>
                    <td><When at={one.next_run_at} />{one.gate && <span className="sub">{one.gate.replaceAll("_", " ")}</span>}</td>
                    <td><Link className="button small" to="/executions/$id" params={{ id: one.id }}>View</Link></td>
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
