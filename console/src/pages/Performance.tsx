import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import * as reads from "../api/reads.ts";
import { Empty, Loaded, Scroll, count, percent } from "../ui/parts.tsx";

export function Performance() {
  const { key } = useParams({ from: "/sequences/$key/performance" });
  const figures = useQuery(reads.analytics(key));
  return (
    <Loaded of={figures}>
      {(seen) => (
        <>
          <dl className="card figures">
            {seen.funnel.map((stage) => (
              <div key={stage.stage}><dt>{stage.stage}</dt><dd>{count(stage.count)} <span className="sub">{percent(stage.share)}</span></dd></div>
            ))}
          </dl>
          <section className="card" aria-label="Steps">
            {seen.steps.length === 0 ? <Empty title="No message step was published yet" /> : (
              <Scroll>
                <table>
                  <thead>
                    <tr>
                      <th>Step</th><th>Type</th><th className="num">Sent</th><th className="num">Failed</th><th className="num">Pending</th>
                      <th className="num">Opened</th><th className="num">Clicked</th><th className="num">Bounced</th><th className="num">Unsubscribed</th>
                      <th className="num">Responses</th><th className="num">Answered</th>
                    </tr>
                  </thead>
                  <tbody>
                    {seen.steps.map((one) => (
                      <tr key={one.step}>
                        <td>{one.number}. {one.step}</td>
                        <td><span className="tag">{one.type}</span></td>
                        <td className="num">{count(one.sent)}</td>
                        <td className="num">{one.failed > 0 ? <span className="badge bad">{count(one.failed)}</span> : 0}</td>
                        <td className="num">{count(one.pending)}</td>
                        <td className="num" title={`${one.machine_opened} by machines`}>{count(one.opened)}</td>
                        <td className="num" title={`${one.machine_clicked} by machines`}>{count(one.clicked)}</td>
                        <td className="num">{count(one.bounced)}</td>
                        <td className="num">{count(one.unsubscribed)}</td>
                        <td className="num">{count(one.responses)}</td>
                        <td className="num">{percent(one.response_rate)}{one.sent < 50 && <span className="sub">too few to say</span>}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </Scroll>
            )}
          </section>
        </>
      )}
    </Loaded>
  );
}
