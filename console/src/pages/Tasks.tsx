import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Schemas, answered, api } from "../api/client.ts";
import * as reads from "../api/reads.ts";
import { Act, Command, useMayWrite } from "../ui/Command.tsx";
import { Empty, Loaded, When } from "../ui/parts.tsx";

export function Tasks() {
  const tasks = useQuery(reads.tasks);
  return (
    <>
      <div className="head"><h1>Tasks</h1><p>What sequences ask of people, the oldest first. Each enrollment goes on at once when its task is done.</p></div>
      <Loaded of={tasks}>
        {(open) => open.items.length === 0
          ? <section className="card"><Empty title="No task is open"><p>A step of the type task puts one here.</p></Empty></section>
          : <div className="stack">{open.items.map((one) => <Open key={one.id} task={one} />)}</div>}
      </Loaded>
    </>
  );
}

function Open({ task }: { task: Schemas["Task"] }) {
  const mayWrite = useMayWrite();
  const path = { params: { path: { id: task.id } } };
  return (
    <article className="card pad stack">
      <div className="step">
        <strong>{task.title}</strong>
        {task.assignee && <span className="tag">{task.assignee}</span>}
        <span className="end"><When at={task.created_at} /></span>
      </div>
      {task.instructions && <p className="body">{task.instructions}</p>}
      <p className="sub">
        For <Link to="/contacts/$id" params={{ id: task.contact }}>{task.contact_name ?? task.contact}</Link> in{" "}
        <Link to="/executions/$id" params={{ id: task.enrollment_id }}>{task.sequence}, {task.step}</Link>
        {task.lapses_at && <>; lapses <When at={task.lapses_at} /></>}
      </p>
      {mayWrite && (
        <div className="filters">
          <Act label="Done" look="first" done={`${task.title}: done`} run={() => answered(api.POST("/tasks/{id}/complete", path))} />
          <Command label="Skip" title={`Skip “${task.title}”?`} done="Skipped" run={() => answered(api.POST("/tasks/{id}/skip", path))} ask={<p>The enrollment goes on by the way for skipped tasks. It cannot be undone.</p>} />
        </div>
      )}
    </article>
  );
}
