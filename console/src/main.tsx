import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiProblem, signInByLink } from "./api/client.ts";
import { routerOf } from "./routes.tsx";
import "./styles/base.css";

/** Uses the sign-in link up that led here; what went wrong with it, for people. */
async function arrive(): Promise<string | undefined> {
  const once = new URLSearchParams(location.hash.slice(1)).get("once");
  if (!once) return undefined;
  // Neither the history nor a bookmark keeps it.
  history.replaceState(null, "", location.pathname + location.search);
  try {
    await signInByLink(once);
    return undefined;
  } catch (error) {
    return error instanceof ApiProblem ? `${error.message}: ${error.hint ?? "sign in with an API key"}` : String(error);
  }
}

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What was refused once is refused again; only what could not be answered is asked once more.
      retry: (n, error) => n < 2 && !(error instanceof ApiProblem && error.status >= 400 && error.status < 500),
    },
  },
});
// A session that ended while somebody works: the page asks for a new one.
function asksAgain(error: unknown): void {
  if (error instanceof ApiProblem && error.status === 401) void queries.invalidateQueries({ queryKey: ["me"] });
}
queries.getQueryCache().subscribe(({ type, query }) => {
  if (type === "updated" && query.queryKey[0] !== "me") asksAgain(query.state.error);
});
queries.getMutationCache().subscribe(({ type, mutation }) => {
  if (type === "updated") asksAgain(mutation.state.error);
});

const root = document.getElementById("root");
if (root) {
  const said = await arrive();
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <RouterProvider router={routerOf(said)} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
