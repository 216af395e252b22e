import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import * as reads from "../api/reads.ts";
import { Empty, Loaded, Scroll, Status, When } from "../ui/parts.tsx";
import { Messages } from "./Messages.tsx";

export function Contact() {
  const { id } = useParams({ from: "/contacts/$id" });
  const contact = useQuery(reads.contact(id));
  const standing = useQuery(reads.standing(id));
  const talk = useQuery(reads.conversation(id));
  return (
    <Loaded of={contact}>
      {(seen) => (
        <>
          <div className="head">
            <span className="crumb"><Link to="/contacts">Contacts</Link></span>
            <h1>{seen.name ?? seen.external_id}</h1>
            {seen.status && <span className="tag">{seen.status}</span>}
            {seen.tags.map((tag) => <span key={tag} className="tag">{tag}</span>)}
          </div>
          {seen.suppressions.filter((one) => one.active).map((one) => (
            <p key={one.id} className="note bad">Not written to by {one.channel}{one.address && ` at ${one.address}`}: {one.reason.replaceAll("_", " ")}.</p>
          ))}
          <div className="grid two">
            <section className="card" aria-labelledby="standing">
              <header><h2 id="standing">Sequences</h2></header>
              <Loaded of={standing}>
                {(state) => state.enrollments.length === 0 ? <Empty title="In no sequence so far" /> : (
                  <Scroll>
                    <table>
                      <tbody>
                        {state.enrollments.map((one) => (
                          <tr key={one.id}>
                            <td><Link className="main" to="/executions/$id" params={{ id: one.id }}>{one.sequence.key}</Link><span className="sub">{one.state}</span></td>
                            <td><Status of={one.status} /></td>
                            <td><When at={one.next?.at ?? one.ended_at} /></td>
                          </tr>
                        ))}
                      </tbody>
                    </table>
                  </Scroll>
                )}
              </Loaded>
            </section>
            <section className="card" aria-labelledby="profile">
              <header><h2 id="profile">Profile</h2></header>
              <dl className="facts pad">
                <dt>Id</dt><dd>{seen.external_id}</dd>
                {seen.email && <><dt>Email</dt><dd>{seen.email}</dd></>}
                {seen.phone && <><dt>Phone</dt><dd>{seen.phone}</dd></>}
                {seen.company && <><dt>Company</dt><dd>{seen.company}</dd></>}
                <dt>Time zone</dt><dd>{seen.timezone ?? seen.zones.join(", ")}</dd>
                {seen.assigned_to && <><dt>Looked after by</dt><dd>{seen.assigned_to}</dd></>}
                {Object.entries(seen.attributes).map(([name, value]) => <Pair key={name} name={name} value={value} />)}
                <dt>Since</dt><dd><When at={seen.created_at} exact /></dd>
              </dl>
            </section>
          </div>
          <section className="card" aria-labelledby="talk">
            <header><h2 id="talk">Conversation</h2></header>
            <Loaded of={talk}>
              {(said) => said.messages.length === 0
                ? <Empty title="Nothing was written yet" />
                : <div className="pad"><Messages messages={said.messages} zone={said.contact.zone} /></div>}
            </Loaded>
          </section>
        </>
      )}
    </Loaded>
  );
}

function Pair({ name, value }: { name: string; value: unknown }) {
  return <><dt>{name}</dt><dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd></>;
}
