import type { QueryClient, QueryKey } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import type { Schemas } from "./client.ts";
import { inParts, type Told } from "./stream.ts";

export type LiveState = "live" | "reconnecting" | "off";

const NAME = "touchline-live";
const COLLECTED_MS = 250;
/** A list is read again at most this often, however much happens. */
const AGAIN_MS = 2_000;
const HIDDEN_MS = 60_000;
const LONGEST_WAIT_MS = 30_000;

type Change = Pick<Schemas["Change"], "type" | "sequence" | "enrollment_id" | "contact">;
type Passed = { state: LiveState } | { changes: Change[] } | { reset: true } | { reached: string } | { asks: true };

let state: LiveState = "off";
const watching = new Set<() => void>();

function stateIs(now: LiveState): void {
  state = now;
  for (const one of watching) one();
}

/** Whether what is shown follows what happens. */
export function useLive(): LiveState {
  return useSyncExternalStore((changed) => { watching.add(changed); return () => watching.delete(changed); }, () => state);
}

export const isLive = (): boolean => state === "live";

/** Whether a change makes what was read under this key old. */
export function concerns(key: QueryKey, change: Change): boolean {
  const [what, of] = key;
  const filter = typeof of === "object" && of !== null ? (of as { sequence?: string }) : {};
  switch (what) {
    case "history":
    case "logs":
    case "counts":
      return filter.sequence === undefined || filter.sequence === change.sequence;
    case "analytics":
    case "nodes":
      return of === change.sequence;
    case "enrollment":
      return of === change.enrollment_id;
    case "conversation":
    case "standing":
      return of === change.contact;
    case "statistics":
    case "sequences":
    case "tasks":
    case "reviews":
    case "inbox":
    case "attention":
      return true;
    default:
      return false;
  }
}

/** Reads what changes made old, at most every AGAIN_MS under each key. */
class Refresher {
  private readonly queries: QueryClient;
  private readonly readAt = new Map<string, number>();
  private waiting: Change[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(queries: QueryClient) {
    this.queries = queries;
  }

  add(changes: Change[]): void {
    this.waiting.push(...changes);
    this.timer ??= setTimeout(() => this.read(), COLLECTED_MS);
  }

  private read(): void {
    const now = Date.now();
    const changes = this.waiting;
    this.timer = undefined;
    this.waiting = [];
    let later = 0;
    const due = new Set<string>();
    for (const { queryKey, queryHash } of this.queries.getQueryCache().findAll({ type: "active" })) {
      if (!changes.some((change) => concerns(queryKey, change))) continue;
      const since = now - (this.readAt.get(queryHash) ?? 0);
      if (since < AGAIN_MS) later = Math.max(later, AGAIN_MS - since);
      else {
        due.add(queryHash);
        this.readAt.set(queryHash, now);
      }
    }
    void this.queries.invalidateQueries({ predicate: ({ queryHash }) => due.has(queryHash) });
    // What is out of sight is only marked old, and read when it comes back.
    void this.queries.invalidateQueries({
      refetchType: "none", type: "inactive", predicate: ({ queryKey }) => changes.some((change) => concerns(queryKey, change)),
    });
    if (later > 0) {
      this.waiting = changes;
      this.timer = setTimeout(() => this.read(), later);
    }
  }
}

/** One connection: hands on what it tells until it ends. How long to wait before the next, in ms. */
async function listen(after: string | undefined, signal: AbortSignal, hear: (told: Told) => void, begun: () => void): Promise<number | null> {
  const answer = await fetch("/events", {
    credentials: "same-origin", signal,
    headers: { Accept: "text/event-stream", ...(after && { "Last-Event-ID": after }) },
  });
  if (answer.status === 401 || answer.status === 403) return null;
  if (!answer.ok || !answer.body) {
    const wait = Number(answer.headers.get("retry-after"));
    throw new Error(`${answer.status}`, { cause: Number.isFinite(wait) ? wait * 1000 : 0 });
  }
  begun();
  for await (const told of inParts(answer.body)) hear(told);
  return 0;
}

/** Keeps what is in sight up to date: one stream for all tabs of this browser, held by one of them. Ends by the signal. */
export function keepLive(queries: QueryClient, signal: AbortSignal): void {
  const refresher = new Refresher(queries);
  const tabs = new BroadcastChannel(NAME);
  let reached: string | undefined;
  let leading = false;

  function take(passed: Passed): void {
    if ("state" in passed) stateIs(passed.state);
    else if ("changes" in passed) refresher.add(passed.changes);
    else if ("reached" in passed) reached = passed.reached;
    else if ("asks" in passed) {
      if (leading) tabs.postMessage({ state } satisfies Passed);
    } else void queries.invalidateQueries();
  }
  function pass(passed: Passed): void {
    take(passed);
    tabs.postMessage(passed);
  }
  tabs.addEventListener("message", (event: MessageEvent<Passed>) => take(event.data));
  tabs.postMessage({ asks: true } satisfies Passed);

  function hear({ event, id, data }: Told): void {
    if (id) pass({ reached: id });
    if (event === "reset") pass({ reset: true });
    else if (data) {
      const { type, sequence, enrollment_id, contact } = JSON.parse(data) as Change;
      pass({ changes: [{ type, sequence, enrollment_id, contact }] });
    }
  }

  async function lead(until: AbortSignal): Promise<void> {
    leading = true;
    until.addEventListener("abort", () => { leading = false; });
    for (let failures = 0; !until.aborted; ) {
      let wait = 0;
      try {
        const said = await listen(reached, until, hear, () => {
          failures = 0;
          pass({ state: "live" });
          // What happened between the first reading and this moment is told by nobody.
          if (reached === undefined) pass({ reset: true });
        });
        if (said === null) break;
      } catch (error) {
        failures += 1;
        const asked = error instanceof Error && typeof error.cause === "number" ? error.cause : 0;
        wait = Math.max(asked, Math.min(LONGEST_WAIT_MS, 1_000 * 2 ** (failures - 1)) * (0.5 + Math.random() / 2));
      }
      if (until.aborted) break;
      if (wait > 0) pass({ state: "reconnecting" });
      await new Promise((woken) => { setTimeout(woken, wait); });
    }
  }

  /** Waits for its turn, and leads until the tab is hidden for long, or closed. */
  async function turn(): Promise<void> {
    const ends = new AbortController();
    const end = () => ends.abort();
    let hidden: ReturnType<typeof setTimeout> | undefined;
    const looked = () => {
      clearTimeout(hidden);
      if (document.hidden) hidden = setTimeout(end, HIDDEN_MS);
    };
    signal.addEventListener("abort", end);
    document.addEventListener("visibilitychange", looked);
    looked();
    try {
      // Without a secure context there are no locks, and each tab has a stream of its own.
      if ("locks" in navigator) await navigator.locks.request(NAME, { signal: ends.signal }, () => lead(ends.signal));
      else await lead(ends.signal);
    } catch (error) {
      if (!ends.signal.aborted) throw error;
    } finally {
      signal.removeEventListener("abort", end);
      document.removeEventListener("visibilitychange", looked);
      clearTimeout(hidden);
    }
  }

  async function always(): Promise<void> {
    while (!signal.aborted) {
      await turn();
      stateIs("off");
      if (signal.aborted) break;
      // Refused, or hidden: until somebody looks again.
      await new Promise((woken) => {
        document.addEventListener("visibilitychange", woken, { once: true });
        signal.addEventListener("abort", woken, { once: true });
      });
    }
    tabs.close();
  }
  void always();
}
