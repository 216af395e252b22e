import { expect, test } from "vitest";
import { BOX, placesOf, tidy, withPlaces } from "./layout.ts";
import { outlineOf } from "./outline.ts";

const STEPS = { steps: [{ id: "a", type: "email" }, { id: "ask", type: "condition", then: [{ id: "y", type: "sms" }], else: [{ id: "n", type: "sms" }] }] };

test("no two boxes lie on each other", () => {
  const places = [...tidy(outlineOf(STEPS)).values()];
  for (const [n, one] of places.entries()) {
    for (const other of places.slice(n + 1)) expect(Math.abs(one.x - other.x) >= BOX.width || Math.abs(one.y - other.y) >= BOX.height).toBe(true);
  }
});

test("a graph lies as its author placed it, and is tidied where a position is missing", () => {
  const graph = { nodes: [{ id: "t", type: "trigger", position: { x: 7, y: 9 } }, { id: "n", type: "exit", position: { x: 7, y: 90 } }], edges: [{ source: "t", target: "n" }] };
  expect(placesOf(graph, outlineOf(graph)).get("t")).toEqual({ x: 7, y: 9 });
  const moved = withPlaces(graph, tidy(outlineOf(graph)));
  expect(placesOf(moved, outlineOf(moved))).toEqual(tidy(outlineOf(graph)));
  const bare = { ...graph, nodes: [{ id: "t", type: "trigger" }, graph.nodes[1]] };
  expect(placesOf(bare, outlineOf(bare))).toEqual(tidy(outlineOf(bare)));
});
