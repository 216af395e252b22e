import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import type { ExecutionStatus, ListFilter, LoggedStatus } from "./api/reads.ts";
import type { Schemas } from "./api/client.ts";
import { Shell } from "./session/Shell.tsx";
import { Empty, Problem, Skeleton } from "./ui/parts.tsx";

export const SEQUENCE_STATUSES = ["draft", "active", "paused", "archived"] as const satisfies readonly Schemas["SequenceSummary"]["status"][];
export const EXECUTION_STATUSES = ["pending", "running", "paused", "completed", "stopped", "failed", "cancelled"] as const satisfies readonly ExecutionStatus[];
export const LOGGED_STATUSES = ["running", "success", "failed", "skipped"] as const satisfies readonly LoggedStatus[];

export const CHANNELS = ["email", "sms", "whatsapp"] as const;
export const SUPPRESSION_REASONS = ["unsubscribed", "bounced", "complained", "manual", "suspected"] as const;

type Raw = Record<string, unknown>;
const text = (raw: Raw): { search?: string } => (typeof raw["search"] === "string" && raw["search"] ? { search: raw["search"] } : {});
function oneOf<T extends string>(raw: Raw, known: readonly T[]): { status?: T } {
  const status = known.find((one) => one === raw["status"]);
  return status ? { status } : {};
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
/** The filters of the lists of a flow, as far as the address has them right. */
function listed(raw: Raw): Omit<ListFilter, "sequence"> {
  const { step, since, until, test } = raw;
  return {
    ...text(raw),
    ...(typeof step === "string" && step && { step }),
    ...(typeof since === "string" && DAY.test(since) && { since }),
    ...(typeof until === "string" && DAY.test(until) && { until }),
    ...((test === "only" || test === "without") && { test }),
  };
}

let said: string | undefined;
const root = createRootRoute({
  component: () => <Shell said={said} />,
  notFoundComponent: () => <Empty title="There is no such page"><a className="button" href="/console/">To the overview</a></Empty>,
});

const overview = createRoute({ getParentRoute: () => root, path: "/", component: lazyRouteComponent(() => import("./pages/Overview.tsx"), "Overview") });
const sequences = createRoute({
  getParentRoute: () => root, path: "/sequences",
  validateSearch: (raw: Raw) => ({ ...text(raw), ...oneOf(raw, SEQUENCE_STATUSES) }),
  component: lazyRouteComponent(() => import("./pages/Sequences.tsx"), "Sequences"),
});
const fresh = createRoute({ getParentRoute: () => root, path: "/new-sequence", component: lazyRouteComponent(() => import("./pages/NewSequence.tsx"), "NewSequence") });
const sequence = createRoute({ getParentRoute: () => root, path: "/sequences/$key", component: lazyRouteComponent(() => import("./pages/Sequence.tsx"), "Sequence") });
const first = createRoute({
  getParentRoute: () => sequence, path: "/",
  beforeLoad: ({ params }) => { throw redirect({ to: "/sequences/$key/flow", params }); },
});
const flow = createRoute({ getParentRoute: () => sequence, path: "/flow", component: lazyRouteComponent(() => import("./pages/Flow.tsx"), "Flow") });
const history = createRoute({
  getParentRoute: () => sequence, path: "/history",
  validateSearch: (raw: Raw) => ({
    ...listed(raw), ...oneOf(raw, EXECUTION_STATUSES), ...(typeof raw["reason"] === "string" && raw["reason"] ? { reason: raw["reason"] } : {}),
  }),
  component: lazyRouteComponent(() => import("./pages/History.tsx"), "History"),
});
const logs = createRoute({
  getParentRoute: () => sequence, path: "/logs",
  validateSearch: (raw: Raw) => ({ ...listed(raw), ...oneOf(raw, LOGGED_STATUSES) }),
  component: lazyRouteComponent(() => import("./pages/Logs.tsx"), "Logs"),
});
const performance = createRoute({ getParentRoute: () => sequence, path: "/performance", component: lazyRouteComponent(() => import("./pages/Performance.tsx"), "Performance") });
const settings = createRoute({ getParentRoute: () => sequence, path: "/settings", component: lazyRouteComponent(() => import("./pages/Settings.tsx"), "Settings") });
const yaml = createRoute({ getParentRoute: () => sequence, path: "/yaml", component: lazyRouteComponent(() => import("./pages/Yaml.tsx"), "Yaml") });
const execution = createRoute({ getParentRoute: () => root, path: "/executions/$id", component: lazyRouteComponent(() => import("./pages/Execution.tsx"), "Execution") });
const contacts = createRoute({
  getParentRoute: () => root, path: "/contacts", validateSearch: text,
  component: lazyRouteComponent(() => import("./pages/Contacts.tsx"), "Contacts"),
});
const contact = createRoute({ getParentRoute: () => root, path: "/contacts/$id", component: lazyRouteComponent(() => import("./pages/Contact.tsx"), "Contact") });
const reviews = createRoute({ getParentRoute: () => root, path: "/reviews", component: lazyRouteComponent(() => import("./pages/Reviews.tsx"), "Reviews") });

const inbox = createRoute({
  getParentRoute: () => root, path: "/inbox",
  validateSearch: (raw: Raw): { from?: "contacts" | "strangers" } => (raw["from"] === "contacts" || raw["from"] === "strangers" ? { from: raw["from"] } : {}),
  component: lazyRouteComponent(() => import("./pages/Inbox.tsx"), "Inbox"),
});
const tasks = createRoute({ getParentRoute: () => root, path: "/tasks", component: lazyRouteComponent(() => import("./pages/Tasks.tsx"), "Tasks") });
const suppressions = createRoute({
  getParentRoute: () => root, path: "/suppressions",
  validateSearch: (raw: Raw): { channel?: (typeof CHANNELS)[number] | undefined; reason?: (typeof SUPPRESSION_REASONS)[number] | undefined; active?: boolean | undefined } => {
    const [channel, reason] = [CHANNELS.find((one) => one === raw["channel"]), SUPPRESSION_REASONS.find((one) => one === raw["reason"])];
    return { ...(channel && { channel }), ...(reason && { reason }), ...(typeof raw["active"] === "boolean" && { active: raw["active"] }) };
  },
  component: lazyRouteComponent(() => import("./pages/Suppressions.tsx"), "Suppressions"),
});
const workspace = createRoute({ getParentRoute: () => root, path: "/settings", component: lazyRouteComponent(() => import("./pages/Workspace.tsx"), "Workspace") });
const system = createRoute({ getParentRoute: () => root, path: "/system", component: lazyRouteComponent(() => import("./pages/System.tsx"), "System") });

const tree = root.addChildren([
  overview, sequences, fresh, sequence.addChildren([first, flow, settings, yaml, history, logs, performance]), execution, contacts, contact, inbox, tasks, reviews, suppressions, workspace, system,
]);
const router = createRouter({
  routeTree: tree,
  basepath: "/console",
  defaultPendingComponent: Skeleton,
  defaultErrorComponent: ({ error, reset }) => <Problem error={error instanceof Error ? error : new Error(String(error))} again={reset} />,
  scrollRestoration: true,
});

/** `message`: what went wrong with the link that led here. */
export function routerOf(message: string | undefined): typeof router {
  said = message;
  return router;
}

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
