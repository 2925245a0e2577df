// Numbers and names read as people write them.
import { expect, test } from "vitest";

import { counted, names, since } from "./formats";

test("one person, several people", () => {
  expect([counted(1, "person", "people"), counted(3, "person", "people")]).toEqual(["1 person", "3 people"]);
});

test("many names become a few and a number", () => {
  expect(names(["Ana"])).toBe("Ana");
  expect(names(["Ana", "Bo", "Cy"])).toBe("Ana, Bo, and Cy");
  expect(names(["Ana", "Bo", "Cy", "Di", "Ed"])).toBe("Ana, Bo, and 3 others");
});

test("a moment is told from now while it is fresh", () => {
  const now = new Date("2026-03-10T12:00:00Z");

  expect(since("2026-03-10T11:55:00Z", now)).toBe("5 minutes ago");
  expect(since("2026-03-09T11:00:00Z", now)).toBe("yesterday");
  expect(since("2026-03-13T12:00:00Z", now)).toBe("in 3 days");
});
