import { expect, test } from "vitest";
import { byClock, fromNow, span } from "./times.ts";

const now = new Date("2026-12-01T16:00:00Z");

test("how far a moment is, is told in its largest whole unit", () => {
  expect(fromNow(new Date("2026-12-01T19:59:00Z"), now)).toBe("in 3 hr.");
  expect(fromNow(new Date("2026-11-29T15:00:00Z"), now)).toBe("2 days ago");
  expect(fromNow(now, now)).toBe("now");
});

test("a moment is told by the zone's own clock, on both sides of a change of clocks", () => {
  expect(byClock(new Date("2026-11-01T07:30:00Z"), now, "America/Denver")).toMatch(/1 Nov, 01:30:00 (MDT|GMT-6)/);
  expect(byClock(new Date("2026-11-01T08:30:00Z"), now, "America/Denver")).toMatch(/1 Nov, 01:30:00 (MST|GMT-7)/);
});

test("another year is named", () => {
  expect(byClock(new Date("2025-12-01T16:00:00Z"), now, "UTC")).toContain("2025");
  expect(byClock(now, now, "UTC")).not.toContain("2026");
});

test("a span has at most two units and is never below nothing", () => {
  expect(span(now, new Date("2026-12-02T17:30:00Z"))).toBe("1 d 1 h");
  expect(span(now, new Date("2026-12-01T15:00:00Z"))).toBe("0 s");
});
