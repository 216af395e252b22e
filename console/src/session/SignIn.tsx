import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { ApiProblem, signInByKey } from "../api/client.ts";
import { Mark } from "../ui/Mark.tsx";

/** Takes a key once, and keeps it nowhere: from then on a cookie speaks that no script can read. */
function Form({ said, then, children }: { said: string | undefined; then: () => Promise<unknown>; children: ReactNode }) {
  const [fault, setFault] = useState(said);
  const [busy, setBusy] = useState(false);
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const key = new FormData(event.currentTarget).get("key");
    if (typeof key !== "string" || !key.trim()) {
      setFault("an API key is needed");
      return;
    }
    setBusy(true);
    try {
      await signInByKey(key.trim());
      await then();
    } catch (error) {
      setFault(error instanceof ApiProblem ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      {children}
      {fault && <p className="note bad" role="alert">{fault}</p>}
      <label className="field">
        <span>API key</span>
        <input name="key" type="password" autoComplete="current-password" placeholder="tl_…" spellCheck={false} />
      </label>
      <button type="submit" className="button first" disabled={busy}>Sign in</button>
    </form>
  );
}

export function SignIn({ said }: { said: string | undefined }) {
  const queries = useQueryClient();
  return (
    <main className="door">
      <div className="card">
        <Form said={said} then={() => queries.resetQueries()}>
          <div className="mark"><Mark /><h1>Sign in to Touchline</h1></div>
        </Form>
        <p className="sub">
          <code>./touchline up</code> prints a link that signs you in. Keys are made by{" "}
          <code>./touchline keys create NAME --scope read</code>.
        </p>
      </div>
    </main>
  );
}

/** The session ended while somebody works: the page stays as it is behind this, with all that was typed. */
export function SignInAgain() {
  const queries = useQueryClient();
  return (
    <ModalOverlay className="veil" isOpen>
      <Modal className="modal">
        <Dialog className="dialog door-again" role="alertdialog">
          <Form said={undefined} then={() => queries.invalidateQueries()}>
            <Heading slot="title">Your session has ended</Heading>
            <p>Sign in again; the page behind this stays as it is.</p>
          </Form>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
