import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { Schemas } from "../api/client.ts";
import * as reads from "../api/reads.ts";
import { Done } from "../ui/Done.tsx";
import { Loaded, Status, When, toneOf, useNow } from "../ui/parts.tsx";
import { byClock, span } from "../ui/times.ts";
import { Commands } from "./ExecutionCommands.tsx";
import { Messages } from "./Messages.tsx";

type Record_ = Schemas["EnrollmentRecord"];

export function Execution() {
  const { id } = useParams({ from: "/executions/$id" });
  const found = useQuery(reads.enrollment(id));
  return <Loaded of={found}>{(seen) => <Details seen={seen} />}</Loaded>;
}

/** Why it stands where it does, and until when, by the contact's own clock. */
function Why({ seen }: { seen: Record_ }) {
  const next = seen.next;
  const now = useNow();
  return (
    <p className={`note why ${seen.error ? "bad" : seen.status === "paused" || next?.gate ? "warn" : ""}`}>
      {seen.state}
      {next?.at && `. Next is ${next.step}, ${byClock(new Date(next.at), now, next.zone)} by the contact's clock`}.
      {seen.laws.map((law) => <span className="sub" key={law.rule}>{law.rule}: {law.source}</span>)}
      {seen.error && !seen.state.includes(seen.error) && <span className="sub">{seen.error}</span>}
    </p>
  );
}

function Details({ seen }: { seen: Record_ }) {
  const zone = seen.next?.zone ?? seen.contact.zones[0] ?? seen.contact.tenant_zone;
  const talk = useQuery(reads.conversation(seen.contact.external_id));
  const mine = talk.data?.messages.filter((one) => one.enrollment_id === seen.id) ?? [];
  return (
    <>
      <div className="head">
        <span className="crumb">
          <Link to="/sequences">Sequences</Link> / <Link to="/sequences/$key/history" params={{ key: seen.sequence.key }}>{seen.sequence.key}</Link>
        </span>
        <h1>{seen.contact.name ?? seen.contact.external_id}</h1>
        <Status of={seen.status} />
        {seen.isTest && <span className="tag">test run</span>}
        <Commands seen={seen} zone={zone} />
      </div>
      <Why seen={seen} />
      <div className="grid two">
        <section className="card" aria-labelledby="steps">
          <header><h2 id="steps">Steps</h2><span className="sub right">by {zone}</span></header>
          <ol className="timeline pad">
            {seen.steps.map((step) => {
              const job = seen.messages.find((one) => one.step === step.step && one.lap === step.lap);
              return (
                <li key={`${step.step}:${step.lap}`} className={toneOf(step.status)}>
                  <div>
                    <div className="step">
                      <strong>{step.step}</strong><span className="tag">{step.type.replaceAll("_", " ")}</span>
                      <Status of={step.status} />
                      {step.lap > 0 && <span className="tag">lap {step.lap + 1}</span>}
                      <span className="end"><When at={step.completed_at ?? step.started_at ?? step.due_at} zone={zone} exact /></span>
                    </div>
                    <span className="sub">
                      {step.started_at && step.completed_at && `took ${span(new Date(step.started_at), new Date(step.completed_at))}`}
                      {job?.recipient && ` to ${job.recipient}`}{job?.delivery && `, ${job.delivery}`}{job?.error && `, ${job.error}`}
                    </span>
                  </div>
                </li>
              );
            })}
          </ol>
        </section>
        <section className="card" aria-labelledby="facts">
          <header><h2 id="facts">Enrollment</h2></header>
          <dl className="facts pad">
            <dt>Contact</dt><dd><Link to="/contacts/$id" params={{ id: seen.contact.external_id }}>{seen.contact.external_id}</Link></dd>
            {seen.contact.email && <><dt>Email</dt><dd>{seen.contact.email}</dd></>}
            {seen.contact.phone && <><dt>Phone</dt><dd>{seen.contact.phone}</dd></>}
            <dt>Version</dt><dd>{seen.sequence.version}</dd>
            <dt>Reason</dt><dd>{seen.source}</dd>
            <dt>Enrolled</dt><dd><When at={seen.enrolled_at} zone={zone} exact /></dd>
            {seen.ended_at && <><dt>Ended</dt><dd><When at={seen.ended_at} zone={zone} exact /></dd></>}
            {seen.retried > 0 && <><dt>Retried</dt><dd>{seen.retried} times</dd></>}
            {seen.disagreements.length > 0 && <><dt>Disagreements</dt><dd>{seen.disagreements.length}: ./touchline doctor says which</dd></>}
          </dl>
        </section>
      </div>
      <Done subject={seen.id} title="What people did" />
      {mine.length > 0 && (
        <section className="card" aria-labelledby="messages">
          <header><h2 id="messages">Messages and answers</h2></header>
          <div className="pad"><Messages messages={mine} zone={zone} /></div>
        </section>
      )}
    </>
  );
}
