import { useSyncExternalStore } from "react";

let said = "";
let forgotten: ReturnType<typeof setTimeout> | undefined;
const ears = new Set<() => void>();

function say(text: string): void {
  said = text;
  for (const ear of ears) ear();
}

/** Says in the live region of the page what was done, for a few seconds. */
export function tell(text: string): void {
  clearTimeout(forgotten);
  say(text);
  forgotten = setTimeout(() => say(""), 5_000);
}

function listen(ear: () => void): () => void {
  ears.add(ear);
  return () => ears.delete(ear);
}

/** What was done last; readers of screens hear it. */
export function Told() {
  const text = useSyncExternalStore(listen, () => said);
  return <output className={text ? "told" : "hidden"} aria-live="polite">{text}</output>;
}
