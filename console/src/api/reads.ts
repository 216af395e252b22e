import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { isLive } from "./live.ts";
import { answered, api, type Schemas, signedIn, tagged } from "./client.ts";

/** How long what was read counts as fresh; lists in sight are read again this often. */
const EVERY_MS = 5_000;
const PART = 200;

export type ExecutionStatus = Schemas["EnrollmentStatus"];
export type LoggedStatus = NonNullable<
  NonNullable<import("../../openapi/schema").paths["/flow-executions/logs"]["get"]["parameters"]["query"]>["status"]
>[number];

export const me = queryOptions({ queryKey: ["me"], queryFn: signedIn, staleTime: 60_000 });

export const sequences = (search: string, status: Schemas["SequenceSummary"]["status"] | undefined) =>
  infiniteQueryOptions({
    queryKey: ["sequences", search, status],
    queryFn: ({ pageParam }) =>
      answered(
        api.GET("/sequences", {
          params: {
            query: {
              limit: 50,
              ...(search && { search }),
              ...(status && { status }),
              ...(pageParam && { after: pageParam }),
            },
          },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    refetchInterval: () => often() * 3,
  });

export const sequence = (id: string) =>
  queryOptions({
    queryKey: ["sequence", id],
    queryFn: () => tagged(api.GET("/sequences/{id}", { params: { path: { id } } })),
  });

export const analytics = (id: string) =>
  queryOptions({
    queryKey: ["analytics", id],
    queryFn: () => answered(api.GET("/sequences/{id}/analytics", { params: { path: { id } } })),
    refetchInterval: () => often() * 3,
  });

/** What restricts a list of executions or of logged steps; what is undefined restricts nothing. */
export type ListFilter = {
  sequence?: string; search?: string; step?: string; since?: string; until?: string; test?: "only" | "without";
};
export type HistoryFilter = ListFilter & { status?: ExecutionStatus; reason?: string };
export type LogFilter = ListFilter & { status?: LoggedStatus };

/** Midnight at the start of a day by the reader's clock, as the API reads it; `days` later. */
function midnight(day: string, days = 0): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + days).toISOString();
}

/** A filter by the names of the API: days become moments, the last day is one of them. */
function asked({ since, until, test, status, ...rest }: HistoryFilter | LogFilter) {
  return {
    ...rest,
    ...(since && { since: midnight(since) }),
    ...(until && { until: midnight(until, 1) }),
    ...(test && { isTest: test === "only" }),
    ...(status && { status: [status] }),
  };
}

/** The same in the address of a download. */
export function asQuery(filter: HistoryFilter | LogFilter): URLSearchParams {
  return new URLSearchParams(Object.entries(asked(filter)).map(([name, value]) => [name, String(value)]));
}

/** How often a list in sight is read again: seldom while the stream tells what happens. */
const often = (): number => (isLive() ? EVERY_MS * 12 : EVERY_MS);
/** A list of which more was read is left as it is: it would jump below whoever reads it. */
const PARTS_FOLLOWED = 5;
const listOften = (query: { state: { data: { pages: unknown[] } | undefined } }): number | false =>
  (query.state.data?.pages.length ?? 0) > PARTS_FOLLOWED ? false : often();

export const history = (filter: HistoryFilter) =>
  infiniteQueryOptions({
    queryKey: ["history", filter],
    queryFn: ({ pageParam }) =>
      answered(
        api.GET("/flow-executions", {
          params: { query: { limit: PART, ...(asked(filter) as { status?: ExecutionStatus[] }), ...(pageParam && { after: pageParam }) } },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    refetchInterval: listOften,
  });

export const logs = (filter: LogFilter) =>
  infiniteQueryOptions({
    queryKey: ["logs", filter],
    queryFn: ({ pageParam }) =>
      answered(
        api.GET("/flow-executions/logs", {
          params: { query: { limit: PART, ...(asked(filter) as { status?: LoggedStatus[] }), ...(pageParam && { after: pageParam }) } },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    refetchInterval: listOften,
  });

/** How many executions a filter leaves, by status and reason; not by step, by which none are counted. */
export function counts(of: HistoryFilter) {
  const filter = { ...of };
  delete filter.step;
  delete filter.reason;
  return queryOptions({
    queryKey: ["counts", filter],
    queryFn: () => answered(api.GET("/flow-executions/statistics", { params: { query: asked(filter) as { status?: ExecutionStatus[] } } })),
    refetchInterval: often,
  });
}

export const steps = (id: string) =>
  queryOptions({
    queryKey: ["steps", id],
    queryFn: () => answered(api.GET("/sequences/{id}/steps", { params: { path: { id } } })),
  });

export const statistics = (since?: string) =>
  queryOptions({
    queryKey: ["statistics", since],
    queryFn: () =>
      answered(api.GET("/flow-executions/statistics", { params: { query: { ...(since && { since }) } } })),
    refetchInterval: often,
  });

export const enrollment = (id: string) =>
  queryOptions({
    queryKey: ["enrollment", id],
    queryFn: () => answered(api.GET("/enrollments/{id}", { params: { path: { id } } })),
    refetchInterval: often,
  });

export const conversation = (contact: string) =>
  queryOptions({
    queryKey: ["conversation", contact],
    queryFn: () => answered(api.GET("/contacts/{id}/conversation", { params: { path: { id: contact } } })),
    refetchInterval: often,
  });

export const contacts = (search: string) =>
  infiniteQueryOptions({
    queryKey: ["contacts", search],
    queryFn: ({ pageParam }) =>
      answered(
        api.GET("/contacts", {
          params: { query: { limit: PART, ...(search && { search }), ...(pageParam && { after: pageParam }) } },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
  });

export const contact = (id: string) =>
  queryOptions({
    queryKey: ["contact", id],
    queryFn: () => answered(api.GET("/contacts/{id}", { params: { path: { id } } })),
  });

export const standing = (id: string) =>
  queryOptions({
    queryKey: ["standing", id],
    queryFn: () => answered(api.GET("/leads/{id}/sequence-state", { params: { path: { id } } })),
    refetchInterval: often,
  });

export const reviews = queryOptions({
  queryKey: ["reviews"],
  queryFn: () => answered(api.GET("/reviews", { params: { query: { limit: PART } } })),
  refetchInterval: () => often() * 3,
});

export const tasks = queryOptions({
  queryKey: ["tasks"],
  queryFn: () => answered(api.GET("/tasks", { params: { query: { limit: PART } } })),
  refetchInterval: () => often() * 3,
});

export const inbox = (known: boolean | undefined) =>
  infiniteQueryOptions({
    queryKey: ["inbox", known],
    queryFn: ({ pageParam }) =>
      answered(api.GET("/messages", { params: { query: { limit: 50, ...(known !== undefined && { known }), ...(pageParam && { after: pageParam }) } } })),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    refetchInterval: listOften,
  });

export type SuppressionFilter = { channel?: "email" | "sms" | "whatsapp"; reason?: Schemas["SuppressionRecord"]["reason"]; active?: boolean };
export const suppressions = (filter: SuppressionFilter) =>
  infiniteQueryOptions({
    queryKey: ["suppressions", filter],
    queryFn: ({ pageParam }) =>
      answered(api.GET("/suppressions", { params: { query: { limit: PART, ...filter, ...(pageParam && { after: pageParam }) } as never } })),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
  });

export const tenant = queryOptions({ queryKey: ["tenant"], queryFn: () => tagged(api.GET("/tenant")) });
export const senders = queryOptions({ queryKey: ["senders"], queryFn: () => answered(api.GET("/senders", { params: { query: { limit: PART } } })) });
export const keys = queryOptions({ queryKey: ["keys"], queryFn: () => answered(api.GET("/keys", { params: { query: { limit: PART } } })) });
export const webhooks = queryOptions({ queryKey: ["webhooks"], queryFn: () => answered(api.GET("/webhook-subscriptions", { params: { query: { limit: PART } } })) });
export const deliveries = (id: string) =>
  queryOptions({
    queryKey: ["deliveries", id],
    queryFn: () => answered(api.GET("/webhook-subscriptions/{id}/deliveries", { params: { path: { id }, query: { limit: 50 } } })),
    refetchInterval: often,
  });
export const deadLetters = queryOptions({ queryKey: ["dead-letters"], queryFn: () => answered(api.GET("/dead-letters", { params: { query: { limit: 50 } } })) });
export const deadLetter = (id: string) =>
  queryOptions({ queryKey: ["dead-letter", id], queryFn: () => answered(api.GET("/dead-letters/{id}", { params: { path: { id } } })) });
/** 503, with what is wrong, is an answer of its own. */
export const ready = queryOptions({ queryKey: ["ready"], queryFn: () => answered(api.GET("/readyz")), retry: false, refetchInterval: EVERY_MS * 2 });

/** What was done, and by whom; of one enrollment or sequence, or of everything. */
export const commands = (subject?: string) =>
  queryOptions({
    queryKey: ["commands", subject],
    queryFn: () => answered(api.GET("/commands", { params: { query: { limit: 20, ...(subject && { subject }) } } })),
    refetchInterval: () => often() * 3,
  });
