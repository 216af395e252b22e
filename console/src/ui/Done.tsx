import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../api/client.ts";
import * as reads from "../api/reads.ts";
import { When } from "./parts.tsx";

const WORDS: Readonly<Record<string, string>> = {
  "POST /enrollments/{id}/pause": "paused", "POST /enrollments/{id}/resume": "resumed", "POST /enrollments/{id}/stop": "stopped",
  "POST /enrollments/{id}/send-now": "told to go on now", "POST /enrollments/{id}/assume-sent": "counted as sent", "POST /enrollments/{id}/steps/{step}/retry": "retried",
  "POST /sequences": "created", "PUT /sequences/{id}": "changed", "DELETE /sequences/{id}": "deleted", "POST /sequences/{id}/publish": "published", "POST /sequences/{id}/duplicate": "copied",
  "POST /tasks/{id}/complete": "task done", "POST /tasks/{id}/skip": "task skipped", "POST /reviews/{id}/decision": "review decided",
  "POST /keys": "key made", "DELETE /keys/{id}": "key revoked", "PUT /tenant": "workspace changed", "POST /senders": "sender added", "DELETE /senders/{id}": "sender removed",
  "POST /webhook-subscriptions": "webhook added", "PUT /webhook-subscriptions/{id}": "webhook changed", "DELETE /webhook-subscriptions/{id}": "webhook deleted",
};

/** Who did something, as people name them. */
const whoDid = (one: Schemas["Command"]): string => `${one.by_key ?? "whoever started Touchline"}${one.by_session ? " in the console" : ""}`;

/** What was done to one thing, or lately to anything, and by whom; nothing where nobody did anything. */
export function Done({ subject, title }: { subject?: string; title: string }) {
  const list = useQuery(reads.commands(subject));
  const items = list.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <section className="card" aria-label={title}>
      <header><h2>{title}</h2></header>
      <ul className="plain pad">
        {items.map((one) => (
          <li key={one.id}>
            <strong>{WORDS[one.command] ?? one.command}</strong>{!subject && one.subject && <> <span className="soft">{one.subject}</span></>} by {whoDid(one)}, <When at={one.at} />
          </li>
        ))}
      </ul>
    </section>
  );
}
