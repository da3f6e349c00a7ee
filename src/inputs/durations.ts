/** Seconds per unit. Go's units (time.ParseDuration), and `d`, which Go does not know. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
};

const PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/gy;

/**
 * Seconds of a duration such as `60s`, `5m`, `1h30m` or `720h`; undefined when it is none.
 * `days` also takes `30d`: right for our own settings, wrong for what ESO parses with Go.
 */
export function parseDuration(text: string, options: { days?: boolean } = {}): number | undefined {
  if (text === "0") return 0;
  if (text.length === 0 || text.length > 40) return undefined;
  let seconds = 0;
  let end = 0;
  for (const [part, amount, unit] of text.matchAll(PART)) {
    if (unit === undefined || (unit === "d" && !options.days)) return undefined;
    seconds += Number(amount) * (UNITS[unit] ?? 0);
    end += part.length;
  }
  return end === text.length ? seconds : undefined;
}

/** The shortest text that `parseDuration` reads as these seconds: 7200 → `2h`, 90 → `1m30s`. */
export function formatDuration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds % 60;
  return (
    [hours && `${hours}h`, minutes && `${minutes}m`, rest && `${rest}s`].filter(Boolean).join("") || "0s"
  );
}

/**
 * The same duration as Go prints it (time.Duration.String): `60s` → `1m0s`. ESO writes its objects back so spelled; any other
 * spelling would look like a change by ESO and a conflict over the field. Parts of a second stay as they are.
 */
export function goDuration(text: string): string {
  const seconds = parseDuration(text);
  if (seconds === undefined || !Number.isInteger(seconds)) return text;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const parts = [hours > 0 && `${hours}h`, seconds >= 60 && `${minutes}m`, `${seconds % 60}s`];
  return parts.filter(Boolean).join("");
}

/** As a person says it, in one unit: `41d`, `5h`, `3m`, `12s`. */
export function roughDuration(seconds: number): string {
  const [unit = "s", length = 1] =
    Object.entries({ d: 86_400, h: 3600, m: 60 }).find(([, size]) => seconds >= size) ?? [];
  return `${Math.floor(seconds / length)}${unit}`;
}
