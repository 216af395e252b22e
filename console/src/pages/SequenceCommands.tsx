import { useNavigate } from "@tanstack/react-router";
import { type Schemas, answered, api } from "../api/client.ts";
import { Act, Command, useMayWrite } from "../ui/Command.tsx";

/** What can be done to a whole sequence as it stands; `etag` is that of what is seen. */
export function SequenceCommands({ seen, etag }: { seen: Schemas["Sequence"]; etag: string }) {
  const navigate = useNavigate();
  const mayWrite = useMayWrite();
  if (!mayWrite) return null;
  const path = { id: seen.key };
  const change = (body: Omit<Schemas["SequenceChange"], "stop"> & { stop?: boolean }) =>
    answered(api.PUT("/sequences/{id}", { params: { path, header: { "If-Match": etag } }, body: { stop: false, ...body } }));
  const next = (seen.version ?? 0) + 1;
  return (
    <div className="right filters commands">
      {(seen.version === null || seen.unpublished_changes) && (
        <Command
          label="Publish"
          title={`Publish ${seen.name} as version ${next}?`}
          done={`Version ${next} is published`}
          run={() => answered(api.POST("/sequences/{id}/publish", { params: { path, header: { "If-Match": etag } } }))}
          ask={<p>{seen.version === null ? "People can be enrolled from then on." : `Whoever is enrolled from then on gets version ${next}; those who are in it stay on theirs.`} A published version is kept for good.</p>}
        />
      )}
      {seen.status === "active" && (
        <Command
          label="Pause"
          title={`Pause ${seen.name}?`}
          done="Paused"
          text={{ label: "Reason", initial: "", hint: "Whoever finds it paused reads this." }}
          run={(reason) => change({ status: "paused", reason })}
          ask={<p>Everybody in it is held before their next message, and goes on where they stand when it is resumed.</p>}
        />
      )}
      {seen.status === "paused" && <Act label="Resume" done="Resumed" look="first" run={() => change({ status: "active" })} />}
      {seen.status === "archived" && <Act label="Make active again" done="Active again" run={() => change({ status: "active" })} />}
      <Command
        label="Duplicate"
        title={`Copy ${seen.name} into a new draft?`}
        done="Copied"
        text={{ label: "Name of the copy", initial: `${seen.name} (copy)` }}
        run={(name) => answered(api.POST("/sequences/{id}/duplicate", { params: { path }, body: { name } }))}
        then={(copy) => navigate({ to: "/sequences/$key/flow", params: { key: copy.key } })}
        ask={<p>The working copy is copied. Versions and people stay where they are.</p>}
      />
      {(seen.status === "active" || seen.status === "paused") && (
        <Command
          label="Archive"
          title={`Archive ${seen.name}?`}
          done="Archived"
          tick={{ label: "Stop everybody in it at once", hint: "Otherwise they go on to their end. Stopping cannot be undone." }}
          run={(_, stop) => change({ status: "archived", stop })}
          ask={<p>Nobody is enrolled any more, by triggers neither. It can be made active again.</p>}
        />
      )}
      {seen.version === null && (
        <Command
          label="Delete"
          look="bad"
          title={`Delete the draft ${seen.name}?`}
          done="Deleted"
          run={() => answered(api.DELETE("/sequences/{id}", { params: { path, header: { "If-Match": etag } } }))}
          then={() => navigate({ to: "/sequences" })}
          ask={<p>It was never published, so nobody is in it. It cannot be brought back.</p>}
        />
      )}
    </div>
  );
}
