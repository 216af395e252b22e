import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Schemas, answered, api } from "../api/client.ts";
import * as reads from "../api/reads.ts";
import { Empty, Loaded, Problem, When } from "../ui/parts.tsx";

export function Reviews() {
  const reviews = useQuery(reads.reviews);
  return (
    <>
      <div className="head"><h1>Reviews</h1><p>Messages that may be opt-outs. Nothing is sent to their addresses until somebody decides.</p></div>
      <Loaded of={reviews}>
        {(open) => open.items.length === 0
          ? <section className="card"><Empty title="Nothing to review"><p>Every answer that came in was clear.</p></Empty></section>
          : <div className="stack">{open.items.map((one) => <Open key={one.id} review={one} />)}</div>}
      </Loaded>
    </>
  );
}

function Open({ review }: { review: Schemas["Review"] }) {
  const queries = useQueryClient();
  const me = useQuery(reads.me);
  const decision = useMutation({
    mutationFn: (optOut: boolean) =>
      answered(api.POST("/reviews/{id}/decision", { params: { path: { id: review.id } }, body: { opt_out: optOut } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["reviews"] }),
  });
  const may = me.data?.scopes.includes("write") ?? false;
  return (
    <article className="card pad stack">
      <div className="step">
        <strong>{review.contact ? <Link to="/contacts/$id" params={{ id: review.contact }}>{review.contact_name ?? review.contact}</Link> : review.address}</strong>
        <span className="tag">{review.channel}</span>
        {review.sequence && <span className="soft">{review.sequence}{review.step && `, answers ${review.step}`}</span>}
        <span className="end"><When at={review.at} /></span>
      </div>
      <div className="message in"><div className="body">{review.body}</div></div>
      <p className="soft">{review.detail}{review.counts_from && <>. Counts as an opt-out <When at={review.counts_from} /></>}</p>
      {may && (
        <div className="filters">
          <button type="button" className="button" disabled={decision.isPending} onClick={() => decision.mutate(true)}>It is an opt-out</button>
          <button type="button" className="button" disabled={decision.isPending} onClick={() => decision.mutate(false)}>It is none</button>
        </div>
      )}
      {decision.error && <Problem error={decision.error} />}
    </article>
  );
}
