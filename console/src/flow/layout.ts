import { graphlib, layout } from "@dagrejs/dagre";
import { type Definition, at } from "../draft/definition.ts";
import type { Outline } from "./outline.ts";

export const BOX = { width: 224, height: 88 } as const;
export type Places = ReadonlyMap<string, { x: number; y: number }>;

/** The upper left corner of each box: from top to bottom, branches side by side. */
export function tidy(outline: Outline): Places {
  const drawing = new graphlib.Graph().setGraph({ rankdir: "TB", nodesep: 48, ranksep: 72 }).setDefaultEdgeLabel(() => ({}));
  for (const box of outline.boxes) drawing.setNode(box.id, { ...BOX });
  for (const line of outline.lines) drawing.setEdge(line.from, line.to);
  layout(drawing);
  return new Map(
    outline.boxes.map((box) => {
      const { x, y } = drawing.node(box.id) as { x: number; y: number };
      return [box.id, { x: Math.round(x - BOX.width / 2), y: Math.round(y - BOX.height / 2) }];
    }),
  );
}

/** Where each box lies: as its author placed it, or tidied where somebody placed none. */
export function placesOf(definition: Definition, outline: Outline): Places {
  const own = outline.boxes.map((box) => at(definition, [...box.path, "position"]) as { x?: unknown; y?: unknown } | undefined);
  if (outline.form === "steps" || own.some((place) => typeof place?.x !== "number" || typeof place.y !== "number")) return tidy(outline);
  return new Map(outline.boxes.map((box, n) => [box.id, own[n] as { x: number; y: number }]));
}

/** A graph with these positions in it. */
export function withPlaces(definition: Definition, places: Places): Definition {
  const nodes = (definition["nodes"] as Readonly<Record<string, unknown>>[]).map((node) => ({ ...node, position: places.get(String(node["id"])) ?? node["position"] }));
  return { ...definition, nodes };
}
