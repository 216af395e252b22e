import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { type Schemas, answered, api, tagged } from "../api/client.ts";
import * as reads from "../api/reads.ts";
import { Act, Command } from "../ui/Command.tsx";
import { tell } from "../ui/told.tsx";
import { Empty, Loaded, Refused, Scroll, Status, When, count } from "../ui/parts.tsx";

type Settings = Schemas["TenantState"] & { etag: string };

/** What holds for the whole workspace; for whoever has the scope admin. */
export function Workspace() {
  const me = useQuery(reads.me);
  if (me.data && !me.data.scopes.includes("admin")) {
    return <><div className="head"><h1>Settings</h1></div><p className="note warn">These need the scope admin, which this session lacks. <code>./touchline keys create NAME --scope read --scope write --scope admin</code> makes a key that has it.</p></>;
  }
  return (
    <>
      <div className="head"><h1>Settings</h1></div>
      <div className="stack form"><Rules /><Senders /><Keys /><Webhooks /></div>
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return <section className="card" aria-labelledby={id}><header><h2 id={id}>{title}</h2></header>{children}</section>;
}

function Rules() {
  const tenant = useQuery(reads.tenant);
  return <Section title="Workspace"><Loaded of={tenant}>{(seen) => <RulesForm seen={seen} />}</Loaded></Section>;
}

function RulesForm({ seen }: { seen: Settings }) {
  const [now, setNow] = useState(seen);
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: () => {
      const { etag, id: _id, name: _name, ...body } = now;
      return tagged(api.PUT("/tenant", { params: { header: { "If-Match": etag } }, body }));
    },
    onSuccess: (saved) => { setNow(saved); tell("Saved"); return queries.invalidateQueries(); },
  });
  const put = (change: Partial<Settings>) => setNow({ ...now, ...change });
  function submit(event: FormEvent) {
    event.preventDefault();
    save.mutate();
  }
  return (
    <form className="pad stack" onSubmit={submit}>
      <div className="fields halves">
        <label className="field"><span>Time zone</span><input value={now.timezone} required onChange={(event) => put({ timezone: event.target.value })} /><span className="sub">For contacts whose own zone is unknown.</span></label>
        <div className="field"><label htmlFor="holidays">Holidays</label><Words id="holidays" value={now.holidays} placeholder="2026-12-24, 2026-12-31" onChange={(holidays) => put({ holidays })} /><span className="sub">Dates on which nobody is written to.</span></div>
        <label className="field"><span>Postal address</span><textarea rows={2} value={now.postal_address ?? ""} onChange={(event) => put({ postal_address: event.target.value || null })} /><span className="sub">The merge field <code>{"{{ postal_address }}"}</code>.</span></label>
        <label className="field"><span>Answer to HELP</span><textarea rows={2} value={now.help_text ?? ""} onChange={(event) => put({ help_text: event.target.value || null })} /><span className="sub">By text message; empty: nothing is answered.</span></label>
        <label className="field"><span>Confirms an opt-out</span><textarea rows={2} value={now.opt_out_text ?? ""} onChange={(event) => put({ opt_out_text: event.target.value || null })} /><span className="sub">By text message; empty: nothing confirms it.</span></label>
        <div className="field"><label htmlFor="allowed">Webhooks may call</label><Words id="allowed" value={now.webhook_allow} onChange={(webhook_allow) => put({ webhook_allow })} /><span className="sub">Hosts and networks that are not public.</span></div>
        <label className="field"><span>Nobody knows whether it was sent</span>
          <select value={now.on_ambiguous} onChange={(event) => put({ on_ambiguous: event.target.value as Settings["on_ambiguous"] })}><option value="hold">Hold until a person decides</option><option value="resend">Send it again</option><option value="assume_sent">Assume that it was sent</option></select>
        </label>
        <label className="field"><span>Somebody no longer works there</span>
          <select value={now.on_left} onChange={(event) => put({ on_left: event.target.value as Settings["on_left"] })}><option value="end">End their sequences on the channel</option><option value="hold">Hold the address until a person decides</option></select>
        </label>
        <label className="field"><span>Reviews count as opt-outs after</span><input type="number" min={1} max={365} value={now.review_days ?? ""} placeholder="never" onChange={(event) => put({ review_days: event.target.value === "" ? null : event.target.valueAsNumber })} /><span className="sub">days; empty: only when a person decides.</span></label>
      </div>
      <label className="tick"><input type="checkbox" checked={now.track_opens} onChange={() => put({ track_opens: !now.track_opens })} />Count who opens HTML emails</label>
      <label className="tick"><input type="checkbox" checked={now.track_clicks} onChange={() => put({ track_clicks: !now.track_clicks })} />Count who clicks their links</label>
      <Refused error={save.error} />
      <div className="filters actions"><button type="button" className="button" onClick={() => setNow(seen)}>Take back</button><button type="submit" className="button first" disabled={save.isPending}>Save</button></div>
    </form>
  );
}

const words = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** A list of words, which may end in a comma while it is typed. */
function Words({ id, value, placeholder, onChange }: { id: string; value: readonly string[]; placeholder?: string; onChange: (words: string[]) => void }) {
  const [typed, setTyped] = useState("");
  const shown = words(typed).join() === value.join() ? typed : value.join(", ");
  return <input id={id} value={shown} placeholder={placeholder} onChange={(event) => { setTyped(event.target.value); onChange(words(event.target.value)); }} />;
}

function Senders() {
  const senders = useQuery(reads.senders);
  return (
    <Section title="Senders">
      <Loaded of={senders}>
        {(seen) => seen.items.length === 0 ? <Empty title="No sender is set">Messages go out as the provider's own address has it.</Empty> : (
          <Scroll>
            <table>
              <thead><tr><th>Address</th><th>Name</th><th>Channel</th><th><span className="hidden">Commands</span></th></tr></thead>
              <tbody>
                {seen.items.map((one) => (
                  <tr key={one.id}>
                    <td>{one.address}{one.is_default && <span className="sub">by default</span>}</td><td>{one.name}</td><td><span className="tag">{one.channel}</span></td>
                    <td><div className="filters actions">
                      {!one.is_default && <Act label="Make default" look="small" done={`${one.address} is the default`} run={() => answered(api.POST("/senders/{id}/default", { params: { path: { id: one.id } } }))} />}
                      <Command label="Remove" look="bad" title={`Remove ${one.address}?`} done="Removed" run={() => answered(api.DELETE("/senders/{id}", { params: { path: { id: one.id } } }))} ask={<p>Nothing goes out from it any more.</p>} />
                    </div></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
      </Loaded>
      <NewSender />
    </Section>
  );
}

function NewSender() {
  const [channel, setChannel] = useState<Schemas["NewSender"]["channel"]>("email");
  const [address, setAddress] = useState("");
  const [name, setName] = useState("");
  const queries = useQueryClient();
  const add = useMutation({
    mutationFn: () => answered(api.POST("/senders", { body: { channel, address, ...(name && { name }), is_default: false } })),
    onSuccess: () => { setAddress(""); setName(""); tell("Added"); return queries.invalidateQueries({ queryKey: ["senders"] }); },
  });
  return (
    <form className="pad filters" onSubmit={(event) => { event.preventDefault(); add.mutate(); }}>
      <select aria-label="Channel of the sender" value={channel} onChange={(event) => setChannel(event.target.value as typeof channel)}><option>email</option><option>sms</option><option>whatsapp</option></select>
      <input aria-label="Address of the sender" placeholder={channel === "email" ? "ann@example.com" : "+12125550100"} required value={address} onChange={(event) => setAddress(event.target.value)} />
      <input aria-label="Name of the sender" placeholder="Name" value={name} onChange={(event) => setName(event.target.value)} />
      <button type="submit" className="button" disabled={add.isPending}>Add a sender</button>
      <Refused error={add.error} />
    </form>
  );
}

const SCOPES = ["read", "write", "admin"] as const;

function Keys() {
  const keys = useQuery(reads.keys);
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly (typeof SCOPES)[number][]>(["read"]);
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: () => answered(api.POST("/keys", { body: { name, scopes: [...scopes] } })),
    onSuccess: () => { setName(""); return queries.invalidateQueries({ queryKey: ["keys"] }); },
  });
  return (
    <Section title="API keys">
      <Loaded of={keys}>
        {(seen) => seen.items.length === 0 ? <Empty title="There is no key yet" /> : (
          <Scroll>
            <table>
              <thead><tr><th>Name</th><th>May</th><th>Used</th><th><span className="hidden">Commands</span></th></tr></thead>
              <tbody>
                {seen.items.map((one) => (
                  <tr key={one.id}>
                    <td>{one.name}<span className="sub">made <When at={one.created_at} /></span></td><td>{one.scopes.join(", ")}</td><td><When at={one.last_used_at} /></td>
                    <td><div className="filters actions">{one.revoked_at ? <span className="soft">revoked <When at={one.revoked_at} /></span> : <Command label="Revoke" look="bad" title={`Revoke the key ${one.name}?`} done="Revoked" run={() => answered(api.DELETE("/keys/{id}", { params: { path: { id: one.id } } }))} ask={<p>Whatever uses it is refused from now on, sessions of the console that were begun by it too. It cannot be undone.</p>} />}</div></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
      </Loaded>
      <form className="pad filters" onSubmit={(event) => { event.preventDefault(); make.mutate(); }}>
        <input aria-label="Name of the key" placeholder="Name of the key" required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />
        {SCOPES.map((one) => <label key={one} className="tick"><input type="checkbox" checked={scopes.includes(one)} onChange={() => setScopes(SCOPES.filter((each) => scopes.includes(each) !== (each === one)))} />{one}</label>)}
        <button type="submit" className="button" disabled={make.isPending || scopes.length === 0}>Make a key</button>
        <Refused error={make.error} />
      </form>
      {make.data && <Secret label={`The key ${make.data.name}`} text={make.data.key} />}
    </Section>
  );
}

/** What is shown once, and by nobody again. */
function Secret({ label, text }: { label: string; text: string }) {
  return (
    <div className="pad">
      <div className="note warn stack">
        <span>{label}: copy it now, it is never shown again.</span>
        <code className="secret">{text}</code>
        <span><button type="button" className="button small" onClick={() => void navigator.clipboard.writeText(text).then(() => tell("Copied"))}>Copy</button></span>
      </div>
    </div>
  );
}

const TYPES = ["enrollment.enrolled", "enrollment.completed", "enrollment.stopped", "enrollment.failed", "step.completed", "step.failed", "reply.received"] as const satisfies readonly Schemas["Subscription"]["types"][number][];

function Webhooks() {
  const webhooks = useQuery(reads.webhooks);
  const [url, setUrl] = useState("");
  const [types, setTypes] = useState<readonly (typeof TYPES)[number][]>(["enrollment.completed", "enrollment.stopped", "enrollment.failed", "reply.received"]);
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: () => answered(api.POST("/webhook-subscriptions", { body: { url, types: [...types], description: "", active: true, test_runs: false } })),
    onSuccess: () => { setUrl(""); return queries.invalidateQueries({ queryKey: ["webhooks"] }); },
  });
  return (
    <Section title="Webhooks">
      <Loaded of={webhooks}>
        {(seen) => seen.items.length === 0 ? <Empty title="Nobody is told of anything"><p>A webhook tells another system what happens.</p></Empty> : (
          <div>{seen.items.map((one) => <Webhook key={one.id} one={one} />)}</div>
        )}
      </Loaded>
      <form className="pad stack" onSubmit={(event) => { event.preventDefault(); make.mutate(); }}>
        <div className="filters">
          <input aria-label="Address of the webhook" type="url" placeholder="https://example.com/hook" required value={url} onChange={(event) => setUrl(event.target.value)} />
          <button type="submit" className="button" disabled={make.isPending || types.length === 0}>Add a webhook</button>
        </div>
        <fieldset className="filters"><legend className="sub">Of what it is told</legend>
          {TYPES.map((one) => <label key={one} className="tick"><input type="checkbox" checked={types.includes(one)} onChange={() => setTypes(TYPES.filter((each) => types.includes(each) !== (each === one)))} />{one.replace(".", " ")}</label>)}
        </fieldset>
        <Refused error={make.error} />
      </form>
      {make.data && <Secret label="The secret that signs what this webhook is told" text={make.data.secret} />}
    </Section>
  );
}

function Webhook({ one }: { one: Schemas["Subscription"] }) {
  const [open, setOpen] = useState(false);
  const path = { params: { path: { id: one.id } } };
  const body = { url: one.url, types: one.types, description: one.description, test_runs: one.test_runs };
  return (
    <div className="webhook pad stack">
      <div className="step">
        <strong className="break">{one.url}</strong><Status of={one.active ? (one.failing_since ? "failed" : "active") : "paused"} />
        <span className="end filters actions">
          <button type="button" className="button small" aria-expanded={open} onClick={() => setOpen(!open)}>Log</button>
          {one.active
            ? <Act label="Pause" look="small" done="Paused" run={() => answered(api.PUT("/webhook-subscriptions/{id}", { ...path, body: { ...body, active: false } }))} />
            : <Act label="Resume" look="small" done="Resumed" run={() => answered(api.PUT("/webhook-subscriptions/{id}", { ...path, body: { ...body, active: true } }))} />}
          <Command label="Delete" look="bad" title={`Tell ${one.url} nothing more?`} done="Deleted" run={() => answered(api.DELETE("/webhook-subscriptions/{id}", path))} ask={<p>What was not delivered yet is not delivered any more.</p>} />
        </span>
      </div>
      <p className="sub">{one.types.join(", ")}</p>
      {(one.disabled_reason || one.failing_since) && <p className="note warn">{one.disabled_reason ?? <>{count(one.failures)} failures, since <When at={one.failing_since} /></>}</p>}
      {open && <DeliveryLog id={one.id} />}
    </div>
  );
}

function DeliveryLog({ id }: { id: string }) {
  const list = useQuery(reads.deliveries(id));
  return (
    <Loaded of={list}>
      {(seen) => seen.items.length === 0 ? <Empty title="Nothing was delivered yet" /> : (
        <Scroll>
          <table>
            <thead><tr><th>Of</th><th>State</th><th className="num">Tries</th><th>Answer</th><th>When</th><th><span className="hidden">Commands</span></th></tr></thead>
            <tbody>
              {seen.items.map((one) => (
                <tr key={one.id}>
                  <td>{one.type}</td><td><Status of={one.state} /></td><td className="num">{one.attempts}</td><td>{one.last_status ?? "–"}<span className="sub">{one.last_error}</span></td>
                  <td><When at={one.last_attempt_at ?? one.created_at} />{one.next_attempt_at && <span className="sub">again <When at={one.next_attempt_at} /></span>}</td>
                  <td>{one.ended_at && <Act label="Deliver again" look="small" done="Delivered again soon" run={() => answered(api.POST("/webhook-deliveries/{id}/redeliver", { params: { path: { id: one.id } } }))} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Loaded>
  );
}
