import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import * as reads from "../api/reads.ts";
import { Empty, List, Search, When } from "../ui/parts.tsx";

export function Contacts() {
  const { search = "" } = useSearch({ from: "/contacts" });
  const navigate = useNavigate({ from: "/contacts" });
  const list = useInfiniteQuery(reads.contacts(search));
  return (
    <>
      <div className="head"><h1>Contacts</h1></div>
      <div className="filters">
        <Search label="Name, email, phone or id begins with" value={search} onChange={(text) => void navigate({ search: text ? { search: text } : {} })} />
        <a className="button end" href="/contacts/export" download>CSV</a>
      </div>
      <section className="card" aria-label="Contacts">
        <List of={list} empty={search
          ? <Empty title={`Nobody begins with “${search}”`}><Link to="/contacts" className="button">Show all</Link></Empty>
          : <Empty title="There are no contacts yet"><code>./touchline contacts import examples/contacts.csv</code></Empty>}>
          {(items) => (
            <table>
              <thead><tr><th>Name</th><th>Email</th><th>Phone</th><th>Company</th><th>Status</th><th>Tags</th><th>Changed</th></tr></thead>
              <tbody>
                {items.map((one) => (
                  <tr key={one.id}>
                    <td><Link className="main" to="/contacts/$id" params={{ id: one.external_id }}>{one.name ?? one.external_id}</Link><span className="sub">{one.external_id}</span></td>
                    <td>{one.email}</td>
                    <td className="nowrap">{one.phone}</td>
                    <td>{one.company}</td>
                    <td>{one.status}</td>
                    <td>{one.tags.map((tag) => <span key={tag} className="tag">{tag}</span>)}</td>
                    <td><When at={one.updated_at} /></td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </List>
      </section>
    </>
  );
}
