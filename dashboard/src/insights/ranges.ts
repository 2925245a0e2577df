// Ranges of days: as they stand in the address, and as people choose them.
import type { Bucket } from "../contract/graphql";

export type Range = { from: string; to: string };

const DAY = 86_400_000;
/** Up to so many days a trend shows each day, up to so many each week, and months beyond. */
const DAYS_MAX = 31;
const WEEKS_MAX = 190;

const asDay = (value: unknown) => (typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined);

/** What the address says, if it says a range. */
export function readRange(search: Record<string, unknown>): { from?: string | undefined; to?: string | undefined } {
  const from = asDay(search["from"]);
  const to = asDay(search["to"]);
  return from !== undefined && to !== undefined && from <= to ? { from, to } : {};
}

/** Today where the organization is: its days are not the reader's. */
export function today(timeZone: string, now: Date = new Date()): string {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  return parts.format(now);
}

export function lastDays(days: number, to: string): Range {
  return { from: new Date(Date.parse(to) - (days - 1) * DAY).toISOString().slice(0, 10), to };
}

export function daysIn({ from, to }: Range): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY) + 1;
}

export function bucketFor(range: Range): Bucket {
  const days = daysIn(range);
  if (days <= DAYS_MAX) return "DAY";
  return days <= WEEKS_MAX ? "WEEK" : "MONTH";
}
