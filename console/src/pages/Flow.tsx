import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import {
  Background, BaseEdge, type Connection, Controls, type Edge, EdgeLabelRenderer, type EdgeProps, Handle, MarkerType, type Node, type NodeChange, type NodeProps, Position, ReactFlow,
  ReactFlowProvider, applyNodeChanges, getSmoothStepPath, useReactFlow,
} from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { type DragEvent, type KeyboardEvent, createContext, memo, use, useEffect, useMemo, useRef, useState } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { type Schemas, answered, api } from "../api/client.ts";
import * as reads from "../api/reads.ts";
import { DraftBar } from "../draft/Bar.tsx";
import { useDraft } from "../draft/Draft.tsx";
import { findingsAt } from "../draft/Field.tsx";
import { Inspector } from "../flow/Inspector.tsx";
import { BOX, placesOf, tidy, withPlaces } from "../flow/layout.ts";
import { type Box, END, type Line, type Outline, START, TYPES, WAYS, begun, connected, disconnected, inserted, moved, nameOf, outlineOf, placed, removed, typeName } from "../flow/outline.ts";
import { Command } from "../ui/Command.tsx";
import { tell } from "../ui/told.tsx";
import { count } from "../ui/parts.tsx";

type Stats = Schemas["StepStats"];
type Card = Node<{ box: Box; stats: Stats | undefined; errors: number; warnings: number; joins: boolean }, "step">;
type Wire = Edge<{ line: Line }, "line">;

const shownWay = (label: string): string => WAYS[label] ?? label;

/** What the lines of the canvas ask for: a step on this line. */
const Adding = createContext<((line: Line) => void) | undefined>(undefined);

const StepCard = memo(({ data: { box, stats, errors, warnings, joins }, selected }: NodeProps<Card>) => (
  <div className={`node ${box.type} ${selected ? "selected" : ""} ${errors > 0 ? "faulty" : ""}`}>
    {box.type !== "trigger" && <Handle type="target" position={Position.Top} isConnectable={joins} />}
    <div className="kind"><span>{typeName(box.type)}</span>{errors > 0 ? <span className="fault">{errors} {errors === 1 ? "error" : "errors"}</span> : warnings > 0 && <span>{warnings} to look at</span>}</div>
    <div className="what" title={box.title}>{box.title || box.id}</div>
    {box.detail && <div className="more" title={box.detail}>{box.detail}</div>}
    {stats && (
      <div className="stats">
        <span>{count(stats.sent)} sent</span>
        {stats.failed > 0 && <span>{count(stats.failed)} failed</span>}
        {stats.pending > 0 && <span>{count(stats.pending)} pending</span>}
        {stats.answered > 0 && <span>{count(stats.answered)} answered</span>}
      </div>
    )}
    {box.ways.length > 0
      ? box.ways.map((way, n) => <Handle key={way} id={way} type="source" position={Position.Bottom} isConnectable={joins} style={{ left: `${((n + 0.5) / box.ways.length) * 100}%` }} />)
      : box.type !== "exit" && <Handle type="source" position={Position.Bottom} isConnectable={joins} />}
  </div>
));
StepCard.displayName = "StepCard";

const Wired = memo(({ id, data, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, markerEnd }: EdgeProps<Wire>) => {
  const add = use(Adding);
  const [path, midX, midY] = getSmoothStepPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition });
  // Beside its own way out where there are several, so that none lies on another's.
  const [x, y] = data?.line.label ? [sourceX, sourceY + 26] : [midX, midY];
  const line = data?.line;
  return (
    <>
      <BaseEdge id={id} path={path} {...(markerEnd && { markerEnd })} />
      {line && (
        <EdgeLabelRenderer>
          <div className="edge-label nodrag nopan" style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}>
            {line.label && <span>{shownWay(line.label)}</span>}
            {add && (line.spot || line.edge !== undefined) && <button type="button" aria-label={`Add a step between ${nameOf(line.from)} and ${nameOf(line.to)}${line.label && `, by ${shownWay(line.label)}`}`} onClick={() => add(line)}>+</button>}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
});
Wired.displayName = "Wired";

const NODES = { step: StepCard };
const EDGES = { line: Wired };
const FIT = { maxZoom: 1, padding: 0.12 } as const;
const DRAGGED = "application/touchline-step";
/** What is dropped nearer to the middle of a line than this is put on it. */
const NEAR_PX = 110;

/** One box of the canvas, in a sentence. */
function spoken({ type, title, id, detail }: Box, stats: Stats | undefined, leads: readonly string[], errors: number): string {
  const figures = stats ? `, ${stats.sent} sent, ${stats.failed} failed, ${stats.pending} pending` : "";
  return `${typeName(type)} ${title || id}${detail && `: ${detail}`}${figures}${leads.length > 0 ? `, leads to ${leads.map(nameOf).join(" and ")}` : ""}${errors > 0 ? `, ${errors} errors` : ""}`;
}

export function Flow() {
  return <ReactFlowProvider><Builder /></ReactFlowProvider>;
}

function Builder() {
  const { key } = useParams({ from: "/sequences/$key/flow" });
  const draft = useDraft();
  const figures = useQuery({ ...reads.analytics(key), enabled: draft.sequence.version !== null });
  const { definition, mayWrite } = draft;
  const outline = useMemo(() => outlineOf(definition), [definition]);
  const [chosen, setChosen] = useState<string>();
  const [asking, setAsking] = useState<Line | "alone">();
  const [listed, setListed] = useState(() => matchMedia("(max-width: 820px)").matches);
  const box = outline.boxes.find((one) => one.id === chosen);

  function add(type: string, where: Line | undefined, at: { x: number; y: number }): void {
    const step = begun(type, outline);
    draft.change(where ? inserted(definition, where, step, at) : placed(definition, step, at));
    setChosen(String(step["id"]));
    setAsking(undefined);
    tell(`${typeName(type)} ${String(step["id"])} added`);
  }
  function remove(one: Box): void {
    if (one.id === START || one.id === END || one.type === "trigger") return;
    draft.change(removed(definition, one));
    setChosen(undefined);
    tell(`${one.id} taken away; undo brings it back`);
  }
  function pressed(event: KeyboardEvent): void {
    if (event.target instanceof HTMLElement && event.target.matches("input, textarea, select")) return;
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === "z") {
      event.preventDefault();
      if (event.shiftKey) draft.redo?.();
      else draft.undo?.();
    } else if (command || event.altKey || !mayWrite) {
      // The browser's own.
    } else if (event.key === "Delete" || event.key === "Backspace") {
      if (box) remove(box);
    } else if (event.key === "a" && box) {
      event.preventDefault();
      const line = outline.lines.find((one) => one.from === box.id);
      if (line) setAsking(line);
    } else if (event.key === "l") setListed(!listed);
  }
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- shortcuts; each has a button as well
    <div className="stack builder" onKeyDown={pressed}>
      <div className="filters draft-bar">
        <DraftBar />
        <span className="end filters">
          {mayWrite && outline.form === "steps" && (
            <Command
              label="Place freely" title="Write this sequence as a graph?" done="It is a graph now"
              run={() => answered(api.POST("/sequences/convert", { body: { definition: { ...definition }, form: "graph" } }))}
              then={async (made) => draft.change(made.definition)}
              ask={<p>Boxes can then be placed and connected freely. It means the same, and undo takes it back.</p>}
            />
          )}
          {mayWrite && outline.form === "graph" && <button type="button" className="button small" onClick={() => setAsking("alone")}>Add a step</button>}
          {mayWrite && outline.form === "graph" && <button type="button" className="button small" onClick={() => draft.change(withPlaces(definition, tidy(outline)))}>Tidy up</button>}
          <button type="button" className="button small" aria-keyshortcuts="l" onClick={() => setListed(!listed)}>{listed ? "Show the canvas" : "Show as a list"}</button>
        </span>
      </div>
      {mayWrite && !listed && (
        <fieldset className="palette"><legend className="hidden">Steps to drag onto the canvas</legend>
          {TYPES.map((type) => (
            <span key={type} className={`tag node-${type}`} draggable onDragStart={(event) => { event.dataTransfer.setData(DRAGGED, type); event.dataTransfer.effectAllowed = "move"; }}>{typeName(type)}</span>
          ))}
        </fieldset>
      )}
      <div className={`canvas-grid ${box ? "open" : ""}`}>
        <section className="card" aria-label="Flow">
          {listed
            ? <Listed outline={outline} chosen={chosen} choose={setChosen} ask={setAsking} remove={remove} />
            : <Canvas outline={outline} stats={figures.data?.steps} chosen={chosen} choose={setChosen} ask={setAsking} add={add} />}
        </section>
        {box && (
          <aside className="card side-card" aria-label="The chosen step">
            <header>
              <h2>{typeName(box.type)}</h2>
              <span className="right filters">
                {mayWrite && box.path.length > 0 && box.type !== "trigger" && <button type="button" className="button small" aria-keyshortcuts="Delete" onClick={() => remove(box)}>Delete</button>}
                <button type="button" className="button small" onClick={() => setChosen(undefined)}>Close</button>
              </span>
            </header>
            <Inspector key={box.path.join("/")} box={box} outline={outline} onRename={setChosen} />
          </aside>
        )}
      </div>
      <ModalOverlay className="veil" isOpen={asking !== undefined} onOpenChange={() => setAsking(undefined)} isDismissable>
        <Modal className="modal">
          <Dialog className="dialog">
            <div className="stack">
              <Heading slot="title">{asking === "alone" ? "Add a step" : `Add a step after ${nameOf(asking?.from ?? "")}`}</Heading>
              <div className="choices few-choices">
                {TYPES.map((type) => <button key={type} type="button" className="button" onClick={() => add(type, asking === "alone" ? undefined : asking, between(asking, definition, outline))}>{typeName(type)}</button>)}
              </div>
            </div>
          </Dialog>
        </Modal>
      </ModalOverlay>
    </div>
  );
}

/** Where a node lies that is put on a line: between both its ends. */
function between(line: Line | "alone" | undefined, definition: Parameters<typeof placesOf>[0], outline: Outline): { x: number; y: number } {
  const places = placesOf(definition, outline);
  if (line === undefined || line === "alone") return { x: 0, y: Math.max(0, ...[...places.values()].map((place) => place.y)) + 140 };
  const [from, to] = [places.get(line.from), places.get(line.to)];
  return { x: ((from?.x ?? 0) + (to?.x ?? 0)) / 2 + 24, y: ((from?.y ?? 0) + (to?.y ?? 0)) / 2 };
}

function Canvas({ outline, stats, chosen, choose, ask, add }: {
  outline: Outline; stats: readonly Stats[] | undefined; chosen: string | undefined;
  choose: (id: string | undefined) => void; ask: (line: Line) => void;
  add: (type: string, where: Line | undefined, at: { x: number; y: number }) => void;
}) {
  const draft = useDraft();
  const { definition, mayWrite } = draft;
  const flow = useReactFlow<Card, Wire>();
  const places = useMemo(() => placesOf(definition, outline), [definition, outline]);
  const joins = mayWrite && outline.form === "graph";
  const made = useMemo<Card[]>(
    () => outline.boxes.map((box) => {
      const known = stats?.find((one) => one.step === box.id);
      const found = box.path.length > 0 ? findingsAt(draft, box.path) : [];
      const errors = found.filter((one) => one.severity === "error").length;
      const leads = outline.lines.filter((line) => line.from === box.id).map((line) => line.to);
      return {
        id: box.id, type: "step", position: places.get(box.id) ?? { x: 0, y: 0 }, initialWidth: BOX.width, initialHeight: BOX.height, selected: box.id === chosen,
        data: { box, stats: known, errors, warnings: found.length - errors, joins }, ariaLabel: spoken(box, known, leads, errors), draggable: joins, connectable: joins,
      };
    }),
    [outline, stats, draft, places, joins, chosen],
  );
  // While one is dragged it lies where the pointer is; the draft hears of it when it is let go.
  const [nodes, setNodes] = useState(made);
  const [seen, setSeen] = useState(made);
  if (seen !== made) {
    setSeen(made);
    setNodes(made.map((one) => ({ ...nodes.find((old) => old.id === one.id), ...one })));
  }
  const edges = useMemo<Wire[]>(() => {
    const ways = new Map(outline.boxes.map((box) => [box.id, box.ways]));
    return outline.lines.map((line) => ({
      id: line.id, source: line.from, target: line.to, type: "line", data: { line }, ...(ways.get(line.from)?.includes(line.label) && { sourceHandle: line.label }),
      focusable: joins, deletable: joins, markerEnd: { type: MarkerType.ArrowClosed },
    }));
  }, [outline, joins]);
  const shape = outline.boxes.length;
  const beside = chosen !== undefined;
  const fitted = useRef({ shape, beside });
  useEffect(() => {
    // At first it fits by itself; later as often as a box comes or goes, or the form beside it.
    if (fitted.current.shape === shape && fitted.current.beside === beside) return;
    fitted.current = { shape, beside };
    const timer = setTimeout(() => void flow.fitView({ ...FIT, duration: 200 }), 60);
    return () => clearTimeout(timer);
  }, [flow, shape, beside]);

  function dropped(event: DragEvent): void {
    const type = event.dataTransfer.getData(DRAGGED);
    if (!type) return;
    event.preventDefault();
    const at = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
    const far = (line: Line) => {
      const [from, to] = [places.get(line.from), places.get(line.to)];
      return Math.hypot(((from?.x ?? 0) + (to?.x ?? 0) + BOX.width) / 2 - at.x, ((from?.y ?? 0) + (to?.y ?? 0) + BOX.height) / 2 - at.y);
    };
    const nearest = outline.lines.filter((line) => line.spot || line.edge !== undefined).toSorted((one, other) => far(one) - far(other))[0];
    const on = nearest && (outline.form === "steps" || far(nearest) < NEAR_PX) ? nearest : undefined;
    add(type, on, { x: at.x - BOX.width / 2, y: at.y - BOX.height / 2 });
  }
  function joined({ source, sourceHandle, target }: Connection): void {
    draft.change(connected(definition, source, sourceHandle, target));
  }
  return (
    <Adding value={mayWrite ? ask : undefined}>
      {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- dropping is one way of three */}
      <div className="canvas" onDragOver={(event) => { if (event.dataTransfer.types.includes(DRAGGED)) event.preventDefault(); }} onDrop={dropped}>
        <ReactFlow<Card, Wire>
          nodes={nodes} edges={edges} nodeTypes={NODES} edgeTypes={EDGES} nodesConnectable={joins} edgesReconnectable={false}
          onNodesChange={(changes: NodeChange<Card>[]) => setNodes((now) => applyNodeChanges(changes.filter((one) => one.type !== "remove" && one.type !== "select"), now))}
          onNodeClick={(_, node) => choose(node.id)} onPaneClick={() => choose(undefined)}
          onNodeDragStop={(_, node) => draft.change(withPlaces(definition, new Map([[node.id, { x: Math.round(node.position.x), y: Math.round(node.position.y) }]])))}
          onConnect={joined} onEdgesDelete={(gone) => { const edge = gone[0]?.data?.line.edge; if (edge !== undefined) draft.change(disconnected(definition, edge)); }}
          onKeyDown={(event) => { if (event.key === "Enter" && event.target instanceof HTMLElement) choose(event.target.dataset["id"]); }}
          fitView fitViewOptions={FIT} minZoom={0.1} onlyRenderVisibleElements={shape > 200}
        >
          <Background gap={16} />
          <Controls showInteractive={false} />
        </ReactFlow>
      </div>
    </Adding>
  );
}

/** The same flow as a list, with the same commands. */
function Listed({ outline, chosen, choose, ask, remove }: {
  outline: Outline; chosen: string | undefined; choose: (id: string) => void; ask: (line: Line) => void; remove: (box: Box) => void;
}) {
  const draft = useDraft();
  const { definition, mayWrite } = draft;
  return (
    <ol className="outline pad">
      {outline.boxes.map((box) => {
        const behind = outline.lines.filter((line) => line.from === box.id);
        const errors = box.path.length > 0 ? findingsAt(draft, box.path).filter((one) => one.severity === "error").length : 0;
        const depth = outline.form === "steps" ? Math.floor((box.path.length - 2) / 2) : 0;
        const up = box.path.length > 1 ? moved(definition, box, -1) : null;
        const down = box.path.length > 1 ? moved(definition, box, 1) : null;
        return (
          <li key={box.id} className={box.id === chosen ? "chosen" : ""} style={{ marginInlineStart: `${Math.max(0, depth) * 20}px` }}>
            <button type="button" className="name" aria-current={box.id === chosen} onClick={() => choose(box.id)}>
              <span className="tag">{typeName(box.type)}</span><strong>{box.title || box.id}</strong>{errors > 0 && <span className="badge bad">{errors}</span>}
              <span className="sub">{box.detail}</span>
            </button>
            <span className="sub leads">{behind.length > 0 ? behind.map((line) => `${line.label && `${shownWay(line.label)}: `}${nameOf(line.to)}`).join(", ") : ""}</span>
            {mayWrite && (
              <span className="filters">
                {behind.filter((line) => line.spot || line.edge !== undefined).map((line) => <button key={line.id} type="button" className="button small" onClick={() => ask(line)}>Add after{line.label && `: ${shownWay(line.label)}`}</button>)}
                {up && <button type="button" className="button small" aria-label={`Move ${box.id} up`} onClick={() => draft.change(up)}>Up</button>}
                {down && <button type="button" className="button small" aria-label={`Move ${box.id} down`} onClick={() => draft.change(down)}>Down</button>}
                {box.path.length > 0 && box.type !== "trigger" && <button type="button" className="button small" aria-label={`Delete ${box.id}`} onClick={() => remove(box)}>Delete</button>}
              </span>
            )}
          </li>
        );
      })}
    </ol>
  );
}
