import { expect, test } from "vitest";
import type { Definition } from "../draft/definition.ts";
import { begun, connected, inserted, moved, outlineOf, placed, removed, renamed } from "./outline.ts";

const told = (of: Definition) => outlineOf(of).lines.map((line) => `${line.from}>${line.to}${line.label && `:${line.label}`}`);
const lineOf = (of: Definition, from: string, to: string, label = "") => {
  const found = outlineOf(of).lines.find((line) => line.from === from && line.to === to && line.label === label);
  if (!found) throw new Error(`no line ${from}>${to}`);
  return found;
};
const boxOf = (of: Definition, id: string) => {
  const found = outlineOf(of).boxes.find((box) => box.id === id);
  if (!found) throw new Error(`no box ${id}`);
  return found;
};
const HERE = { x: 0.4, y: 100 };
const STEPS = {
  steps: [
    { id: "a", type: "email" }, { type: "delay", days: 3 },
    { id: "ask", type: "condition", if: "replied", then: [{ id: "yes", type: "email" }] },
    { id: "after", type: "sms" },
  ],
};
const GRAPH = {
  nodes: [{ id: "t", type: "trigger" }, { id: "n1", type: "send-email", data: { subject: "Hi" } }, { id: "n2", type: "exit", data: {} }],
  edges: [{ id: "e0", source: "t", target: "n1" }, { id: "e1", source: "n1", target: "n2" }, { id: "e2", source: "n2", target: "gone" }],
};

test("branches, empty ones too, join behind their step, and a step without a name has the one of the records", () => {
  expect(told(STEPS)).toEqual(["(enrolled)>a", "a>a.1", "a.1>ask", "ask>yes:then", "yes>after", "ask>after:else", "after>(end)"]);
  expect(boxOf(STEPS, "a.1").detail).toBe("3 days");
});

test("an exit ends its branch, and a goto leads where it says, and on when it was often enough", () => {
  expect(told({ steps: [{ id: "a", type: "email" }, { id: "back", type: "goto", step: "a", times: 2 }, { id: "out", type: "exit" }] })).toEqual(["(enrolled)>a", "a>back", "back>a:again", "back>out:on"]);
});

test("a graph is told as it was drawn, without edges that lead nowhere", () => {
  expect(told(GRAPH)).toEqual(["t>n1", "n1>n2"]);
  expect(boxOf(GRAPH, "n1")).toMatchObject({ type: "email", detail: "Hi", ways: [] });
});

test.each([
  ["a", "a.1", "", ["a", "email-1", undefined, "ask", "after"]],
  ["after", "(end)", "", ["a", undefined, "ask", "after", "email-1"]],
  ["(enrolled)", "a", "", ["email-1", "a", undefined, "ask", "after"]],
])("a step that is put between %s and %s stands there", (from, to, label, ids) => {
  const next = inserted(STEPS, lineOf(STEPS, from, to, label), begun("email", outlineOf(STEPS)), HERE);
  expect((next["steps"] as { id?: string }[]).map((step) => step.id)).toEqual(ids);
});

test("a step that is put on the way out of a branch is in the branch", () => {
  const behind = inserted(STEPS, lineOf(STEPS, "yes", "after"), begun("sms", outlineOf(STEPS)), HERE);
  expect(told(behind)).toContain("yes>sms-1");
  const empty = inserted(STEPS, lineOf(STEPS, "ask", "after", "else"), begun("sms", outlineOf(STEPS)), HERE);
  expect(told(empty)).toContain("ask>sms-1:else");
});

test("a node that is put on an edge leads on where that led, by its first way", () => {
  const next = inserted(GRAPH, lineOf(GRAPH, "n1", "n2"), begun("condition", outlineOf(GRAPH)), HERE);
  expect(told(next)).toEqual(["t>n1", "n1>condition-1", "condition-1>n2:true"]);
  expect((next["nodes"] as object[]).at(-1)).toEqual({ id: "condition-1", type: "condition", position: { x: 0, y: 100 }, data: { if: "replied" } });
});

test("what led to a removed node goes on where it led, and a list of steps closes up", () => {
  expect(told(removed(GRAPH, boxOf(GRAPH, "n1")))).toEqual(["t>n2"]);
  expect(told(removed(STEPS, boxOf(STEPS, "a.1")))).toContain("a>ask");
  expect(removed(STEPS, boxOf(STEPS, "yes"))["steps"]).toContainEqual({ id: "ask", type: "condition", if: "replied" });
});

test("a way out leads to one node, the one that was connected last", () => {
  const two = connected(placed(GRAPH, begun("task", outlineOf(GRAPH)), HERE), "n1", null, "task-1");
  expect(told(two)).toEqual(["t>n1", "n1>task-1"]);
  expect(told(connected(two, "n1", null, ""))).toEqual(["t>n1"]);
});

test("a step moves among its neighbours, and not out of their list", () => {
  expect(moved(STEPS, boxOf(STEPS, "after"), -1)).toMatchObject({ steps: [{ id: "a" }, { type: "delay" }, { id: "after" }, { id: "ask" }] });
  expect(moved(STEPS, boxOf(STEPS, "after"), 1)).toBe(null);
  expect(moved(STEPS, boxOf(STEPS, "yes"), -1)).toBe(null);
});

test("what leads to a renamed step leads to it still", () => {
  expect(told(renamed(GRAPH, boxOf(GRAPH, "n1"), "hello"))).toEqual(["t>hello", "hello>n2"]);
  const loop = { steps: [{ id: "a", type: "email" }, { id: "back", type: "goto", step: "a", times: 2 }] };
  expect(told(renamed(loop, boxOf(loop, "a"), "b"))).toContain("back>b:again");
});
