import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, createContext, use, useCallback, useEffect, useEffectEvent, useMemo, useReducer, useRef, useState } from "react";
import { ApiProblem, type Schemas, answered, api, tagged } from "../api/client.ts";
import * as reads from "../api/reads.ts";
import { Conflict } from "./Conflict.tsx";
import { type Definition, equal } from "./definition.ts";

type Server = { definition: Definition; etag: string };
type State = {
  definition: Definition;
  past: readonly Definition[];
  future: readonly Definition[];
  /** What was changed last, so that one field's typing is one step back. */
  last: string;
  /** What the server had when this was begun, and by which ETag. */
  base: Definition;
  etag: string;
  theirs: Server | undefined;
};
type Event =
  | { kind: "changed"; definition: Definition; what: string }
  | { kind: "undone" } | { kind: "redone" }
  | { kind: "saved"; definition: Definition; etag: string }
  | { kind: "seen"; server: Server }
  | { kind: "resolved"; definition: Definition };

const KEPT = 200;

function begun({ definition, etag }: Server, kept: { base: Definition; mine: Definition } | undefined): State {
  const none = { past: [], future: [], last: "", etag, theirs: undefined };
  if (!kept || equal(kept.mine, definition)) return { ...none, definition, base: definition };
  const agreed = equal(kept.base, definition);
  return { ...none, definition: kept.mine, base: kept.base, theirs: agreed ? undefined : { definition, etag } };
}

function next(state: State, event: Event): State {
  switch (event.kind) {
    case "changed": {
      if (equal(event.definition, state.definition)) return state;
      const same = event.what !== "" && event.what === state.last;
      return { ...state, definition: event.definition, past: same ? state.past : [...state.past.slice(-KEPT), state.definition], future: [], last: event.what };
    }
    case "undone": {
      const before = state.past.at(-1);
      return before ? { ...state, definition: before, past: state.past.slice(0, -1), future: [state.definition, ...state.future], last: "" } : state;
    }
    case "redone": {
      const [after, ...rest] = state.future;
      return after ? { ...state, definition: after, past: [...state.past, state.definition], future: rest, last: "" } : state;
    }
    case "saved":
      return { ...state, base: event.definition, etag: event.etag };
    case "seen": {
      const { definition, etag } = event.server;
      if (etag === state.etag) return state;
      // Its status changed, or its version: the working copy is what it was.
      if (equal(definition, state.base)) return { ...state, etag };
      // Nothing of ours would be lost.
      if (equal(state.definition, state.base) || equal(definition, state.definition)) return { ...state, definition, base: definition, etag, past: [], future: [], last: "" };
      return { ...state, theirs: event.server };
    }
    case "resolved": {
      const { theirs } = state;
      return theirs ? { ...state, definition: event.definition, past: [...state.past, state.definition], future: [], last: "", base: theirs.definition, etag: theirs.etag, theirs: undefined } : state;
    }
  }
}

export type Draft = {
  sequence: Schemas["Sequence"];
  definition: Definition;
  /** `what` names the field, so that its typing is undone together. */
  change: (definition: Definition, what?: string) => void;
  undo: (() => void) | undefined;
  redo: (() => void) | undefined;
  findings: readonly Schemas["Diagnostic"][];
  saving: "saved" | "saving" | "failed";
  fault: Error | undefined;
  again: () => void;
  mayWrite: boolean;
};

const Here = createContext<Draft | undefined>(undefined);

/** The working copy of the sequence whose page this is. */
export function useDraft(): Draft {
  const draft = use(Here);
  if (!draft) throw new Error("no draft here");
  return draft;
}

const SAVED_AFTER_MS = 800;
const AGAIN_AFTER_MS = 5_000;

function keptOf(name: string): { base: Definition; mine: Definition } | undefined {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps the working copy while its pages are left and entered, saves it as it is changed, and loses nothing. */
export function DraftOf({ sequence, children }: { sequence: Schemas["Sequence"] & { etag: string }; children: ReactNode }) {
  const name = `touchline.draft.${sequence.id}`;
  const queries = useQueryClient();
  const mayWrite = useQuery(reads.me).data?.scopes.includes("write") ?? false;
  const [state, tell] = useReducer(next, sequence, (server) => begun(server, keptOf(name)));
  const [fault, setFault] = useState<Error>();
  const [tries, setTries] = useState(0);
  const { definition, base, etag, theirs } = state;
  const dirty = !equal(definition, base);

  useEffect(() => tell({ kind: "seen", server: { definition: sequence.definition, etag: sequence.etag } }), [sequence.definition, sequence.etag]);

  const busy = useRef(false);
  const save = useEffectEvent(async () => {
    // One after the other: the next one names the ETag that this one is answered.
    if (busy.current) return;
    busy.current = true;
    const path = { id: sequence.id };
    try {
      const saved = await tagged(api.PUT("/sequences/{id}", { params: { path, header: { "If-Match": etag } }, body: { definition: { ...definition }, stop: false } }));
      tell({ kind: "saved", definition, etag: saved.etag });
      setFault(undefined);
      setTries((n) => n + 1);
      queries.setQueryData(reads.sequence(sequence.key).queryKey, saved);
      void queries.invalidateQueries({ queryKey: ["steps", sequence.key] });
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 412) {
        try {
          const now = await tagged(api.GET("/sequences/{id}", { params: { path } }));
          tell({ kind: "seen", server: now });
          setTries((n) => n + 1);
          return;
        } catch (other) {
          setFault(other as Error);
        }
      } else setFault(error as Error);
      // What was refused is refused again; what could not be reached is tried again.
      if (!(error instanceof ApiProblem) || error.status === 0 || error.status >= 500) setTimeout(() => setTries((n) => n + 1), AGAIN_AFTER_MS);
    } finally {
      busy.current = false;
    }
  });
  useEffect(() => {
    if (!dirty) {
      localStorage.removeItem(name);
      return;
    }
    localStorage.setItem(name, JSON.stringify({ base, mine: definition }));
    if (theirs || !mayWrite) return;
    const timer = setTimeout(() => void save(), SAVED_AFTER_MS);
    return () => clearTimeout(timer);
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- a new ETag, and each try, is a reason to save
  }, [name, dirty, definition, base, etag, theirs, tries, mayWrite]);

  const [settled, setSettled] = useState(definition);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(definition), 300);
    return () => clearTimeout(timer);
  }, [definition]);
  const checked = useQuery({
    queryKey: ["check", settled],
    queryFn: () => answered(api.POST("/sequences/check", { body: { definition: { ...settled } } })),
    staleTime: Infinity, gcTime: 60_000, placeholderData: (before) => before,
  });

  const change = useCallback((changed: Definition, what = "") => tell({ kind: "changed", definition: changed, what }), []);
  const findings = checked.data?.findings;
  const draft = useMemo<Draft>(() => ({
    sequence, definition, change, mayWrite, fault,
    findings: findings ?? [],
    undo: state.past.length > 0 ? () => tell({ kind: "undone" }) : undefined,
    redo: state.future.length > 0 ? () => tell({ kind: "redone" }) : undefined,
    saving: !dirty ? "saved" : fault ? "failed" : "saving",
    again: () => { setFault(undefined); setTries((n) => n + 1); },
  }), [sequence, definition, change, mayWrite, fault, findings, state.past.length, state.future.length, dirty]);
  return (
    <Here value={draft}>
      {children}
      {theirs && <Conflict base={base} theirs={theirs.definition} mine={definition} onResolve={(whole) => tell({ kind: "resolved", definition: whole })} />}
    </Here>
  );
}
