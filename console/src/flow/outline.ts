import { at, type Definition, type Path, put } from "../draft/definition.ts";

/** Where a step would be put: in a list of steps, before the one at `index`. */
export type Spot = { list: Path; index: number };
export type Box = {
  id: string;
  /** The type of the step, whichever form names it how. */
  type: string;
  title: string;
  detail: string;
  path: Path;
  /** The ways out of it by their names; empty: one that has none. */
  ways: readonly string[];
};
export type Line = {
  id: string; from: string; to: string; label: string;
  /** In a list of steps: where what is put on this line goes. */
  spot?: Spot;
  /** In a graph: which of its edges it is. */
  edge?: number;
};
export type Outline = { form: "steps" | "graph"; boxes: readonly Box[]; lines: readonly Line[] };

type Fields = Readonly<Record<string, unknown>>;
export const START = "(enrolled)";
export const END = "(end)";

const text = (of: unknown): string => (typeof of === "string" || typeof of === "number" ? String(of) : "");
const fields = (of: unknown): Fields => (typeof of === "object" && of !== null && !Array.isArray(of) ? (of as Fields) : {});
const list = (of: unknown): readonly Fields[] => (Array.isArray(of) ? of.map(fields) : []);
export const isGraph = (of: Definition): boolean => "nodes" in of || "edges" in of;

const STEP_TYPES: Readonly<Record<string, string>> = { "send-email": "email", "send-sms": "sms", wait: "wait_for" };
const NODE_TYPES: Readonly<Record<string, string>> = { email: "send-email", sms: "send-sms", whatsapp: "send-message", wait_for: "wait" };

/** What each type calls the ways out of it, as a graph's edges do and as a list of steps does. */
const HANDLES: Readonly<Record<string, readonly string[]>> = { condition: ["true", "false"], wait_for: ["event", "timeout"], task: ["completed", "skipped", "lapsed"], goto: ["again", "next"] };
const BRANCHES: Readonly<Record<string, readonly string[]>> = { condition: ["then", "else"], wait_for: ["then", "else"], task: ["completed", "skipped", "lapsed"] };
export const WAYS: Readonly<Record<string, string>> = { true: "yes", false: "no", then: "yes", else: "no", event: "it happened", timeout: "in time not" };

/** What a step does, in the words of its author: its subject, its text, how long it waits. */
export function detailOf(said: Fields): string {
  const waits = ["weeks", "days", "business_days", "hours", "minutes", "seconds"].filter((unit) => said[unit] !== undefined);
  const condition = typeof said["if"] === "object" && said["if"] !== null ? JSON.stringify(said["if"]).replaceAll(/[{}"]/g, "").replaceAll(":", " ").replaceAll(",", ", ") : text(said["if"]);
  return (
    text(said["label"]) || text(said["subject"]) || text(said["title"]) || text(said["body"]) || condition.replaceAll("_", " ") ||
    waits.map((unit) => `${text(said[unit])} ${(said[unit] === 1 ? unit.slice(0, -1) : unit).replace("_", " ")}`).join(" ") ||
    text(said["event"]) || text(said["url"]) || text(said["action"]).replaceAll("_", " ") || text(said["reason"]) ||
    (said["step"] ? `to ${text(said["step"])}` : "") || (list(said["variants"]).length > 0 ? `${list(said["variants"]).length} variants` : "")
  );
}

function drawn(definition: Definition): Outline {
  const boxes = list(definition["nodes"]).map((node, n): Box => {
    const [kind, data] = [text(node["type"]), fields(node["data"])];
    const type = kind === "send-message" ? text(data["channel"]) || "whatsapp" : (STEP_TYPES[kind] ?? kind);
    const ways = type === "split" ? list(data["variants"]).map((one) => text(one["id"])) : (HANDLES[type] ?? []);
    return { id: text(node["id"]) || `nodes[${n}]`, type, title: text(node["id"]), detail: detailOf(data), path: ["nodes", n], ways };
  });
  const known = new Set(boxes.map((box) => box.id));
  const lines = list(definition["edges"]).map((edge, n): Line => ({
    id: `${n}:${text(edge["source"])}>${text(edge["target"])}`, from: text(edge["source"]), to: text(edge["target"]), label: text(edge["sourceHandle"]), edge: n,
  }));
  return { form: "graph", boxes, lines: lines.filter((line) => known.has(line.from) && known.has(line.to)) };
}

type Tail = { from: string; label: string; spot: Spot };

/** Where the steps of each branch are kept. */
function branchesOf(step: Fields, path: Path): { way: string; path: Path }[] {
  const type = text(step["type"]);
  if (type === "split") return list(step["variants"]).map((one, n) => ({ way: text(one["id"]) || `${n}`, path: [...path, "variants", n, "steps"] }));
  return (BRANCHES[type] ?? []).map((way) => ({ way, path: [...path, way] }));
}

/** Steps in order, each branch rejoining behind the step that it belongs to; a goto leads where it says. */
function ordered(definition: Definition): Outline {
  const boxes: Box[] = [{ id: START, type: "trigger", title: "Enrolled", detail: text(definition["trigger"]) || (Array.isArray(definition["trigger"]) ? definition["trigger"].join(", ") : ""), path: ["trigger"], ways: [] }];
  const lines: Line[] = [];
  let named = "_";
  let unnamed = 0;
  function chain(where: Path, before: Tail[]): Tail[] {
    let open = before;
    list(at(definition, where)).forEach((step, n) => {
      const path = [...where, n];
      const written = text(step["id"]);
      if (written) [named, unnamed] = [written, 0];
      else unnamed += 1;
      const id = written || `${named}.${unnamed}`;
      const type = text(step["type"]) || "?";
      const branches = branchesOf(step, path);
      boxes.push({ id, type, title: written, detail: detailOf(step), path, ways: branches.map((one) => one.way) });
      for (const tail of open) lines.push({ id: `${tail.from}>${id}:${tail.label}`, to: id, ...tail });
      const behind = { list: where, index: n + 1 };
      if (type === "exit") open = [];
      else if (type === "goto") {
        if (text(step["step"])) lines.push({ id: `${id}>${text(step["step"])}`, from: id, to: text(step["step"]), label: "again" });
        open = step["times"] === undefined || step["times"] === null ? [] : [{ from: id, label: "on", spot: behind }];
      } else if (branches.length === 0) open = [{ from: id, label: "", spot: behind }];
      else open = branches.flatMap((branch) => chain(branch.path, [{ from: id, label: branch.way, spot: { list: branch.path, index: 0 } }]));
    });
    return open;
  }
  const ends = chain(["steps"], [{ from: START, label: "", spot: { list: ["steps"], index: 0 } }]);
  for (const tail of ends) lines.push({ id: `${tail.from}>${END}:${tail.label}`, to: END, ...tail });
  boxes.push({ id: END, type: "exit", title: "End of the sequence", detail: "", path: [], ways: [] });
  const known = new Set(boxes.map((box) => box.id));
  return { form: "steps", boxes, lines: lines.filter((line) => known.has(line.from) && known.has(line.to)) };
}

/** What a working copy looks like, whichever form its author wrote. */
export const outlineOf = (definition: Definition): Outline => (isGraph(definition) ? drawn(definition) : ordered(definition));

const BEGUN: Readonly<Record<string, Fields>> = {
  email: { subject: "Hello {{ name }}", body: "Write here what this is about." },
  sms: { body: "Hi {{ name }}, …" },
  whatsapp: { template: "template_name" },
  delay: { days: 1 },
  condition: { if: "replied" },
  wait_for: { event: "event.name", timeout: "3d" },
  split: { variants: [{ id: "a", weight: 50 }, { id: "b", weight: 50 }] },
  action: { action: "tag_lead", add: ["contacted"] },
  webhook: { url: "https://example.com/hook" },
  task: { title: "Call {{ name }}" },
  goto: { step: "", times: 2 },
  exit: {},
};
export const TYPES = Object.keys(BEGUN);
const TYPE_NAMES: Readonly<Record<string, string>> = { sms: "SMS", whatsapp: "WhatsApp", wait_for: "Wait for an event", goto: "Go back" };
export const typeName = (type: string): string => TYPE_NAMES[type] ?? type.charAt(0).toUpperCase() + type.slice(1).replaceAll("_", " ");
/** What people call a box. */
export const nameOf = (id: string): string => (id === START ? "the beginning" : id === END ? "the end" : id);

/** A new step of a type, under an id that nobody has. */
export function begun(type: string, outline: Outline): Fields {
  const taken = new Set(outline.boxes.map((box) => box.id));
  const base = type.replace("_", "-");
  let n = 1;
  while (taken.has(`${base}-${n}`)) n += 1;
  const first = outline.boxes.find((box) => box.type !== "trigger" && box.id !== END)?.id ?? "";
  return { id: `${base}-${n}`, type, ...BEGUN[type], ...(type === "goto" && { step: first }) };
}

/** The same as the node of a graph. */
export function nodeOf({ id, type, ...said }: Fields, position: { x: number; y: number }): Fields {
  const kind = text(type);
  const data = Object.fromEntries(Object.entries(said).filter(([name]) => kind !== "goto" || name !== "step"));
  return { id, type: NODE_TYPES[kind] ?? kind, position: { x: Math.round(position.x), y: Math.round(position.y) }, data: { ...(kind === "whatsapp" && { channel: "whatsapp" }), ...data } };
}

function edgeId(edges: readonly Fields[]): string {
  const taken = new Set(edges.map((edge) => edge["id"]));
  let n = edges.length;
  while (taken.has(`e${n}`)) n += 1;
  return `e${n}`;
}

/** The way out by which whatever comes behind a new node leaves it. */
function firstWay(type: string, data: Fields): string | undefined {
  if (type === "split") return text(list(data["variants"])[0]?.["id"]) || undefined;
  return type === "task" || type === "goto" ? undefined : HANDLES[type]?.[0];
}

/** The definition with a step put on a line. */
export function inserted(definition: Definition, line: Line, step: Fields, position: { x: number; y: number }): Definition {
  if (line.edge !== undefined) {
    const edges = list(definition["edges"]);
    const old = edges[line.edge];
    const way = firstWay(text(step["type"]), step);
    const on: Fields = { id: edgeId(edges), source: step["id"], ...(way && { sourceHandle: way }), target: old?.["target"] };
    const led = edges.map((edge, n) => (n === line.edge ? { ...edge, target: step["id"] } : edge));
    return { ...definition, nodes: [...list(definition["nodes"]), nodeOf(step, position)], edges: step["type"] === "exit" ? led : [...led, on] };
  }
  if (!line.spot) return definition;
  const steps = list(at(definition, line.spot.list));
  return put(definition, line.spot.list, steps.toSpliced(line.spot.index, 0, step)) as Definition;
}

/** A graph with a node that nothing leads to yet. */
export const placed = (definition: Definition, step: Fields, position: { x: number; y: number }): Definition => ({
  ...definition, nodes: [...list(definition["nodes"]), nodeOf(step, position)], edges: definition["edges"] ?? [],
});

/** A graph with an edge by a way out, in the place of the one that left by it. */
export function connected(definition: Definition, from: string, way: string | null, to: string): Definition {
  const edges = list(definition["edges"]);
  const same = (edge: Fields) => edge["source"] === from && text(edge["sourceHandle"]) === (way ?? "");
  const edge: Fields = { id: edgeId(edges), source: from, ...(way && { sourceHandle: way }), target: to };
  return { ...definition, edges: to ? [...edges.filter((one) => !same(one)), edge] : edges.filter((one) => !same(one)) };
}

export const disconnected = (definition: Definition, edge: number): Definition => ({ ...definition, edges: list(definition["edges"]).filter((_, n) => n !== edge) });

/** Without a step and all inside it; what led to it goes on where it led. */
export function removed(definition: Definition, box: Box): Definition {
  if (isGraph(definition)) {
    const edges = list(definition["edges"]);
    const onward = edges.filter((edge) => edge["source"] === box.id).map((edge) => edge["target"]);
    const to = new Set(onward).size === 1 ? onward[0] : undefined;
    return {
      ...definition,
      nodes: list(definition["nodes"]).filter((node) => node["id"] !== box.id),
      edges: edges
        .filter((edge) => edge["source"] !== box.id && (edge["target"] !== box.id || (to !== undefined && to !== box.id)))
        .map((edge) => (edge["target"] === box.id ? { ...edge, target: to } : edge)),
    };
  }
  const [where, n] = [box.path.slice(0, -1), Number(box.path.at(-1))];
  const rest = list(at(definition, where)).toSpliced(n, 1);
  return put(definition, where, rest.length === 0 && where.length > 1 ? undefined : rest) as Definition;
}

/** In a list of steps: the same one place up or down among its neighbours; null: it is the first, or the last. */
export function moved(definition: Definition, box: Box, by: -1 | 1): Definition | null {
  const [where, n] = [box.path.slice(0, -1), Number(box.path.at(-1))];
  const steps = [...list(at(definition, where))];
  const [step, other] = [steps[n], steps[n + by]];
  if (isGraph(definition) || !step || !other) return null;
  [steps[n], steps[n + by]] = [other, step];
  return put(definition, where, steps) as Definition;
}

/** A step under another id; edges, and ways back that name it, follow. */
export function renamed(definition: Definition, box: Box, id: string): Definition {
  const own = put(definition, [...box.path, "id"], id || undefined) as Definition;
  if (!isGraph(definition)) {
    const backs = outlineOf(own).boxes.filter((one) => one.type === "goto" && at(own, [...one.path, "step"]) === box.id);
    return backs.reduce<Definition>((whole, one) => put(whole, [...one.path, "step"], id) as Definition, own);
  }
  const edges = list(definition["edges"]).map((edge) => ({
    ...edge, ...(edge["source"] === box.id && { source: id }), ...(edge["target"] === box.id && { target: id }),
  }));
  return { ...own, edges };
}
