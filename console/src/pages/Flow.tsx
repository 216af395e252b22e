import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Background, Controls, type Edge, Handle, MarkerType, type Node, type NodeProps, Position, ReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { memo, useMemo } from "react";
import { answered, api, type Schemas } from "../api/client.ts";
import * as reads from "../api/reads.ts";
import { type Box, graphOf, placesOf } from "../flow/model.ts";
import { Loaded, count } from "../ui/parts.tsx";

type Card = Node<Box & { stats: Schemas["StepStats"] | undefined }, "step">;

const StepCard = memo(({ data }: NodeProps<Card>) => (
  <div className={`node ${data.type}`}>
    <Handle type="target" position={Position.Top} />
    <div className="kind"><span>{data.type.replaceAll("_", " ")}</span></div>
    <div className="what" title={data.title}>{data.title}</div>
    {data.detail && <div className="more" title={data.detail}>{data.detail}</div>}
    {data.stats && (
      <div className="stats">
        <span>{count(data.stats.sent)} sent</span>
        {data.stats.failed > 0 && <span>{count(data.stats.failed)} failed</span>}
        {data.stats.pending > 0 && <span>{count(data.stats.pending)} pending</span>}
        {data.stats.answered > 0 && <span>{count(data.stats.answered)} answered</span>}
      </div>
    )}
    <Handle type="source" position={Position.Bottom} />
  </div>
));
StepCard.displayName = "StepCard";
const KINDS = { step: StepCard };

/** One box of the canvas, in a sentence. */
function spoken({ type, title, detail }: Box, stats: Schemas["StepStats"] | undefined): string {
  const figures = stats ? `, ${stats.sent} sent, ${stats.failed} failed, ${stats.pending} pending` : "";
  return `${type.replaceAll("_", " ")} ${title}${detail && `: ${detail}`}${figures}`;
}

export function Flow() {
  const { key } = useParams({ from: "/sequences/$key/flow" });
  const sequence = useQuery(reads.sequence(key));
  const steps = useQuery({
    queryKey: ["steps", key],
    queryFn: () => answered(api.GET("/sequences/{id}/steps", { params: { path: { id: key } } })),
  });
  const figures = useQuery(reads.analytics(key));
  return (
    <Loaded of={sequence}>
      {(seen) => <Loaded of={steps}>{(said) => <Canvas sequence={seen} steps={said.items} stats={figures.data?.steps} />}</Loaded>}
    </Loaded>
  );
}

function Canvas({ sequence, steps, stats }: {
  sequence: Schemas["Sequence"];
  steps: Schemas["Step"][];
  stats: Schemas["StepStats"][] | undefined;
}) {
  const graph = useMemo(() => graphOf(sequence.form, sequence.definition, steps), [sequence, steps]);
  const places = useMemo(() => placesOf(graph), [graph]);
  const nodes = useMemo<Card[]>(
    () =>
      graph.boxes.map((box) => {
        const known = stats?.find((one) => one.step === box.id);
        return {
          id: box.id, type: "step", position: places.get(box.id) ?? { x: 0, y: 0 },
          data: { ...box, stats: known }, ariaLabel: spoken(box, known), draggable: false, connectable: false,
        };
      }),
    [graph, places, stats],
  );
  const edges = useMemo<Edge[]>(
    () =>
      graph.lines.map((line) => ({
        id: line.id, source: line.from, target: line.to, label: line.label, type: "smoothstep",
        focusable: false, markerEnd: { type: MarkerType.ArrowClosed },
      })),
    [graph],
  );
  return (
    <section className="card" aria-label="Flow">
      {sequence.unpublished_changes && sequence.version !== null && (
        <p className="note warn">This is the working copy; it was changed since version {sequence.version} was published.</p>
      )}
      <div className="canvas">
        <ReactFlow<Card>
          nodes={nodes} edges={edges} nodeTypes={KINDS} nodesConnectable={false} edgesReconnectable={false}
          fitView fitViewOptions={{ maxZoom: 1, padding: 0.12 }} minZoom={0.1} deleteKeyCode={null}
          proOptions={{ hideAttribution: false }}
        >
          <Background gap={16} />
          <Controls showInteractive={false} />
        </ReactFlow>
      </div>
    </section>
  );
}
