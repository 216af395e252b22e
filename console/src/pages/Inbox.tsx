import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { Schemas } from "../api/client.ts";
import * as reads from "../api/reads.ts";
import { Choice, Empty, Loaded, When } from "../ui/parts.tsx";

const KINDS: Readonly<Record<string, string>> = { reply: "answer", opt_out: "opt-out", auto_reply: "sent by a machine", help: "asked for help", start: "asked to hear again" };
/** How the reader's own programs answer an address. */
const answerTo = ({ channel, address, subject }: Schemas["Received"]): string =>
  channel === "email" ? `mailto:${encodeURIComponent(address).replace("%40", "@")}${subject ? `?subject=${encodeURIComponent(/^re:/i.test(subject) ? subject : `Re: ${subject}`)}` : ""}` : `sms:${encodeURIComponent(address)}`;

export function Inbox() {
  const { from } = useSearch({ from: "/inbox" });
  const navigate = useNavigate({ from: "/inbox" });
  const list = useInfiniteQuery(reads.inbox(from === undefined ? undefined : from === "contacts"));
  return (
    <>
      <div className="head"><h1>Inbox</h1><p>What came in, the newest first. Each has been acted on already: this is to read and to answer.</p></div>
      <div className="filters">
        <Choice label="From anybody" value={from} options={["contacts", "strangers"] as const} words={{ contacts: "From contacts", strangers: "From unknown senders" }} onChange={(one) => void navigate({ search: one ? { from: one } : {} })} />
      </div>
      <Loaded of={list}>
        {(data) => {
          const items = data.pages.flatMap((page) => page.items);
          return items.length === 0
            ? <section className="card"><Empty title={from === "strangers" ? "No unknown sender has written" : "Nothing came in yet"}><p>Answers appear here as soon as they arrive.</p></Empty></section>
            : (
              <div className="stack">
                {items.map((one) => <Letter key={one.id} one={one} />)}
                {list.hasNextPage && <div><button type="button" className="button" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>Show more</button></div>}
              </div>
            );
        }}
      </Loaded>
    </>
  );
}

function Letter({ one }: { one: Schemas["Received"] }) {
  return (
    <article className="card pad stack letter">
      <div className="step">
        <strong>{one.contact ? <Link to="/contacts/$id" params={{ id: one.contact }}>{one.contact_name ?? one.contact}</Link> : one.address}</strong>
        {!one.contact && <span className="badge warn">unknown sender</span>}
        <span className="tag">{one.channel}</span>
        <span className="tag">{KINDS[one.kind] ?? one.kind.replaceAll("_", " ")}</span>
        {one.under_review && <Link to="/reviews" className="badge warn">to review</Link>}
        <span className="end"><When at={one.at} /></span>
      </div>
      <p className="sub">{one.contact && one.address}{one.sequence && <> answers {one.step} of <Link to="/sequences/$key/history" params={{ key: one.sequence }}>{one.sequence}</Link></>}</p>
      <div className="message in whole">{one.subject && <strong>{one.subject}</strong>}<div className="body">{one.body}</div></div>
      <div className="filters">
        <a className="button small" href={answerTo(one)}>Answer</a>
        {one.contact && <Link className="button small" to="/contacts/$id" params={{ id: one.contact }}>Whole conversation</Link>}
        {one.enrollment_id && <Link className="button small" to="/executions/$id" params={{ id: one.enrollment_id }}>What it did</Link>}
      </div>
    </article>
  );
}
