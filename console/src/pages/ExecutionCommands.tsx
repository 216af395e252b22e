import { type Schemas, answered, api } from "../api/client.ts";
import { Act, Command, useMayWrite } from "../ui/Command.tsx";
import { When } from "../ui/parts.tsx";

type Seen = Schemas["EnrollmentRecord"];
type Job = Schemas["JobRecord"];

const jobsOf = (seen: Seen, state: string): Job[] => seen.messages.filter((one) => one.state === state);

/** The step at which it failed; undefined: at none of its own, so that nothing can be retried. */
export function failedStep(seen: Seen): Schemas["StepRecord"] | undefined {
  return seen.status === "failed" ? seen.steps.findLast((one) => one.status === "failed") : undefined;
}

function Sent({ jobs, zone }: { jobs: Job[]; zone: string }) {
  return (
    <ul className="plain">
      {jobs.map((one) => (
        <li key={one.id}><strong>{one.step}</strong> by {one.channel} to {one.recipient ?? "nobody"}{one.sent_at && <>, <When at={one.sent_at} zone={zone} exact /></>}</li>
      ))}
    </ul>
  );
}

/** What an operator can do to this enrollment as it stands. */
export function Commands({ seen, zone }: { seen: Seen; zone: string }) {
  const mayWrite = useMayWrite();
  if (!mayWrite) return null;
  const path = { params: { path: { id: seen.id } } };
  const who = seen.contact.name ?? seen.contact.external_id;
  const step = seen.next?.step;
  const doubtful = jobsOf(seen, "ambiguous");
  const failed = failedStep(seen);
  const inDoubt = seen.next?.gate === "ambiguous";
  return (
    <div className="right filters commands">
      {!seen.ended_at && (seen.status === "paused"
        ? <Act label="Resume" done="Resumed" run={() => answered(api.POST("/enrollments/{id}/resume", path))} />
        : <Act label="Pause" done="Paused" run={() => answered(api.POST("/enrollments/{id}/pause", path))} />)}
      {!seen.ended_at && (
        <Command
          label={inDoubt ? "Send again" : "Send now"}
          title={inDoubt ? `Send ${step} to ${who} again?` : `Go on with ${step} now?`}
          done="Asked to go on now"
          disabled={seen.status === "paused"}
          run={() => answered(api.POST("/enrollments/{id}/send-now", path))}
          ask={inDoubt
            ? <p>Nobody knows whether it went already. If it did, {who} gets it twice.</p>
            : <p>Its wait is cut short. Every other rule still holds: allowed hours, a paused sequence, suppressed addresses. A message that goes cannot be taken back.</p>}
        />
      )}
      {doubtful.length > 0 && (
        <Command
          label="Assume sent"
          title={`Count ${doubtful.map((one) => one.step).join(", ")} as sent?`}
          done="Counted as sent"
          run={() => answered(api.POST("/enrollments/{id}/assume-sent", path))}
          ask={<><p>It is recorded as sent by assumption, is never sent again, and {seen.ended_at ? "the record is settled." : "the enrollment goes on."}</p><Sent jobs={doubtful} zone={zone} /></>}
        />
      )}
      {!seen.ended_at && (
        <Command
          label="Stop"
          look="bad"
          title={`Stop ${who} in ${seen.sequence.key} for good?`}
          done="Stopped"
          text={{ label: "Reason", initial: "manual", hint: "Shown wherever this enrollment is." }}
          run={(reason) => answered(api.POST("/enrollments/{id}/stop", { ...path, body: { reason } }))}
          ask={<p>Nothing more is sent from this moment on. It cannot be undone; {who} can be enrolled anew, from the first step.</p>}
        />
      )}
      {failed && (
        <Command
          label="Retry"
          title={`Retry ${failed.step} for ${who}?`}
          done={`${failed.step} is tried again`}
          run={() => answered(api.POST("/enrollments/{id}/steps/{step}/retry", { params: { path: { id: seen.id, step: failed.step } } }))}
          ask={<WhatRetryDoes seen={seen} failed={failed} zone={zone} />}
        />
      )}
    </div>
  );
}

/** What a retry will and will not send. */
function WhatRetryDoes({ seen, failed, zone }: { seen: Seen; failed: Schemas["StepRecord"]; zone: string }) {
  const sent = jobsOf(seen, "sent");
  const channel = seen.messages.findLast((one) => one.step === failed.step)?.channel;
  const address = channel === "email" ? seen.contact.email : seen.contact.phone;
  return (
    <>
      {seen.error && <p className="note bad">It failed: {seen.error}</p>}
      <h3>Will be done</h3>
      <p>
        {channel
          ? <><strong>{failed.step}</strong> is composed anew and sent by {channel} to {address ?? "the contact, who has no such address"}, </>
          : <><strong>{failed.step}</strong> runs again, </>}
        and the steps behind it follow. Fields and addresses count as they are now.
      </p>
      <h3>Will not be sent again</h3>
      {sent.length > 0 ? <Sent jobs={sent} zone={zone} /> : <p>Nothing was sent before.</p>}
    </>
  );
}
