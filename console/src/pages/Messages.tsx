import type { Schemas } from "../api/client.ts";
import { Status, When } from "../ui/parts.tsx";

/** What was written in either direction, as it was read; oldest first. */
export function Messages({ messages, zone }: { messages: readonly Schemas["Message"][]; zone: string }) {
  return (
    <div className="thread">
      {messages.map((one) => (
        <article key={one.id} className={`message ${one.direction}`}>
          <header>
            <span>{one.direction === "out" ? "To" : "From"} {one.address}</span>
            <span>{one.channel}</span>
            {one.kind !== "step" && <span>{one.kind.replaceAll("_", " ")}</span>}
            {one.step && <span>{one.direction === "out" ? "" : "answers "}{one.step}</span>}
            <When at={one.at} zone={zone} exact />
            {one.delivery && <Status of={one.delivery} />}
            {one.under_review && <span className="badge warn">to review</span>}
          </header>
          {one.subject && <strong>{one.subject}</strong>}
          <div className="body">{one.body}</div>
        </article>
      ))}
    </div>
  );
}
