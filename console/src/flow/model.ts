import { graphlib, layout } from "@dagrejs/dagre";
import type { Schemas } from "../api/client.ts";

export type Box = { id: string; type: string; title: string; detail: string };
export type Line = { id: string; from: string; to: string; label: string };
export type Graph = { boxes: Box[]; lines: Line[] };

type Fields = Readonly<Record<string, unknown>>;
const text = (of: unknown): string => (typeof of === "string" ? of : "");
const fields = (of: unknown): Fields => (typeof of === "object" && of !== null ? (of as Fields) : {});

/** What a step does, in the words of its author: its subject, its text, how long it waits. */
function detailOf(said: Fields): string {
  const waits = ["weeks", "days", "hours", "minutes", "seconds"].filter((unit) => said[unit] !== undefined);
  return (
    text(said["label"]) || text(said["subject"]) || text(said["title"]) || text(said["body"]) || text(said["if"]) ||
    text(said["event"]) || text(said["url"]) || text(said["action"]) || text(said["reason"]) || text(said["to"]) ||
    waits.map((unit) => `${String(said[unit])} ${unit}`).join(" ")
  );
}

const list = (of: unknown): Fields[] => (Array.isArray(of) ? of.map(fields) : []);

/** A graph as its author drew it. */
function drawn(definition: Fields): Graph {
  return {
    boxes: list(definition["nodes"]).map((node) => ({
      id: text(node["id"]),
      type: text(node["type"]).replace(/^send-/, ""),
      title: text(node["id"]),
      detail: detailOf(fields(node["data"])),
    })),
    lines: list(definition["edges"]).map((edge, n) => ({
      id: text(edge["id"]) || `edge-${n}`,
      from: text(edge["source"]),
      to: text(edge["target"]),
      label: text(edge["sourceHandle"]),
    })),
  };
}

type Tail = { from: string; label: string };

/** Steps in order, each branch rejoining behind the step that it belongs to; a goto leads where it says. */
function ordered(steps: readonly Schemas["Step"][]): Graph {
  const named = steps.map((step) => ({ ...step, id: step.step ?? step.path, kind: text(step.type) || "?" }));
  const lines: Line[] = [];
  function chain(inside: string | null, way: string | null, before: Tail[]): Tail[] {
    let open = before;
    for (const step of named.filter((one) => one.inside === inside && one.way === way)) {
      for (const tail of open) lines.push({ id: `${tail.from}>${step.id}:${tail.label}`, to: step.id, ...tail });
      if (step.kind === "exit") open = [];
      else if (step.kind === "goto") {
        const to = text(step.definition["to"]);
        if (to) lines.push({ id: `${step.id}>${to}`, from: step.id, to, label: "" });
        open = [];
      } else if (step.ways.length === 0) open = [{ from: step.id, label: "" }];
      else open = step.ways.flatMap((each) => chain(step.id, each, [{ from: step.id, label: each }]));
    }
    return open;
  }
  const start = "(enrolled)";
  const ends = chain(null, null, [{ from: start, label: "" }]);
  const last = "(end)";
  for (const tail of ends) lines.push({ id: `${tail.from}>${last}:${tail.label}`, to: last, ...tail });
  return {
    boxes: [
      { id: start, type: "trigger", title: "Enrolled", detail: "" },
      ...named.map((step) => ({ id: step.id, type: step.kind, title: step.id, detail: detailOf(step.definition) })),
      { id: last, type: "exit", title: "End of the sequence", detail: "" },
    ],
    lines,
  };
}

/** What a sequence's working copy looks like, whichever form its author wrote. */
export function graphOf(form: Schemas["Sequence"]["form"], definition: Fields, steps: readonly Schemas["Step"][]): Graph {
  const graph = form === "graph" ? drawn(definition) : ordered(steps);
  const known = new Set(graph.boxes.map((box) => box.id));
  return { ...graph, lines: graph.lines.filter((line) => known.has(line.from) && known.has(line.to)) };
}

export const BOX = { width: 224, height: 76 } as const;

/** The upper left corner of each box: from top to bottom, branches side by side. */
export function placesOf(graph: Graph): Map<string, { x: number; y: number }> {
  const drawing = new graphlib.Graph().setGraph({ rankdir: "TB", nodesep: 32, ranksep: 44 }).setDefaultEdgeLabel(() => ({}));
  for (const box of graph.boxes) drawing.setNode(box.id, { ...BOX });
  for (const line of graph.lines) drawing.setEdge(line.from, line.to);
  layout(drawing);
  return new Map(
    graph.boxes.map((box) => {
      const { x, y } = drawing.node(box.id) as { x: number; y: number };
      return [box.id, { x: x - BOX.width / 2, y: y - BOX.height / 2 }];
    }),
  );
}
