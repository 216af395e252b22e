import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiProblem, signInByKey } from "../api/client.ts";
import { Mark } from "../ui/Mark.tsx";

/** Takes a key once, and keeps it nowhere: from then on a cookie speaks that no script can read. */
export function SignIn({ said }: { said: string | undefined }) {
  const [fault, setFault] = useState(said);
  const [busy, setBusy] = useState(false);
  const queries = useQueryClient();
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
      await queries.resetQueries();
    } catch (error) {
      setFault(error instanceof ApiProblem ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }
  return (
    <main className="door">
      <form className="card" onSubmit={(event) => void submit(event)}>
        <div className="mark"><Mark /><h1>Sign in to Touchline</h1></div>
        {fault && <p className="note bad" role="alert">{fault}</p>}
        <label className="field">
          <span>API key</span>
          <input name="key" type="password" autoComplete="current-password" placeholder="tl_…" spellCheck={false} />
        </label>
        <button type="submit" className="button first" disabled={busy}>Sign in</button>
        <p className="sub">
          <code>./touchline up</code> prints a link that signs you in. Keys are made by{" "}
          <code>./touchline keys create NAME --scope read</code>.
        </p>
      </form>
    </main>
  );
}
