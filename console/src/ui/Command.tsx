import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useId, useState } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import * as reads from "../api/reads.ts";
import { Refused } from "./parts.tsx";
import { tell } from "./told.tsx";

type Props<T> = {
  /** On the button that begins it, and on the one that confirms. */
  label: string;
  /** What is asked before anything is done: what it does, and what cannot be undone. */
  ask: ReactNode;
  title: string;
  /** Said once it is done. */
  done: string;
  /** A text that belongs to it, such as a reason. */
  text?: { label: string; initial: string; hint?: string };
  /** A choice that belongs to it. */
  tick?: { label: string; hint: string };
  look?: "bad" | "first" | "";
  disabled?: boolean;
  run: (text: string, ticked: boolean) => Promise<T>;
  /** Where it leads; what was in sight is read again only when it is left. */
  then?: (result: T) => Promise<void>;
};

/** Whether whoever is signed in may change things. */
export function useMayWrite(): boolean {
  return useQuery(reads.me).data?.scopes.includes("write") ?? false;
}

/** A command: asked about in a dialog, done once, and whatever refuses it is told there with its fix. */
export function Command<T>({ label, ask, title, done, text, tick, look = "", disabled = false, run, then }: Props<T>) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState(text?.initial ?? "");
  const [ticked, setTicked] = useState(false);
  const queries = useQueryClient();
  const field = useId();
  const command = useMutation({
    mutationFn: () => run(typed.trim(), ticked),
    onSuccess: async (result) => {
      setOpen(false);
      tell(done);
      await then?.(result);
    },
    onSettled: () => queries.invalidateQueries(),
  });
  function begin() {
    command.reset();
    setTyped(text?.initial ?? "");
    setTicked(false);
    setOpen(true);
  }
  return (
    <>
      <button type="button" className="button" disabled={disabled} onClick={begin}>{label}</button>
      <ModalOverlay className="veil" isOpen={open} onOpenChange={setOpen} isDismissable={!command.isPending}>
        <Modal className="modal">
          <Dialog className="dialog">
            <form className="stack" onSubmit={(event) => { event.preventDefault(); command.mutate(); }}>
              <Heading slot="title">{title}</Heading>
              <div className="stack">{ask}</div>
              {tick && (
                <label className="tick">
                  <input type="checkbox" checked={ticked} onChange={(event) => setTicked(event.target.checked)} />
                  <span>{tick.label}<span className="sub">{tick.hint}</span></span>
                </label>
              )}
              {text && (
                <label className="field" htmlFor={field}>
                  <span>{text.label}</span>
                  <input id={field} value={typed} maxLength={200} required onChange={(event) => setTyped(event.target.value)} />
                  {text.hint && <span className="sub">{text.hint}</span>}
                </label>
              )}
              <Refused error={command.error} />
              <div className="filters actions">
                <button type="button" className="button" disabled={command.isPending} onClick={() => setOpen(false)}>Leave it</button>
                <button type="submit" className={`button ${look || "first"}`} disabled={command.isPending}>{command.isPending ? "Working …" : label}</button>
              </div>
            </form>
          </Dialog>
        </Modal>
      </ModalOverlay>
    </>
  );
}

/** A command that can be undone by another: done at once, without a question. */
export function Act({ label, done, disabled = false, run, look = "" }: {
  label: string; done: string; disabled?: boolean; run: () => Promise<unknown>; look?: "first" | "small" | "";
}) {
  const queries = useQueryClient();
  const command = useMutation({ mutationFn: run, onSuccess: () => tell(done), onSettled: () => queries.invalidateQueries() });
  return (
    <>
      <button type="button" className={`button ${look}`} disabled={disabled || command.isPending} onClick={() => command.mutate()}>{label}</button>
      {command.error && <Refused error={command.error} />}
    </>
  );
}
