import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import * as reads from "../api/reads.ts";
import { Empty, List, Loaded, Problem, Status, When, count } from "../ui/parts.tsx";

/** Midnight by the reader's clock, RFC 3339. */
function startOfToday(): string {
  const day = new Date();
  day.setHours(0, 0, 0, 0);
  return day.toISOString();
}

export function Overview() {
  const today = useMemo(() => startOfToday(), []);
  const enrolled = useQuery(reads.statistics(today));
  const ever = useQuery(reads.statistics());
  const failed = useInfiniteQuery(reads.history({ status: "failed" }));
  return (
    <>
      <div className="head"><h1>Overview</h1></div>
      <Loaded of={ever}>
        {(all) => (
          <dl className="card figures">
            <div><dt>In a sequence now</dt><dd>{count(all.running)}</dd></div>
            <div><dt>Enrolled today</dt><dd>{enrolled.data ? count(enrolled.data.total) : "–"}</dd></div>
            <div><dt>Of these completed</dt><dd>{enrolled.data ? count(enrolled.data.completed) : "–"}</dd></div>
            <div><dt>Of these stopped</dt><dd>{enrolled.data ? count(enrolled.data.stopped) : "–"}</dd></div>
            <div><dt>Of these failed</dt><dd>{enrolled.data ? count(enrolled.data.failed) : "–"}</dd></div>
          </dl>
        )}
      </Loaded>
      <div className="grid two">
        <Attention failed={ever.data?.failed} />
        <section className="card" aria-labelledby="failed">
          <header><h2 id="failed">Failed last</h2></header>
          <List of={failed} empty={<Empty title="Nothing has failed" />}>
            {(items) => (
              <table>
                <tbody>
                  {items.slice(0, 6).map((one) => (
                    <tr key={one.id}>
                      <td>
                        <Link className="main" to="/executions/$id" params={{ id: one.id }}>{one.contact_name ?? one.contact}</Link>
                        <span className="sub">{one.sequence_name}: {one.error}</span>
                      </td>
                      <td><When at={one.ended_at} /></td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </List>
        </section>
      </div>
    </>
  );
}

/** How many are in the first part of a list, and whether there are more. */
const shown = (part: { items: unknown[]; next?: string | null }) => `${count(part.items.length)}${part.next ? "+" : ""}`;

/** What waits for a person; empty means that nothing does. */
function Attention({ failed }: { failed: number | undefined }) {
  const reviews = useQuery(reads.reviews);
  const tasks = useQuery(reads.tasks);
  const paused = useInfiniteQuery(reads.sequences("", "paused"));
  const fault = reviews.error ?? tasks.error ?? paused.error;
  const loading = !reviews.data || !tasks.data || !paused.data || failed === undefined;
  const stopped = paused.data?.pages.flatMap((page) => page.items) ?? [];
  const open = (reviews.data?.items.length ?? 0) + (tasks.data?.items.length ?? 0) + stopped.length + (failed ?? 0);
  return (
    <section className="card" aria-labelledby="attention">
      <header><h2 id="attention">Needs somebody</h2></header>
      {fault && loading ? <Problem error={fault} /> : loading ? <Empty title="Looking …" /> : open === 0 ? (
        <Empty title="All is well"><p>Nothing waits for a person.</p></Empty>
      ) : (
        <ul className="attention">
          {stopped.map((one) => (
            <li key={one.id}>
              <span className="n"><Status of="paused" /></span>
              <span><Link to="/sequences/$key/flow" params={{ key: one.key }}>{one.name}</Link><span className="sub">{one.paused_reason ?? "paused by a person"}</span></span>
            </li>
          ))}
          {failed > 0 && <li><span className="n">{count(failed)}</span><span>{failed === 1 ? "failed enrollment" : "failed enrollments"}, to be retried once the cause is fixed</span></li>}
          {reviews.data.items.length > 0 && <li><span className="n">{shown(reviews.data)}</span><span><Link to="/reviews">{reviews.data.items.length === 1 ? "message that may be an opt-out" : "messages that may be opt-outs"}</Link></span></li>}
          {tasks.data.items.length > 0 && <li><span className="n">{shown(tasks.data)}</span><span><Link to="/tasks">{tasks.data.items.length === 1 ? "open task" : "open tasks"}</Link>, the oldest “{tasks.data.items[0]?.title}”</span></li>}
        </ul>
      )}
    </section>
  );
}
