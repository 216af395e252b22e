/** A definition as its author wrote it, right or wrong. */
export type Definition = Readonly<Record<string, unknown>>;
export type Path = readonly (string | number)[];

export function equal(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length
    && names.every((name) => name in other && equal((one as Definition)[name], (other as Definition)[name]));
}

export function at(of: unknown, path: Path): unknown {
  return path.reduce<unknown>((inside, name) => (typeof inside === "object" && inside !== null ? (inside as Record<string | number, unknown>)[name] : undefined), of);
}

/** The same with another value there; undefined takes the key away, and what is left empty with it. */
export function put(of: unknown, path: Path, value: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (Array.isArray(of)) {
    const items: unknown[] = [...(of as unknown[])];
    items[Number(name)] = put(items[Number(name)], rest, value);
    return items;
  }
  const inside = typeof of === "object" && of !== null ? { ...(of as Record<string, unknown>) } : {};
  const next = put(inside[name], rest, value);
  const empty = typeof next === "object" && next !== null && !Array.isArray(next) && Object.keys(next).length === 0 && rest.length > 0;
  if (next === undefined || empty) delete inside[name];
  else inside[name] = next;
  return inside;
}

/** `steps[3].subject`, as `check` writes a place. */
export const placeOf = (path: Path): string =>
  path.reduce<string>((text, part) => (typeof part === "number" ? `${text}[${part}]` : text ? `${text}.${part}` : part), "");

export type Side = "base" | "theirs" | "mine";
export type Difference = {
  name: string; base: unknown; theirs: unknown; mine: unknown;
  /** Whether both changed it, each to something else. */
  both: boolean;
};

/** What two people made of one definition, key by key; what both left alone is no part of it. */
export function differences(base: Definition, theirs: Definition, mine: Definition): Difference[] {
  const names = [...new Set([...Object.keys(base), ...Object.keys(theirs), ...Object.keys(mine)])];
  return names.flatMap((name) => {
    const [was, their, my] = [base[name], theirs[name], mine[name]];
    if (equal(their, my)) return [];
    return [{ name, base: was, theirs: their, mine: my, both: !equal(was, their) && !equal(was, my) }];
  });
}

/** Whose value stands when nobody chooses: whoever changed it alone, and mine where both did. */
export const sideOf = ({ base, theirs, both }: Difference): "theirs" | "mine" => (!both && !equal(base, theirs) ? "theirs" : "mine");

export function merged(mine: Definition, of: readonly Difference[], chosen: Readonly<Record<string, "theirs" | "mine">>): Definition {
  return of.reduce<Definition>((whole, one) => ((chosen[one.name] ?? sideOf(one)) === "theirs" ? (put(whole, [one.name], one.theirs) as Definition) : whole), mine);
}

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Day = (typeof DAYS)[number];
export const WEEK: readonly Day[] = DAYS;

/** The days of a window as they are written (`mon-fri`, `mon,wed`, `all`, a list); null: they cannot be read. */
export function daysOf(written: unknown): readonly Day[] | null {
  if (written === undefined) return DAYS;
  const parts = (Array.isArray(written) ? written : [written]).flatMap((one) => (typeof one === "string" ? one.toLowerCase().split(",") : ["?"]));
  const found = new Set<Day>();
  for (const part of parts) {
    const [first = "", last = first] = part.trim().split("-");
    if (first === "all") for (const day of DAYS) found.add(day);
    else {
      const [from, to] = [DAYS.indexOf(first as Day), DAYS.indexOf(last as Day)];
      if (from < 0 || to < 0) return null;
      for (let n = from; ; n = (n + 1) % 7) {
        found.add(DAYS[n] as Day);
        if (n === to) break;
      }
    }
  }
  return DAYS.filter((day) => found.has(day));
}

/** The same days as an author would write them. */
export function daysWritten(days: readonly Day[]): string | string[] | undefined {
  if (days.length === 7) return undefined;
  const places = days.map((day) => DAYS.indexOf(day));
  const unbroken = places.length > 2 && places.every((place, n) => n === 0 || place === (places[n - 1] ?? 0) + 1);
  return unbroken ? `${days[0]}-${days.at(-1)}` : [...days];
}

/** `a, b` as a list of words. */
export const wordsIn = (text: string): string[] => text.split(",").map((one) => one.trim()).filter(Boolean);
export const textOf = (value: unknown): string => (Array.isArray(value) ? value.map(String).join(", ") : value === undefined || value === null ? "" : String(value as string));
