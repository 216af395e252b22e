import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import * as reads from "../api/reads.ts";
import { useLive } from "../api/live.ts";
import { Done } from "../ui/Done.tsx";
import { Empty, Loaded, Scroll, Status, When, count } from "../ui/parts.tsx";

/** Whether all parts of the installation answer, and what came in and nobody could read. */
export function System() {
  const ready = useQuery(reads.ready);
  const live = useLive();
  const admin = useQuery(reads.me).data?.scopes.includes("admin") ?? false;
  return (
    <>
      <div className="head"><h1>System</h1></div>
      <section className="card" aria-labelledby="parts">
        <header><h2 id="parts">Parts</h2></header>
        <dl className="facts pad health">
          <dt>Database</dt><dd>{ready.data ? <Status of="ok" /> : ready.error ? <><Status of="failed" /> {ready.error.message}</> : "…"}</dd>
          <dt>Temporal</dt><dd>{ready.data ? <><Status of={ready.data.temporal === "ok" ? "ok" : "unreachable"} />{ready.data.temporal !== "ok" && <span className="sub">What is received meanwhile takes effect; the workflows hear of it later.</span>}</> : "…"}</dd>
          <dt>Live stream</dt><dd><Status of={live === "live" ? "ok" : live} /></dd>
        </dl>
      </section>
      <section className="card" aria-labelledby="dead">
        <header><h2 id="dead">Dead letters</h2></header>
        {admin ? <DeadLetters /> : <p className="pad soft">They need the scope admin, which this session lacks.</p>}
      </section>
      <Done title="Done lately" />
    </>
  );
}

function DeadLetters() {
  const list = useQuery(reads.deadLetters);
  const [open, setOpen] = useState<string>();
  return (
    <Loaded of={list}>
      {(seen) => seen.items.length === 0 ? <Empty title="There is none"><p>Whatever proven senders report and nobody can read is kept here, with the reason.</p></Empty> : (
        <Scroll>
          <table>
            <thead><tr><th>Reason</th><th>Came to</th><th className="num">Bytes</th><th>When</th><th><span className="hidden">Open</span></th></tr></thead>
            <tbody>
              {seen.items.map((one) => (
                <tr key={one.id}>
                  <td>{one.reason}{open === one.id && <Sent id={one.id} />}</td><td>{one.source}<span className="sub">{one.content_type}</span></td><td className="num">{count(one.bytes)}</td><td><When at={one.received_at} /></td>
                  <td><button type="button" className="button small" aria-expanded={open === one.id} onClick={() => setOpen(open === one.id ? undefined : one.id)}>What was sent</button></td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Loaded>
  );
}

function Sent({ id }: { id: string }) {
  const letter = useQuery(reads.deadLetter(id));
  // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached (WCAG 2.1.1)
  return <Loaded of={letter}>{(seen) => <pre className="sent" tabIndex={0}>{seen.body}</pre>}</Loaded>;
}
