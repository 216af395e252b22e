import { useState } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { type Definition, differences, merged, sideOf } from "./definition.ts";

const shown = (value: unknown): string => (value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value, null, 2));

/** Somebody else saved the same working copy: what it was, what they made of it, what you did; chosen key by key. */
export function Conflict({ base, theirs, mine, onResolve }: { base: Definition; theirs: Definition; mine: Definition; onResolve: (whole: Definition) => void }) {
  const found = differences(base, theirs, mine);
  const [chosen, setChosen] = useState<Record<string, "theirs" | "mine">>({});
  const side = (name: string) => chosen[name] ?? sideOf(found.find((one) => one.name === name) ?? { name, base: 0, theirs: 0, mine: 0, both: true });
  return (
    <ModalOverlay className="veil" isOpen>
      <Modal className="modal wide">
        <Dialog className="dialog" role="alertdialog">
          <div className="stack">
            <Heading slot="title">Somebody else changed this sequence meanwhile</Heading>
            <p>Nothing is lost: choose for each part whose it shall be. What one of you changed alone is chosen already.</p>
            {found.map((one) => (
              <fieldset key={one.name} className="versus">
                <legend><code>{one.name}</code>{one.both && <span className="badge warn">changed by both</span>}</legend>
                <div><h3>As it was</h3><pre>{shown(one.base)}</pre></div>
                {(["theirs", "mine"] as const).map((which) => (
                  <label key={which} className={side(one.name) === which ? "chosen" : ""}>
                    <h3><input type="radio" name={one.name} checked={side(one.name) === which} onChange={() => setChosen({ ...chosen, [one.name]: which })} /> {which === "theirs" ? "Theirs" : "Mine"}</h3>
                    <pre>{shown(one[which])}</pre>
                  </label>
                ))}
              </fieldset>
            ))}
            <div className="filters actions">
              <button type="button" className="button" onClick={() => onResolve(theirs)}>Take all of theirs</button>
              <button type="button" className="button first" onClick={() => onResolve(merged(mine, found, chosen))}>Save this</button>
            </div>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
