const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

/** `in 3 hr.`, `2 days ago`: how far the moment is from `now`, in its largest whole unit. */
export function fromNow(at: Date, now: Date): string {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1000);
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return "now";
}

/** `Tue 1 Dec, 09:00:05 MST` by the clock of a zone; without one, the reader's. A year only where it is another one. */
export function byClock(at: Date, now: Date, zone?: string): string {
  const shown: Intl.DateTimeFormatOptions = {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  };
  if (at.getUTCFullYear() !== now.getUTCFullYear()) shown.year = "numeric";
  if (zone !== undefined) shown.timeZone = zone;
  return new Intl.DateTimeFormat("en-GB", shown).format(at);
}

/** `Tue 1 Dec, 09:00` by the clock of a zone; without one, the reader's. */
export function byMinute(at: Date, now: Date, zone?: string): string {
  const shown: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if (at.getUTCFullYear() !== now.getUTCFullYear()) shown.year = "numeric";
  if (zone !== undefined) shown.timeZone = zone;
  return new Intl.DateTimeFormat("en-GB", shown).format(at);
}

/** `1 min 5 s` between two moments, in at most two units. */
export function span(from: Date, to: Date): string {
  let seconds = Math.max(0, Math.round((to.getTime() - from.getTime()) / 1000));
  const parts: string[] = [];
  for (const [word, length] of [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]] as const) {
    const whole = Math.floor(seconds / length);
    if (whole > 0) parts.push(`${whole} ${word}`);
    seconds -= whole * length;
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}
