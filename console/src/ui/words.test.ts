import { expect, test } from "vitest";
import { outcome } from "./words.ts";

test.each([
  ["failed", { error: "no such user", class: "address", code: "550" }, "no such user (550)"],
  ["failed", { error: "cannot be rendered", code: null }, "cannot be rendered"],
  ["skipped", { skipped: "no address for sms" }, "Skipped: no address for sms"],
  ["success", { provider_message_id: "m1" }, "Accepted by the provider"],
  ["success", { provider_message_id: "m1", assumed: true }, "Counted as sent by assumption"],
  ["success", { branch: "else", as_of: "2026" }, "It did not hold"],
  ["success", { arm: "b" }, "Arm b"],
  ["success", { way: "back", time: 2 }, "Back, for the 2nd time"],
  ["success", { sequence: "tour", refused: "it is paused" }, "Not enrolled in tour: it is paused"],
  ["success", { status: "won", was: "new" }, "status won, was new"],
  ["running", {}, "Under way"],
  ["success", {}, ""],
])("a %s step that came to %j", (status, result, words) => {
  expect(outcome({ status, result })).toBe(words);
});
