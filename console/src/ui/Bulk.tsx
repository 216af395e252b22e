import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useId, useRef, useState } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { count } from "./parts.tsx";

const AT_ONCE = 4;

type Run = { done: number; refused: ReadonlyMap<string, number>; state: "asking" | "working" | "over" };
const ASKING: Run = { done: 0, refused: new Map(), state: "asking" };

/** One command for many: each is done by itself, and whatever is refused is told with its reason. */
export function Bulk<T>({ label, title, ask, items, look = "", text, run, then }: {
  label: string;
  title: (n: number) => string;
  ask: ReactNode;
  items: readonly T[];
  look?: "bad" | "";
  text?: { label: string; initial: string };
  run: (item: T, text: string) => Promise<unknown>;
  then: () => void;
}) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState(text?.initial ?? "");
  const [seen, setSeen] = useState(ASKING);
  const [all, setAll] = useState(items);
  const ended = useRef(false);
  const queries = useQueryClient();
  const field = useId();
  const refused = [...seen.refused.values()].reduce((sum, n) => sum + n, 0);

  async function work() {
    ended.current = false;
    const rest = [...all];
    setSeen({ ...ASKING, state: "working" });
    async function one(): Promise<void> {
      for (let item = rest.shift(); item !== undefined && !ended.current; item = rest.shift()) {
        try {
          await run(item, typed.trim());
          setSeen((was) => ({ ...was, done: was.done + 1 }));
        } catch (error) {
          const why = error instanceof Error ? error.message.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "…") : String(error);
          setSeen((was) => ({ ...was, refused: new Map(was.refused).set(why, (was.refused.get(why) ?? 0) + 1) }));
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    setSeen((was) => ({ ...was, state: "over" }));
    await queries.invalidateQueries();
  }
  function begin() {
    setAll(items);
    setSeen(ASKING);
    setTyped(text?.initial ?? "");
    setOpen(true);
  }
  function close() {
    setOpen(false);
    if (seen.state === "over") then();
  }
  return (
    <>
      {items.length > 0 && <button type="button" className="button small" onClick={begin}>{label} {count(items.length)}</button>}
      <ModalOverlay className="veil" isOpen={open} onOpenChange={(is) => { if (!is) close(); }} isDismissable={seen.state !== "working"} isKeyboardDismissDisabled={seen.state === "working"}>
        <Modal className="modal">
          <Dialog className="dialog">
            <form className="stack" onSubmit={(event) => { event.preventDefault(); void work(); }}>
              <Heading slot="title">{title(all.length)}</Heading>
              {seen.state === "asking" && ask}
              {seen.state === "asking" && text && (
                <label className="field" htmlFor={field}>
                  <span>{text.label}</span>
                  <input id={field} value={typed} maxLength={200} required onChange={(event) => setTyped(event.target.value)} />
                </label>
              )}
              {seen.state !== "asking" && (
                <>
                  <progress max={all.length} value={seen.done + refused} aria-label="Progress" />
                  <output>
                    {count(seen.done)} of {count(all.length)} done{refused > 0 && `, ${count(refused)} refused`}
                    {seen.state === "over" && seen.done + refused < all.length && `, ${count(all.length - seen.done - refused)} left as they were`}.
                  </output>
                  {refused > 0 && (
                    <ul className="note warn plain">
                      {[...seen.refused].map(([why, n]) => <li key={why}>{count(n)}: {why}</li>)}
                    </ul>
                  )}
                </>
              )}
              <div className="filters actions">
                {seen.state === "asking" && <button type="button" className="button" onClick={close}>Leave it</button>}
                {seen.state === "asking" && <button type="submit" className={`button ${look || "first"}`}>{label} {count(all.length)}</button>}
                {seen.state === "working" && <button type="button" className="button" onClick={() => { ended.current = true; }}>Stop here</button>}
                {seen.state === "over" && <button type="button" className="button first" onClick={close}>Close</button>}
              </div>
            </form>
          </Dialog>
        </Modal>
      </ModalOverlay>
    </>
  );
}
