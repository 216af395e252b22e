import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Loaded, Scroll } from "./parts.tsx";

export type Column<T> = {
  head: string;
  /** Share of the table's width, in percent. */
  width: number;
  /** The head is for readers of screens alone. */
  unnamed?: boolean;
  cell: (item: T) => ReactNode;
};

type Picks = { picked: ReadonlySet<string>; onPick: (picked: ReadonlySet<string>) => void; nameOf: (id: string) => string };

const ROW_PX = 60;
const SKIPPED = 10;

type Props<T> = {
  of: UseInfiniteQueryResult<InfiniteData<{ items: T[] }>>;
  columns: readonly Column<T>[];
  empty: ReactNode;
  picks?: Picks;
};

/** A list of any length: the rows in sight alone are drawn, and the next part is read when its end comes near. */
export function Rows<T extends { id: string }>({ of, columns, empty, picks }: Props<T>) {
  return (
    <Loaded of={of}>
      {(data) => {
        const items = data.pages.flatMap((page) => page.items);
        return items.length === 0 ? empty : <Table of={of} items={items} columns={columns} {...(picks && { picks })} />;
      }}
    </Loaded>
  );
}

function Table<T extends { id: string }>({ of, items, columns, picks }: Omit<Props<T>, "empty"> & { items: T[] }) {
  const table = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop((table.current?.getBoundingClientRect().top ?? 0) + scrollY), []);
  // oxlint-disable-next-line react/incompatible-library -- nothing here is memoised by a compiler
  const rows = useWindowVirtualizer({
    count: items.length, estimateSize: () => ROW_PX, overscan: SKIPPED, scrollMargin: top,
    getItemKey: (n) => items[n]?.id ?? n,
  });
  const seen = rows.getVirtualItems();
  const last = seen.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = of;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last >= items.length - SKIPPED) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, last, items.length]);
  const above = (seen[0]?.start ?? top) - top;
  const below = rows.getTotalSize() - ((seen.at(-1)?.end ?? top) - top);
  const wide = columns.length + (picks ? 1 : 0);
  const all = items.map((item) => item.id);
  const whole = picks !== undefined && all.length > 0 && all.every((id) => picks.picked.has(id));
  return (
    <div ref={table}>
      <Scroll>
        <table className="rows" aria-rowcount={hasNextPage ? -1 : items.length + 1}>
          <colgroup>
            {picks && <col className="pick" />}
            {columns.map((column) => <col key={column.head} width={`${column.width}%`} />)}
          </colgroup>
          <thead>
            <tr aria-rowindex={1}>
              {picks && (
                <th className="pick">
                  <input type="checkbox" aria-label={`All ${all.length} that were read`} checked={whole} onChange={() => picks.onPick(new Set(whole ? [] : all))} />
                </th>
              )}
              {columns.map((column) => <th key={column.head}>{column.unnamed ? <span className="hidden">{column.head}</span> : column.head}</th>)}
            </tr>
          </thead>
          <tbody>
            {above > 0 && <Space columns={wide} height={above} />}
            {seen.map(({ index, key }) => {
              const item = items[index];
              if (!item) return null;
              return (
                <tr key={key} data-index={index} ref={rows.measureElement} aria-rowindex={index + 2} className={picks?.picked.has(item.id) ? "picked" : ""}>
                  {picks && (
                    <td className="pick">
                      <input type="checkbox" aria-label={`Select ${picks.nameOf(item.id)}`} checked={picks.picked.has(item.id)} onChange={() => picks.onPick(toggled(picks.picked, item.id))} />
                    </td>
                  )}
                  {columns.map((column) => <td key={column.head}>{column.cell(item)}</td>)}
                </tr>
              );
            })}
            {below > 0 && <Space columns={wide} height={below} />}
          </tbody>
        </table>
      </Scroll>
      {isFetchingNextPage && <output className="pad soft block">Reading more …</output>}
    </div>
  );
}

/** As high as the rows that are not drawn. */
function Space({ columns, height }: { columns: number; height: number }) {
  // oxlint-disable-next-line jsx-a11y/control-has-associated-label -- it says nothing
  return <tr className="space" aria-hidden="true"><td colSpan={columns} height={height} /></tr>;
}

function toggled(of: ReadonlySet<string>, id: string): Set<string> {
  const next = new Set(of);
  if (!next.delete(id)) next.add(id);
  return next;
}
