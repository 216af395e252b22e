import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect, useEffectEvent, useState } from "react";
import { ApiProblem } from "../api/client.ts";
import { byClock, byMinute, fromNow } from "./times.ts";

type Tone = "good" | "info" | "warn" | "bad" | "";

const TONES: Readonly<Record<string, Tone>> = {
  active: "good", ok: "good", success: "good", completed: "good", sent: "good", delivered: "good", opened: "good", clicked: "good", answered: "good",
  running: "info", started: "info", pending: "info", planned: "info", queued: "info", sending: "info",
  paused: "warn", reconnecting: "warn", retrying: "warn", waiting: "warn", ambiguous: "warn", deferred: "warn",
  failed: "bad", unreachable: "bad", suppressed: "bad", bounced: "bad", complained: "bad",
};

export const toneOf = (status: string): Tone => TONES[status] ?? "";

/** A status in words and colour; never by colour alone. */
export function Status({ of }: { of: string }) {
  return <span className={`badge ${toneOf(of)}`}>{of.replaceAll("_", " ")}</span>;
}

/** The present moment, told anew every few seconds. */
export function useNow(everyMs = 5_000): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** How long ago or until when; hovering tells the moment by the reader's clock, or the named zone's. */
export function When({ at, zone, exact = false, day = false }: {
  at: string | null | undefined; zone?: string; exact?: boolean;
  /** Day and minute by the clock, for a line below. */
  day?: boolean;
}) {
  const now = useNow();
  if (!at) return <span className="soft">–</span>;
  const moment = new Date(at);
  const clock = byClock(moment, now, zone);
  if (day) return <time dateTime={at} title={clock} className="nowrap">{byMinute(moment, now, zone)}</time>;
  return (
    <time dateTime={at} title={exact ? fromNow(moment, now) : clock} className="nowrap">
      {exact ? clock : fromNow(moment, now)}
    </time>
  );
}

export function Skeleton() {
  return (
    <output className="skeleton">
      <span className="hidden">Loading</span>
      {["a", "b", "c", "d", "e"].map((line) => <i key={line} />)}
    </output>
  );
}

/** A table that may be wider than the window: moved by keyboard as well. */
export function Scroll({ children }: { children: ReactNode }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached (WCAG 2.1.1)
    <section className="scroll" aria-label="Table" tabIndex={0}>{children}</section>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** Each thing that is wrong with a request, by its place. */
function Faults({ of }: { of: ApiProblem["faults"] }) {
  if (of.length === 0) return null;
  return (
    <ul className="faults">
      {of.map((one) => (
        <li key={`${one.place} ${one.message}`}>
          {one.place && <code>{one.place}</code>} {one.message}
          {one.hint && <span className="sub">{one.hint}</span>}
        </li>
      ))}
    </ul>
  );
}

/** The same where something else stays in sight: in a dialog, beside a button. */
export function Refused({ error }: { error: Error | null }) {
  if (!error) return null;
  const problem = error instanceof ApiProblem ? error : null;
  return (
    <div className="note bad" role="alert">
      {error.message || "Something went wrong"}
      {problem?.hint && <span className="sub">{problem.hint}</span>}
      {problem && <Faults of={problem.faults} />}
    </div>
  );
}

export function Problem({ error, again }: { error: Error; again?: () => void }) {
  const problem = error instanceof ApiProblem ? error : null;
  return (
    <div className="empty" role="alert">
      <strong>{error.message || "Something went wrong"}</strong>
      {problem?.hint && <p>{problem.hint}</p>}
      {problem && <Faults of={problem.faults} />}
      {problem?.requestId && <p className="sub">Request {problem.requestId}: the API's log has it under this name.</p>}
      {again && <button type="button" className="button" onClick={again}>Try again</button>}
    </div>
  );
}

/** What was read once it is there; before that its outline, or what went wrong. */
export function Loaded<T>({ of, children }: {
  of: { data: T | undefined; error: Error | null; refetch: () => unknown };
  children: (data: T) => ReactNode;
}) {
  if (of.data !== undefined) return children(of.data);
  return of.error ? <Problem error={of.error} again={() => void of.refetch()} /> : <Skeleton />;
}

type Parts<T> = UseInfiniteQueryResult<{ pages: { items: T[] }[] }>;

/** All parts of a list that were read, the button for the next, and the four other states of a list. */
export function List<T>({ of, empty, children }: {
  of: Parts<T>;
  empty: ReactNode;
  children: (items: T[]) => ReactNode;
}) {
  return (
    <Loaded of={of}>
      {(data) => {
        const items = data.pages.flatMap((page) => page.items);
        if (items.length === 0) return empty;
        return (
          <>
            <Scroll>{children(items)}</Scroll>
            {of.hasNextPage && (
              <div className="pad">
                <button type="button" className="button" disabled={of.isFetchingNextPage} onClick={() => void of.fetchNextPage()}>
                  Show more
                </button>
              </div>
            )}
          </>
        );
      }}
    </Loaded>
  );
}

/** A text that restricts a list, handed on when typing rests; `/` leads to it. */
export function Search({ value, onChange, label }: { value: string; onChange: (text: string) => void; label: string }) {
  const [text, setText] = useState(value);
  const [seen, setSeen] = useState({ value, handed: value });
  // Changed from elsewhere, by going back or by dropping filters: not what was handed on from here.
  if (value !== seen.value) {
    setSeen({ ...seen, value });
    if (value !== seen.handed) setText(value);
  }
  const hand = useEffectEvent(() => {
    setSeen({ ...seen, handed: text });
    onChange(text);
  });
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => hand(), 250);
    return () => clearTimeout(timer);
  }, [text, value]);
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={label}
      aria-keyshortcuts="/"
      data-search=""
      maxLength={200}
      value={text}
      onChange={(event) => setText(event.target.value)}
    />
  );
}

export function Choice<T extends string>({ label, value, options, words, onChange }: {
  label: string;
  value: T | undefined;
  options: readonly T[];
  words?: Readonly<Record<T, string>>;
  onChange: (value: T | undefined) => void;
}) {
  return (
    <select aria-label={label} value={value ?? ""} onChange={(event) => onChange(options.find((one) => one === event.target.value))}>
      <option value="">{label}</option>
      {options.map((one) => <option key={one} value={one}>{words?.[one] ?? one.replaceAll("_", " ")}</option>)}
    </select>
  );
}

export const percent = (share: number | null): string =>
  share === null ? "–" : new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 }).format(share);

export const count = (n: number): string => new Intl.NumberFormat("en").format(n);
