import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { type Schemas, answered, api } from "../api/client.ts";
import * as reads from "../api/reads.ts";
import { CHANNELS, SUPPRESSION_REASONS } from "../routes.tsx";
import { Command, useMayWrite } from "../ui/Command.tsx";
import { type Column, Rows } from "../ui/Rows.tsx";
import { tell } from "../ui/told.tsx";
import { Choice, Empty, Refused, Status, When } from "../ui/parts.tsx";

type Suppression = Schemas["SuppressionRecord"];
type Channel = (typeof CHANNELS)[number];

const COLUMNS: readonly Column<Suppression>[] = [
  { head: "Address", width: 32, cell: (one) => one.address ?? (one.contact ? <Link className="main" to="/contacts/$id" params={{ id: one.contact }}>{one.contact}: any address</Link> : "any address") },
  { head: "Channel", width: 12, cell: (one) => <span className="tag">{one.channel}</span> },
  { head: "Reason", width: 16, cell: (one) => one.reason.replaceAll("_", " ") },
  { head: "Since", width: 18, cell: (one) => <><When at={one.at} /><span className="sub"><When at={one.at} day /></span></> },
  { head: "State", width: 12, cell: (one) => (one.active ? <Status of="suppressed" /> : <span className="soft">lifted <When at={one.lifted_at} /></span>) },
  { head: "Lift", unnamed: true, width: 10, cell: (one) => <Lift one={one} /> },
];

/** Bounces and what was suppressed by hand may be lifted; an opt-out only where the person asked for it. */
function Lift({ one }: { one: Suppression }) {
  const mayWrite = useMayWrite();
  if (!mayWrite || !one.active || one.reason === "complained" || one.reason === "suspected") return null;
  const optOut = one.reason === "unsubscribed";
  return (
    <Command
      label="Lift" title={`Write to ${one.address ?? "this contact"} again?`} done="Lifted"
      {...(optOut && { tick: { label: "The person has asked for messages again", hint: "And you can show it. Without that an opt-out stays." } })}
      run={(_, asked) => answered(api.DELETE("/suppressions/{id}", { params: { path: { id: one.id }, query: { asked_by_contact: asked } } }))}
      ask={<p>Messages to this address are sent again from now on. The record of it stays.</p>}
    />
  );
}

export function Suppressions() {
  const filter = useSearch({ from: "/suppressions" });
  const navigate = useNavigate({ from: "/suppressions" });
  const list = useInfiniteQuery(reads.suppressions(filter as reads.SuppressionFilter));
  const mayWrite = useMayWrite();
  const put = (change: Partial<typeof filter>) => void navigate({ search: Object.fromEntries(Object.entries({ ...filter, ...change }).filter(([, value]) => value !== undefined)) as typeof filter });
  return (
    <>
      <div className="head"><h1>Suppressions</h1><p>Addresses that nothing is sent to, whosever they are, and why.</p></div>
      {mayWrite && <Suppress />}
      <div className="filters">
        <Choice label="Any channel" value={filter.channel} options={CHANNELS} onChange={(channel) => put({ channel })} />
        <Choice label="Any reason" value={filter.reason} options={SUPPRESSION_REASONS} onChange={(reason) => put({ reason })} />
        <Choice label="Lifted ones too" value={filter.active === undefined ? undefined : filter.active ? "now" : "lifted"} options={["now", "lifted"] as const} words={{ now: "In force", lifted: "Lifted" }} onChange={(one) => put({ active: one === undefined ? undefined : one === "now" } as Partial<typeof filter>)} />
      </div>
      <section className="card" aria-label="Suppressions">
        <Rows of={list} columns={COLUMNS} empty={Object.keys(filter).length > 0 ? <Empty title="None fits these filters"><Link to="/suppressions" className="button">Drop filters</Link></Empty> : <Empty title="No address is suppressed" />} />
      </section>
    </>
  );
}

function Suppress() {
  const [channel, setChannel] = useState<Channel>("email");
  const [address, setAddress] = useState("");
  const queries = useQueryClient();
  const command = useMutation({
    mutationFn: () => answered(api.POST("/suppressions", { body: { channel, address } })),
    onSuccess: () => { tell(`${address} is suppressed`); setAddress(""); return queries.invalidateQueries({ queryKey: ["suppressions"] }); },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    command.mutate();
  }
  return (
    <form className="card pad filters" onSubmit={submit}>
      <select aria-label="Channel" value={channel} onChange={(event) => setChannel(CHANNELS.find((one) => one === event.target.value) ?? "email")}>{CHANNELS.map((one) => <option key={one}>{one}</option>)}</select>
      <input aria-label="Address" placeholder={channel === "email" ? "name@example.com" : "+12125550100"} value={address} required maxLength={300} onChange={(event) => setAddress(event.target.value)} />
      <button type="submit" className="button" disabled={command.isPending}>Suppress</button>
      <Refused error={command.error} />
    </form>
  );
}
