// Numbers and moments as people write them, in the reader's language and the organization's time zone.
const whole = new Intl.NumberFormat();
const share = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
const signed = new Intl.NumberFormat(undefined, { signDisplay: "exceptZero" });
const plural = new Intl.PluralRules("en");
const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export const number = (value: number): string => whole.format(value);
export const percent = (value: number): string => share.format(value);
export const change = (value: number): string => signed.format(value);

/** "1 person", "3 people". */
export function counted(value: number, one: string, other: string): string {
  return `${whole.format(value)} ${plural.select(value) === "one" ? one : other}`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "5 minutes ago" while it is fresh, a date after a week. */
export function since(at: string, now: Date = new Date()): string {
  const seconds = (Date.parse(at) - now.getTime()) / 1000;
  const past = Math.abs(seconds);
  if (past < HOUR) return ago.format(Math.round(seconds / MINUTE), "minute");
  if (past < DAY) return ago.format(Math.round(seconds / HOUR), "hour");
  if (past < 7 * DAY) return ago.format(Math.round(seconds / DAY), "day");
  return date(at, now);
}

/** "3 Mar", with the year where it is another one. */
export function date(at: string, now: Date = new Date()): string {
  const moment = new Date(at);
  const year = moment.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return moment.toLocaleDateString(undefined, { day: "numeric", month: "short", year });
}

/** A day such as 2026-03-10, which has no time zone. */
export function day(on: string): string {
  return new Date(`${on}T00:00:00Z`).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
}

export function moment(at: string): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** Names as a sentence holds them: "Ana, Bo and Cy", or "Ana, Bo and 4 others". */
export function names(all: readonly string[], shownMax = 3): string {
  const shown = all.length > shownMax ? [...all.slice(0, shownMax - 1), `${all.length - shownMax + 1} others`] : [...all];
  return new Intl.ListFormat("en", { type: "conjunction" }).format(shown);
}
