import { expect, test } from "vitest";
import type { Schemas } from "../api/client.ts";
import { graphOf, placesOf } from "./model.ts";

function step(id: string, type: string, more: Partial<Schemas["Step"]> = {}): Schemas["Step"] {
  return { step: id, path: id, type, inside: null, way: null, ways: [], definition: {}, ...more };
}
const told = (graph: ReturnType<typeof graphOf>) => graph.lines.map((line) => `${line.from}>${line.to}${line.label && `:${line.label}`}`);

test("steps are one line from the enrolment to the end", () => {
  const graph = graphOf("steps", {}, [step("a", "email"), step("b", "delay", { definition: { days: 3 } })]);
  expect(told(graph)).toEqual(["(enrolled)>a", "a>b", "b>(end)"]);
  expect(graph.boxes[2]?.detail).toBe("3 days");
});

test("branches, empty ones too, join behind their step", () => {
  const graph = graphOf("steps", {}, [
    step("ask", "condition", { ways: ["then", "else"] }),
    step("yes", "email", { inside: "ask", way: "then" }),
    step("after", "sms"),
  ]);
  expect(told(graph)).toEqual(["(enrolled)>ask", "ask>yes:then", "yes>after", "ask>after:else", "after>(end)"]);
});

test("an exit ends its branch, and a goto leads where it says", () => {
  const graph = graphOf("steps", {}, [
    step("a", "email"),
    step("ask", "condition", { ways: ["then", "else"] }),
    step("out", "exit", { inside: "ask", way: "then" }),
    step("back", "goto", { inside: "ask", way: "else", definition: { to: "a" } }),
  ]);
  expect(told(graph)).toEqual(["(enrolled)>a", "a>ask", "ask>out:then", "ask>back:else", "back>a"]);
});

test("a graph is told as it was drawn, without edges that lead nowhere", () => {
  const definition = {
    nodes: [{ id: "n1", type: "send-email", data: { subject: "Hi" } }, { id: "n2", type: "exit", data: {} }],
    edges: [{ id: "e1", source: "n1", target: "n2", sourceHandle: "true" }, { id: "e2", source: "n1", target: "gone" }],
  };
  const graph = graphOf("graph", definition, []);
  expect(graph.boxes[0]).toEqual({ id: "n1", type: "email", title: "n1", detail: "Hi" });
  expect(told(graph)).toEqual(["n1>n2:true"]);
});

test("no two boxes lie on each other", () => {
  const places = [...placesOf(graphOf("steps", {}, [step("a", "email"), step("b", "sms")])).values()];
  expect(new Set(places.map(({ x, y }) => `${x},${y}`)).size).toBe(4);
});
