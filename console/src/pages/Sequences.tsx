import { useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import * as reads from "../api/reads.ts";
import { SEQUENCE_STATUSES } from "../routes.tsx";
import { Choice, Empty, List, Search, Status, When, count, percent } from "../ui/parts.tsx";

export function Sequences() {
  const { search = "", status } = useSearch({ from: "/sequences" });
  const navigate = useNavigate({ from: "/sequences" });
  const list = useInfiniteQuery(reads.sequences(search, status));
  const mayWrite = useQuery(reads.me).data?.scopes.includes("write") ?? false;
  const filtered = search !== "" || status !== undefined;
  return (
    <>
      <div className="head"><h1>Sequences</h1>{mayWrite && <Link className="button first right" to="/new-sequence">New sequence</Link>}</div>
      <div className="filters">
        <Search label="Name or key" value={search} onChange={(text) => void navigate({ search: { ...(text && { search: text }), ...(status && { status }) } })} />
        <Choice label="Any status" value={status} options={SEQUENCE_STATUSES} onChange={(one) => void navigate({ search: { ...(search && { search }), ...(one && { status: one }) } })} />
        {filtered && <Link to="/sequences" className="button">Drop filters</Link>}
      </div>
      <section className="card" aria-label="Sequences">
        <List
          of={list}
          empty={filtered
            ? <Empty title="No sequence fits these filters"><Link to="/sequences" className="button">Drop filters</Link></Empty>
            : <Empty title="There is no sequence yet"><p>A sequence says who is written what, and when.</p><code>./touchline publish examples/quick-tour.yaml</code></Empty>}
        >
          {(items) => <Table items={items} />}
        </List>
      </section>
    </>
  );
}

type Items = import("../api/client.ts").Schemas["SequenceSummary"][];

function Table({ items }: { items: Items }) {
  // The list has no figures of its own yet, so each row asks for those of its sequence.
  const figures = useQueries({ queries: items.map((one) => ({ ...reads.analytics(one.key), enabled: one.version !== null })) });
  return (
    <table>
      <thead>
        <tr>
          <th>Name</th><th>Status</th><th className="num">In it</th><th className="num">Sent</th><th className="num">Failed</th>
          <th className="num">Answered</th><th className="num">Overdue</th><th>Changed</th>
        </tr>
      </thead>
      <tbody>
        {items.map((one, n) => {
          const seen = figures[n]?.data;
          const live = seen?.enrollments.filter((each) => ["pending", "running", "paused"].includes(each.status)).reduce((sum, each) => sum + each.enrollments, 0);
          return (
            <tr key={one.id}>
              <td>
                <Link className="main" to="/sequences/$key/flow" params={{ key: one.key }}>{one.name}</Link>
                <span className="sub">{one.key}{one.version === null ? "" : `, version ${one.version}`}</span>
              </td>
              <td><Status of={one.status} />{one.paused_reason && <span className="sub">{one.paused_reason}</span>}</td>
              <td className="num">{live === undefined ? "–" : count(live)}</td>
              <td className="num">{seen ? count(seen.total.sent) : "–"}</td>
              <td className="num">{seen ? count(seen.total.failed) : "–"}</td>
              <td className="num">{seen ? percent(seen.total.response_rate) : "–"}</td>
              <td className="num">{seen ? count(seen.overdue) : "–"}</td>
              <td><When at={one.updated_at} /></td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
