import { expect, test } from "vitest";
import { concerns } from "./live.ts";
import { inParts, type Told } from "./stream.ts";

function cut(text: string, length: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  const bytes = new TextEncoder().encode(text);
  return new ReadableStream({
    start(controller) {
      for (let n = 0; n < bytes.length; n += length) controller.enqueue(bytes.slice(n, n + length));
      controller.close();
    },
  });
}

async function all(text: string, length: number): Promise<Told[]> {
  const found: Told[] = [];
  for await (const told of inParts(cut(text, length))) found.push(told);
  return found;
}

test.each([1, 2, 7, 1000])("events are read whole, whichever way their bytes are cut: by %i", async (length) => {
  const text = "retry: 2000\n\n: \nid: 5-1\n\nevent: step.done\ndata: {\"name\": \"Zoë\"}\nid: 5-2\n\nevent: half\n";
  expect(await all(text, length)).toEqual([
    { event: "message", id: "", data: "" },
    { event: "message", id: "5-1", data: "" },
    { event: "step.done", id: "5-2", data: '{"name": "Zoë"}' },
  ]);
});

test("a change makes old what shows its sequence, its enrollment or its contact, and nothing else", () => {
  const change = { type: "step.completed", sequence: "tour", enrollment_id: "e1", contact: "C1" } as const;
  const old = [["history", { sequence: "tour", status: "failed" }], ["history", {}], ["enrollment", "e1"], ["standing", "C1"], ["statistics", "today"]];
  const fresh = [["history", { sequence: "other" }], ["enrollment", "e2"], ["standing", "C2"], ["sequence", "tour"], ["me"]];
  expect(old.every((key) => concerns(key, change))).toBe(true);
  expect(fresh.some((key) => concerns(key, change))).toBe(false);
});
