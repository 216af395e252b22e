import { expect, test } from "vitest";
import { at, daysOf, daysWritten, differences, equal, merged, placeOf, put } from "./definition.ts";

test("a value is put where its path says, and an empty one takes its key with it", () => {
  const of = { window: { from: "09:00" }, steps: [{ id: "a" }, { id: "b" }] };
  expect(put(of, ["steps", 1, "subject"], "Hi")).toEqual({ window: { from: "09:00" }, steps: [{ id: "a" }, { id: "b", subject: "Hi" }] });
  expect(put(of, ["window", "from"], undefined)).toEqual({ steps: of.steps });
  expect(put({}, ["brake", "of"], 50)).toEqual({ brake: { of: 50 } });
  expect(of).toEqual({ window: { from: "09:00" }, steps: [{ id: "a" }, { id: "b" }] });
  expect(at(of, ["steps", 1, "id"])).toBe("b");
  expect(placeOf(["steps", 1, "then", 0, "body"])).toBe("steps[1].then[0].body");
});

test("what each changed alone stands, and what both changed is to be chosen", () => {
  const base = { name: "A", window: { from: "09:00" }, stop_on: "reply" };
  const theirs = { ...base, name: "B", stop_on: "bounce" };
  const mine = { ...base, window: { from: "08:00" }, stop_on: "unsubscribe" };
  const found = differences(base, theirs, mine);
  expect(found.map(({ name, both }) => [name, both])).toEqual([["name", false], ["window", false], ["stop_on", true]]);
  expect(merged(mine, found, {})).toEqual({ name: "B", window: { from: "08:00" }, stop_on: "unsubscribe" });
  expect(merged(mine, found, { stop_on: "theirs" })).toEqual({ name: "B", window: { from: "08:00" }, stop_on: "bounce" });
  expect(differences(base, theirs, theirs)).toEqual([]);
});

test("a key that they took away is gone where their side is chosen", () => {
  const found = differences({ goal: "replied" }, {}, { goal: "replied", name: "A" });
  expect(merged({ goal: "replied", name: "A" }, found, {})).toEqual({ name: "A" });
});

test.each([
  ["mon-fri", ["mon", "tue", "wed", "thu", "fri"], "mon-fri"],
  [["mon", "wed"], ["mon", "wed"], ["mon", "wed"]],
  ["sat-mon", ["mon", "sat", "sun"], ["mon", "sat", "sun"]],
  ["all", ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], undefined],
  [undefined, ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], undefined],
])("days that are written %j", (written, days, again) => {
  expect(daysOf(written)).toEqual(days);
  expect(daysWritten(days as never)).toEqual(again);
});

test("days that nobody can read are left to whoever wrote them", () => {
  expect(daysOf("someday")).toBe(null);
  expect(daysOf([1])).toBe(null);
});

test("equal is by content, in any order of keys", () => {
  expect(equal({ a: [1, { b: 2 }], c: null }, { c: null, a: [1, { b: 2 }] })).toBe(true);
  expect(equal({ a: [1] }, { a: { 0: 1 } })).toBe(false);
});
