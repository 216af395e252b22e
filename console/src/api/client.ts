import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "../../openapi/schema";

export type Schemas = components["schemas"];

/** An answer that is no success, as the API words it; or that there was none. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly hint: string | undefined;
  readonly requestId: string | undefined;
  /** Everything that is wrong with the request, each with its place. */
  readonly faults: readonly Schemas["Fault"][];

  /** `status` 0: the API could not be reached. */
  constructor(status: number, detail: string, hint?: string, requestId?: string, faults: readonly Schemas["Fault"][] = []) {
    super(detail);
    this.status = status;
    this.hint = hint;
    this.requestId = requestId;
    this.faults = faults;
  }
}

async function problemOf(answer: Response): Promise<ApiProblem> {
  const requestId = answer.headers.get("x-request-id") ?? undefined;
  try {
    const said = (await answer.json()) as Partial<Schemas["Problem"]>;
    return new ApiProblem(
      answer.status, said.detail ?? said.title ?? answer.statusText, said.hint ?? undefined, requestId, said.faults ?? [],
    );
  } catch {
    return new ApiProblem(answer.status, answer.statusText, undefined, requestId);
  }
}

const problems: Middleware = {
  onRequest({ request }) {
    if (request.method !== "GET" && !request.headers.has("idempotency-key")) {
      request.headers.set("Idempotency-Key", crypto.randomUUID());
    }
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response);
  },
  onError() {
    return new ApiProblem(0, "Touchline cannot be reached", "the page tries again by itself; is ./touchline up running?");
  },
};

export const api = createClient<paths>({ baseUrl: location.origin, credentials: "same-origin" });
api.use(problems);

/** What a call answered; the middleware has thrown for everything else. */
export async function answered<T>(call: Promise<{ data?: T }>): Promise<T> {
  const { data } = await call;
  return data as T;
}

/** The same with the ETag that a change of it names. */
export async function tagged<T extends object>(call: Promise<{ data?: T; response: Response }>): Promise<T & { etag: string }> {
  const { data, response } = await call;
  return { ...(data as T), etag: response.headers.get("etag") ?? "*" };
}

async function session(path: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...init });
  } catch {
    throw new ApiProblem(0, "Touchline cannot be reached");
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

/** Who is signed in; null: nobody, which is no error. */
export async function signedIn(): Promise<Schemas["Me"] | null> {
  const answer = await session("/session", { method: "GET" });
  return answer.status === 204 ? null : ((await answer.json()) as Schemas["Me"]);
}

export const signInByKey = (key: string): Promise<unknown> =>
  session("/session", { method: "POST", headers: { Authorization: `Bearer ${key}` } });

export const signInByLink = (once: string): Promise<unknown> =>
  session("/session/link", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ once }),
  });

export const signOut = (): Promise<unknown> => session("/session", { method: "DELETE" });
