import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useParams } from "@tanstack/react-router";
import * as reads from "../api/reads.ts";
import { DraftOf } from "../draft/Draft.tsx";
import { Loaded, Status } from "../ui/parts.tsx";
import { SequenceCommands } from "./SequenceCommands.tsx";

export function Sequence() {
  const { key } = useParams({ from: "/sequences/$key" });
  const sequence = useQuery(reads.sequence(key));
  return (
    <Loaded of={sequence}>
      {(seen) => (
        <>
          <div className="head">
            <span className="crumb"><Link to="/sequences">Sequences</Link></span>
            <h1>{seen.name}</h1>
            <Status of={seen.status} />
            {seen.version !== null && <span className="tag">version {seen.version}</span>}
            {seen.unpublished_changes && <span className="tag">unpublished changes</span>}
            <SequenceCommands seen={seen} etag={seen.etag} />
            {seen.description && <p>{seen.description}</p>}
          </div>
          {seen.paused_reason && <p className="note warn">Paused: {seen.paused_reason}</p>}
          <nav className="tabs" aria-label="Of this sequence">
            <Link to="/sequences/$key/flow" params={{ key }}>Flow</Link>
            <Link to="/sequences/$key/settings" params={{ key }}>Settings</Link>
            <Link to="/sequences/$key/yaml" params={{ key }}>YAML</Link>
            <Link to="/sequences/$key/history" params={{ key }}>Enrollment history</Link>
            <Link to="/sequences/$key/logs" params={{ key }}>Execution logs</Link>
            <Link to="/sequences/$key/performance" params={{ key }}>Performance</Link>
          </nav>
          <DraftOf key={seen.id} sequence={seen}><Outlet /></DraftOf>
        </>
      )}
    </Loaded>
  );
}
