type Result = Readonly<Record<string, unknown>>;
type Logged = { status: string; result: Result };

/** What holds an enrollment back, by its gate, in as few words as a cell has room for. */
export const HELD: Readonly<Record<string, string>> = {
  window: "outside its allowed hours",
  law: "quiet hours of the law",
  enrollment_paused: "paused",
  sequence_paused: "the sequence is paused",
  provider_retry: "the provider is tried again",
  reconcile: "the provider is being asked",
  ambiguous: "in doubt: was it sent?",
  postponed: "the contact is away",
  review: "an answer waits for a person",
  inbox: "an answer is being read",
  date: "until a date of the contact",
  event: "until something happens",
  task: "until a task is done",
};

const OUTCOMES: Readonly<Record<string, string>> = { completed: "Done", skipped: "Skipped by a person", lapsed: "Not done in time" };
const DATES: Readonly<Record<string, string>> = { missing: "The contact carries no such date", past: "The date had passed" };
const text = (of: unknown): string | undefined => (typeof of === "string" && of ? of : typeof of === "number" ? String(of) : undefined);

/** What a step came to, in words of the record: `It held`, `Arm b`, `no address for sms`. */
export function outcome({ status, result }: Logged): string {
  const error = text(result["error"]);
  if (error) return text(result["code"]) ? `${error} (${text(result["code"])})` : error;
  const skipped = text(result["skipped"]);
  if (skipped) return `Skipped: ${skipped}`;
  if ("bypassed_at" in result) return "Passed by: the contact went on another way";
  if ("migrated" in result) return "Passed by: moved to another version";
  if (result["assumed"]) return "Counted as sent by assumption";
  if ("provider_message_id" in result) return "Accepted by the provider";
  const refused = text(result["refused"]);
  if (refused) return `Not enrolled in ${text(result["sequence"]) ?? "the sequence"}: ${refused}`;
  if ("enrollment" in result) return `Enrolled in ${text(result["sequence"]) ?? "another sequence"}`;
  const branch = text(result["branch"]);
  if (branch) return branch === "then" ? "It held" : "It did not hold";
  const arm = text(result["arm"]);
  if (arm) return `Arm ${arm}`;
  const came = text(result["outcome"]);
  if (came) return OUTCOMES[came] ?? came;
  if ("way" in result) return result["way"] === "back" ? `Back, for the ${ordinal(Number(result["time"] ?? 2))} time` : "On: it was often enough";
  const date = text(result["date"]);
  if (date) return DATES[date] ?? `Date: ${date}`;
  const told = Object.entries(result)
    .flatMap(([name, value]) => (text(value) === undefined ? [] : [`${name.replaceAll("_", " ")} ${text(value)}`]))
    .slice(0, 3)
    .join(", ");
  return told || (status === "running" ? "Under way" : "");
}

function ordinal(n: number): string {
  const suffix = n % 10 === 1 && n % 100 !== 11 ? "st" : n % 10 === 2 && n % 100 !== 12 ? "nd" : n % 10 === 3 && n % 100 !== 13 ? "rd" : "th";
  return `${n}${suffix}`;
}
