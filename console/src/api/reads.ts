import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answered, api, type Schemas, signedIn, tagged } from "./client.ts";

/** How long what was read counts as fresh; lists in sight are read again this often. */
const EVERY_MS = 5_000;
const PART = 100;

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
    refetchInterval: EVERY_MS * 3,
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
    refetchInterval: EVERY_MS * 3,
  });

/** Both directions of a filter of the API's lists; what is undefined restricts nothing. */
export type HistoryFilter = { sequence?: string; search?: string; status?: ExecutionStatus };
export type LogFilter = { sequence?: string; search?: string; status?: LoggedStatus };

export const history = (filter: HistoryFilter) =>
  infiniteQueryOptions({
    queryKey: ["history", filter],
    queryFn: ({ pageParam }) =>
      answered(
        api.GET("/flow-executions", {
          params: {
            query: {
              limit: PART,
              ...(filter.sequence && { sequence: filter.sequence }),
              ...(filter.search && { search: filter.search }),
              ...(filter.status && { status: [filter.status] }),
              ...(pageParam && { after: pageParam }),
            },
          },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    refetchInterval: EVERY_MS,
  });

export const logs = (filter: LogFilter) =>
  infiniteQueryOptions({
    queryKey: ["logs", filter],
    queryFn: ({ pageParam }) =>
      answered(
        api.GET("/flow-executions/logs", {
          params: {
            query: {
              limit: PART,
              ...(filter.sequence && { sequence: filter.sequence }),
              ...(filter.search && { search: filter.search }),
              ...(filter.status && { status: [filter.status] }),
              ...(pageParam && { after: pageParam }),
            },
          },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    refetchInterval: EVERY_MS,
  });

export const statistics = (since?: string) =>
  queryOptions({
    queryKey: ["statistics", since],
    queryFn: () =>
      answered(api.GET("/flow-executions/statistics", { params: { query: { ...(since && { since }) } } })),
    refetchInterval: EVERY_MS,
  });

export const enrollment = (id: string) =>
  queryOptions({
    queryKey: ["enrollment", id],
    queryFn: () => answered(api.GET("/enrollments/{id}", { params: { path: { id } } })),
    refetchInterval: EVERY_MS,
  });

export const conversation = (contact: string) =>
  queryOptions({
    queryKey: ["conversation", contact],
    queryFn: () => answered(api.GET("/contacts/{id}/conversation", { params: { path: { id: contact } } })),
    refetchInterval: EVERY_MS,
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
    refetchInterval: EVERY_MS,
  });

export const reviews = queryOptions({
  queryKey: ["reviews"],
  queryFn: () => answered(api.GET("/reviews", { params: { query: { limit: PART } } })),
  refetchInterval: EVERY_MS * 3,
});

export const tasks = queryOptions({
  queryKey: ["tasks"],
  queryFn: () => answered(api.GET("/tasks", { params: { query: { limit: PART } } })),
  refetchInterval: EVERY_MS * 3,
});
