import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { type Schemas, signOut } from "../api/client.ts";
import { type LiveState, keepLive, useLive } from "../api/live.ts";
import * as reads from "../api/reads.ts";
import { Mark } from "../ui/Mark.tsx";
import { Told } from "../ui/told.tsx";
import { Problem, Skeleton } from "../ui/parts.tsx";
import { SignIn, SignInAgain } from "./SignIn.tsx";

const SCHEMES = ["auto", "light", "dark"] as const;
type Scheme = (typeof SCHEMES)[number];

function keptScheme(): Scheme {
  return SCHEMES.find((one) => one === localStorage.getItem("touchline.scheme")) ?? "auto";
}

/** Light, dark, or as the system has it; kept in this browser. */
function useScheme(): [Scheme, () => void] {
  const [scheme, setScheme] = useState(keptScheme);
  useEffect(() => {
    localStorage.setItem("touchline.scheme", scheme);
    if (scheme === "auto") delete document.documentElement.dataset["scheme"];
    else document.documentElement.dataset["scheme"] = scheme;
  }, [scheme]);
  return [scheme, () => setScheme(SCHEMES[(SCHEMES.indexOf(scheme) + 1) % SCHEMES.length] ?? "auto")];
}

const PLACES = { o: "/", s: "/sequences", c: "/contacts", i: "/inbox", t: "/tasks", r: "/reviews" } as const;

/** `/` goes to the search, `g` and a letter to a place; not while somebody types. */
function useShortcuts() {
  const navigate = useNavigate();
  useEffect(() => {
    let going = -Infinity;
    function pressed(event: KeyboardEvent) {
      const typing = event.target instanceof HTMLElement && event.target.matches("input, select, textarea");
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "/") {
        event.preventDefault();
        document.querySelector<HTMLInputElement>("[data-search]")?.focus();
      } else if (event.key === "g") {
        going = event.timeStamp;
      } else if (event.timeStamp - going < 1000) {
        going = -Infinity;
        const to = Object.entries(PLACES).find(([letter]) => letter === event.key)?.[1];
        if (to) void navigate({ to });
      }
    }
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [navigate]);
}

const LIVE: Readonly<Record<LiveState, string>> = { live: "Live", reconnecting: "Reconnecting", off: "Not live" };

/** Whether what is shown follows what happens. */
function Live() {
  const state = useLive();
  return <div className={`pulse ${state}`} title={state === "live" ? "What is shown follows what happens" : "What is shown is read again every few seconds"}>{LIVE[state]}</div>;
}

export function Shell({ said }: { said: string | undefined }) {
  const who = useQuery(reads.me);
  const [scheme, nextScheme] = useScheme();
  const queries = useQueryClient();
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  useShortcuts();
  // A reader of screens begins at the new page, not at the link that led to it.
  // oxlint-disable-next-line react/exhaustive-effect-dependencies -- the path is what it waits for
  useEffect(() => main.current?.focus({ preventScroll: true }), [path]);
  const [was, setWas] = useState<Schemas["Me"]>();
  if (who.data && who.data !== was) setWas(who.data);
  // Whoever was signed in sees on what they saw, until they sign out.
  const me = who.data ?? was;
  const reading = me?.scopes.includes("read") ?? false;
  const signedIn = Boolean(who.data);
  useEffect(() => {
    if (!reading || !signedIn) return;
    const ends = new AbortController();
    keepLive(queries, ends.signal);
    return () => ends.abort();
  }, [queries, reading, signedIn]);
  const open = useQuery({ ...reads.reviews, enabled: reading && signedIn });
  const tasks = useQuery({ ...reads.tasks, enabled: reading && signedIn });
  if (who.data === null && !was) return <SignIn said={said} />;
  if (who.error && !me) return <main className="door"><Problem error={who.error} again={() => void who.refetch()} /></main>;
  if (!me) return <Skeleton />;
  function leave() {
    queries.setQueryData(reads.me.queryKey, null);
    setWas(undefined);
    queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== "me" });
  }
  const toDo = tasks.data?.items.length ?? 0;
  const waiting = open.data?.items.length ?? 0;
  return (
    <div className="shell">
      <a className="skip" href="#main">Skip to the page</a>
      <div className="side">
        <div className="mark"><Mark />Touchline</div>
        <nav className="nav" aria-label="Main">
          <Link to="/" activeOptions={{ exact: true }}>Overview</Link>
          <Link to="/sequences">Sequences</Link>
          <Link to="/contacts">Contacts</Link>
          <Link to="/inbox">Inbox</Link>
          <Link to="/tasks">Tasks{toDo > 0 && <span className="badge info count">{toDo}</span>}</Link>
          <Link to="/reviews">Reviews{waiting > 0 && <span className="badge warn count">{waiting}</span>}</Link>
          <Link to="/suppressions">Suppressions</Link>
          <Link to="/settings">Settings</Link>
          <Link to="/system">System</Link>
        </nav>
        <div className="foot">
          <div><strong>{me.tenant.name}</strong>{me.tenant.timezone}</div>
          <Live />
          <div className="row">
            <button type="button" className="button small" onClick={nextScheme} aria-label={`Colours: ${scheme}`}>
              {scheme === "auto" ? "Auto" : scheme === "light" ? "Light" : "Dark"}
            </button>
            <button type="button" className="button small" onClick={() => void signOut().then(leave)}>
              Sign out
            </button>
          </div>
        </div>
      </div>
      <main id="main" ref={main} tabIndex={-1}>
        {reading ? <Outlet /> : <p className="note warn">This key lacks the scope read: the console has nothing to show for it.</p>}
      </main>
      <Told />
      {who.data === null && <SignInAgain />}
    </div>
  );
}
