import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { answered, api } from "../api/client.ts";
import { TEMPLATES } from "../draft/templates.ts";
import { Refused } from "../ui/parts.tsx";

/** A new draft: from scratch, from a template, or of a text that somebody pastes. */
export function NewSequence() {
  const navigate = useNavigate();
  const [begin, setBegin] = useState("scratch");
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const [settled, setSettled] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 300);
    return () => clearTimeout(timer);
  }, [text]);
  const pasted = begin === "yaml";
  const checked = useQuery({
    queryKey: ["check", settled],
    queryFn: () => answered(api.POST("/sequences/check", { body: { definition: settled } })),
    enabled: pasted && settled.trim() !== "",
  });
  const create = useMutation({
    mutationFn: () => {
      const template = TEMPLATES.find((one) => one.key === begin)?.definition;
      return answered(api.POST("/sequences", { body: { ...(name.trim() && { name: name.trim() }), definition: pasted ? text : { ...template } } }));
    },
    onSuccess: (made) => navigate({ to: "/sequences/$key/flow", params: { key: made.key } }),
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    create.mutate();
  }
  return (
    <>
      <div className="head"><span className="crumb"><Link to="/sequences">Sequences</Link></span><h1>New sequence</h1><p>A draft: nobody enters before it is published.</p></div>
      <form className="stack form" onSubmit={submit}>
        <section className="card pad stack">
          <label className="field"><span>Name</span><input value={name} maxLength={200} required={!pasted} placeholder={pasted ? "as the text says" : "Cold outreach"} onChange={(event) => setName(event.target.value)} /></label>
          <fieldset className="field">
            <legend>Begin with</legend>
            <div className="choices">
              {[...TEMPLATES, { key: "yaml", name: "Paste YAML", says: "A definition that you have already." }].map((one) => (
                <label key={one.key} aria-label={one.name} className={`choice ${begin === one.key ? "chosen" : ""}`}>
                  <input type="radio" name="begin" checked={begin === one.key} onChange={() => setBegin(one.key)} />
                  <span><strong>{one.name}</strong><span className="sub">{one.says}</span></span>
                </label>
              ))}
            </div>
          </fieldset>
          {pasted && (
            <label className="field"><span>YAML or JSON</span>
              <textarea className="code" rows={14} required spellCheck={false} value={text} placeholder={"sequence: cold-outreach\nsteps:\n  - {id: hello, type: email, subject: Hi, body: A quick question.}"} onChange={(event) => setText(event.target.value)} />
            </label>
          )}
          {pasted && checked.data && checked.data.findings.length > 0 && (
            <ul className="findings">
              {checked.data.findings.map((one) => <li key={`${one.line} ${one.path} ${one.message}`} className={one.severity}>line {one.line}{one.path && <>, <code>{one.path}</code></>}: {one.message}{one.hint && <span className="sub">{one.hint}</span>}</li>)}
            </ul>
          )}
          {pasted && checked.data?.ok && <p className="soft">It can be published as it is: {checked.data.steps} steps.</p>}
          <Refused error={create.error} />
          <div className="filters actions">
            <Link className="button" to="/sequences">Leave it</Link>
            <button type="submit" className="button first" disabled={create.isPending}>Create the draft</button>
          </div>
        </section>
      </form>
    </>
  );
}
