// A range is what people mean by it: both ends belong to it, and today is where the organization is.
import { expect, test } from "vitest";

import { bucketFor, daysIn, lastDays, readRange, today } from "./ranges";

test("the last 30 days end with today, which belongs to them", () => {
  const range = lastDays(30, "2026-03-30");

  expect(range).toEqual({ from: "2026-03-01", to: "2026-03-30" });
  expect(daysIn(range)).toBe(30);
});

test("today is the organization's: it is tomorrow in Tokyo already", () => {
  const late = new Date("2026-03-10T22:00:00Z");

  expect([today("Europe/Lisbon", late), today("Asia/Tokyo", late)]).toEqual(["2026-03-10", "2026-03-11"]);
});

test.each([
  [{ from: "2026-03-10", to: "2026-03-01" }],
  [{ from: "yesterday", to: "2026-03-01" }],
  [{ from: "2026-13-40", to: "2026-13-41" }],
  [{ to: "2026-03-01" }],
])("an address that says no range is read as none: %o", (search) => {
  expect(readRange(search)).toEqual({});
});

test("a longer range is shown in larger steps", () => {
  expect([31, 32, 190, 191].map((days) => bucketFor(lastDays(days, "2026-06-30")))).toEqual(["DAY", "WEEK", "WEEK", "MONTH"]);
});
